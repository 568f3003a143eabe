package main

import (
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"os"
	"strings"
	"time"

	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/dataset"
	"github.com/crossrank/crossrank/internal/experiment"
	"github.com/crossrank/crossrank/internal/machine"
	"github.com/crossrank/crossrank/internal/quality"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/summary"
)

// evalRecorder keeps the results of an evaluation: in memory for the output, and in a results file
// where one is asked for.
type evalRecorder struct {
	res *results.Results
	w   *results.Writer // nil without a file
}

func newEvalRecorder(opts *evalOptions, task *quality.Task, models []evaluated) (*evalRecorder, error) {
	first := models[0].model
	run := results.Run{
		Name: "eval", Started: time.Now(), Loop: "closed", Model: first.Info, Version: programVersion(), Target: first.Target,
		ExternalServer: opts.target.address != "", CommandLine: os.Args, Data: experiment.Provenance(task.Set(), opts.data()), Machine: results.Machine(machine.Here()),
	}
	if d := opts.target.api(); opts.target.address != "" && d != client.Crossrank {
		run.Dialect = string(d)
	}
	c := task.Collection
	e := results.Evaluation{
		Collection: c.Name, Hash: c.Hash, Documents: c.Size, Planned: len(task.Candidates), FirstStage: c.FirstStage(),
		Candidates: opts.candidates, RecallAt: opts.recallAt, Notes: c.Notes,
	}
	if c.Run != nil {
		e.FirstStageHash = c.Run.Hash
	}
	r := &evalRecorder{res: &results.Results{Run: run.Public(), Evaluation: &e}}
	for i, m := range models {
		e.Models = append(e.Models, m.model)
		r.res.Configurations = append(r.res.Configurations, &results.Measured{Configuration: results.Configuration{
			Index: i, Batch: opts.batch, Concurrency: 1, Warmup: 1, Set: []results.Setting{{Key: "model", Value: m.model.Label}},
		}})
	}
	e = e.Public()
	if opts.results == "" {
		return r, nil
	}
	var err error
	r.w, err = results.Create(opts.results, r.begin)
	return r, err
}

// begin writes the first lines of the file.
func (r *evalRecorder) begin(w *results.Writer) error {
	errs := []error{w.Run(r.res.Run), w.Evaluation(*r.res.Evaluation)}
	for _, m := range r.res.Configurations {
		errs = append(errs, w.Configuration(m.Configuration))
	}
	return errors.Join(errs...)
}

// request records a request. It is a quality.Evaluation's Request.
func (r *evalRecorder) request(rec results.Request) error {
	m := r.res.Configurations[rec.Configuration]
	m.Requests = append(m.Requests, rec)
	if r.w == nil {
		return nil
	}
	return r.w.Request(rec)
}

// ranking records a query. It is a quality.Evaluation's Ranking.
func (r *evalRecorder) ranking(one results.Ranking) error {
	r.res.Rankings = append(r.res.Rankings, one)
	if r.w == nil {
		return nil
	}
	return r.w.Ranking(one)
}

// judged records how well each model did over all queries, as experiments do.
func (r *evalRecorder) judged(all []*results.Judged) error {
	for i, j := range all {
		c := &r.res.Configurations[i].Configuration
		q := results.Quality{Configuration: i, Set: c.Set, Quantization: r.res.Evaluation.Models[i].Info.Quantization, Judged: j}
		r.res.Quality = append(r.res.Quality, q)
		if r.w == nil {
			continue
		}
		if err := r.w.Quality(q); err != nil {
			return err
		}
	}
	return nil
}

// close ends the results. The failure, which may be nil, is why not all queries were ranked.
func (r *evalRecorder) close(failure error) error {
	end := results.End{Time: time.Now(), Complete: failure == nil}
	if failure != nil {
		end.Reason = failure.Error()
		r.res.Partial = []string{end.Reason}
	}
	var errs []error
	for i, m := range r.res.Configurations {
		m.End = &results.ConfigurationEnd{Configuration: i, Began: r.res.Run.Started, Elapsed: m.Elapsed(), Complete: end.Complete, Reason: end.Reason}
		if r.w != nil {
			errs = append(errs, r.w.ConfigurationEnd(*m.End))
		}
	}
	if r.w == nil {
		return nil
	}
	return errors.Join(append(errs, r.w.End(end), r.w.Close())...)
}

// runFile is the ranking of the first model as a run file.
func runFile(res *results.Results) []byte {
	name := strings.Join(strings.Fields(cmp.Or(res.Evaluation.Models[0].Label, "crossrank")), "-")
	var b []byte
	for i := range res.Rankings {
		r := &res.Rankings[i]
		order, scores := summary.Ranked(r, 1)
		for rank, d := range order {
			b = dataset.AppendRun(b, r.Query, r.Documents[d].ID, rank+1, scores[d], name)
		}
	}
	return b
}

// evalOutput is the JSON of an evaluation.
type evalOutput struct {
	Partial []string    `json:"partial,omitempty"`
	Run     results.Run `json:"run"`
	*summary.Evaluation
}

func writeEvalJSON(w io.Writer, s *summary.Summary) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(evalOutput{s.Partial, s.Run, s.Evaluation})
}

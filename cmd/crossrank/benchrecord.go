package main

import (
	"cmp"
	"context"
	"errors"
	"os"
	"strconv"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/dataset"
	"github.com/crossrank/crossrank/internal/experiment"
	"github.com/crossrank/crossrank/internal/load"
	"github.com/crossrank/crossrank/internal/procstat"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/state"
)

// benchRecorder keeps the results of a bench: in memory for the output, and in a results file where
// one is asked for.
type benchRecorder struct {
	res  *results.Results
	m    *results.Measured // the one configuration
	load load.Config       // what is sent
	w    *results.Writer   // nil without a file

	// When the measured part began.
	lost   lostCPU
	shared state.Prefixes

	prefixes func() state.Prefixes // of a model in this process; nil for a server
}

// lostCPU is CPU time that this machine has lacked since it started; nil where the system does not
// say.
type lostCPU struct{ stolen, throttled *time.Duration }

func readLostCPU() lostCPU { return lostCPU{procstat.Stolen(), procstat.Throttled()} }

func newBenchRecorder(opts *benchOptions, info crossrank.Info, data *dataset.Set) (*benchRecorder, error) {
	settings, pairs := opts.settings(), data.Pairs
	if opts.order == "sorted" {
		var err error
		if pairs, err = sortedByLength(opts.model, pairs, opts.load.batch, opts.load.requests); err != nil {
			return nil, err
		}
	}
	run, err := experiment.RunOf(settings, data, info, cmp.Or(opts.target.address, experiment.InProcess))
	if err != nil {
		return nil, err
	}
	run.CommandLine, run.Version = os.Args, programVersion()
	c, cfg, err := experiment.LoadOf(settings, pairs)
	if err != nil {
		return nil, err
	}
	if opts.order == "sorted" {
		c.Set = []results.Setting{{Key: "order", Value: opts.order}}
	}
	if opts.topN > 0 {
		c.Set = append(c.Set, results.Setting{Key: "top_n", Value: strconv.Itoa(opts.topN)})
	}
	b := &benchRecorder{m: &results.Measured{Configuration: c}, load: cfg}
	b.res = &results.Results{Run: run, Configurations: []*results.Measured{b.m}}
	if opts.results == "" {
		return b, nil
	}
	b.w, err = results.Create(opts.results, func(w *results.Writer) error {
		return errors.Join(w.Run(run.Public()), w.Configuration(c))
	})
	return b, err
}

// began notes that the measured part begins.
func (b *benchRecorder) began() {
	b.lost = readLostCPU()
	if b.prefixes != nil {
		b.shared = b.prefixes()
	}
}

// sample is the measured part as one sample of this process, as a server samples itself.
func (b *benchRecorder) sample(r *load.Result) results.Sample {
	now := readLostCPU()
	s := results.Sample{Sample: state.Sample{
		Time: r.Began.Add(r.Elapsed), IntervalS: r.Elapsed.Seconds(),
		Requests: int64(r.Requests), Pairs: int64(r.Pairs), Tokens: int64(r.Tokens), PaddedTokens: int64(r.PaddedTokens),
		Errors: int64(r.Failed()), RSSBytes: procstat.OwnResident(),
		CPUPct:       procstat.Percent(new(time.Duration(0)), r.CPU, r.Elapsed),
		StealPct:     procstat.Percent(b.lost.stolen, now.stolen, r.Elapsed),
		ThrottledPct: procstat.Percent(b.lost.throttled, now.throttled, r.Elapsed),
	}}
	if b.prefixes != nil {
		s.CountPrefixes(b.shared, b.prefixes())
	}
	return s
}

// request records a request. It is a load.Config's Record.
func (b *benchRecorder) request(r results.Request) error {
	b.m.Requests = append(b.m.Requests, r)
	if b.w == nil {
		return nil
	}
	return b.w.Request(r)
}

// measured notes the end of the configuration.
func (b *benchRecorder) measured(end results.ConfigurationEnd, r *load.Result) {
	b.m.End = &end
	if !b.res.Run.ExternalServer && r.Elapsed > 0 {
		b.m.Samples = []results.Sample{b.sample(r)}
		end.GeneratorCPU = 0 // in this process, it is mostly the engine's
	}
}

// history records the samples of the server.
func (b *benchRecorder) history(ctx context.Context, server *client.Client, r *load.Result) (err error) {
	b.m.Samples, err = experiment.History(ctx, server, b.m.Configuration, r)
	return err
}

// ended ends the configuration in the file.
func (b *benchRecorder) ended() error {
	b.m.End.SumUp(b.m.Samples)
	if b.w == nil {
		return nil
	}
	var errs []error
	for _, s := range b.m.Samples {
		errs = append(errs, b.w.Sample(s))
	}
	return errors.Join(append(errs, b.w.ConfigurationEnd(*b.m.End))...)
}

// quality records how good the scores are, in the precision that was measured and in the other one.
func (b *benchRecorder) quality(q scoreQuality, against string) error {
	var lines []results.Quality
	if q.agreement != nil || q.judged != nil || q.first != nil {
		lines = append(lines, results.Quality{
			Quantization: b.res.Run.Model.Quantization, Agreement: q.agreement, Judged: q.judged, First: q.first,
		})
	}
	if q.judgedAgainst != nil {
		lines = append(lines, results.Quality{Quantization: against, Judged: q.judgedAgainst})
	}
	b.res.Quality = lines
	if b.w == nil {
		return nil
	}
	var errs []error
	for _, l := range lines {
		errs = append(errs, b.w.Quality(l))
	}
	return errors.Join(errs...)
}

// close ends the results.
func (b *benchRecorder) close() error {
	end := results.End{Time: time.Now(), Complete: b.m.End != nil && b.m.End.Complete}
	if b.m.End != nil {
		end.Reason = b.m.End.Reason
	}
	if !end.Complete {
		b.res.Partial = []string{cmp.Or(end.Reason, "stopped, the reason is not known")}
	}
	if b.w == nil {
		return nil
	}
	return errors.Join(b.w.End(end), b.w.Close())
}

package main

import (
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank/internal/experiment"
	"github.com/crossrank/crossrank/internal/outfile"
	"github.com/crossrank/crossrank/internal/quality"
	"github.com/crossrank/crossrank/internal/report"
	"github.com/crossrank/crossrank/internal/summary"
)

func newEvalCommand() *cobra.Command {
	var opts evalOptions
	cmd := &cobra.Command{
		Use:   "eval [DIR] (--model M | --target URL)",
		Short: "Measure how well a model ranks, on a judged collection",
		Long: `Eval reranks the best documents of a first stage for every judged query, and reports nDCG@10,
MRR@10, MAP and recall before and after. The measures are those of trec_eval: gains are grades,
grades of 1 and more are relevant, and of equal scores the higher id comes first. Figures are
means over the queries with a relevant document; intervals are 95 % bootstrap intervals over the
queries, p is that of the paired randomization test. The same input gives the same figures.

DIR is a collection in the layout of BEIR (corpus.jsonl, queries.jsonl, qrels/test.tsv), or one of
docs.jsonl, queries.tsv and qrels.tsv. --documents, --queries and --qrels name single files
instead, also in the formats of TREC: topics, and qrels of four columns.

The first stage is this program's own BM25, or a run file of TREC with --run. Both are cut to
--candidates documents per query, before and after reranking alike.

With --against a second model is compared query by query: another precision of the same model
(int8), another model (M or M:int8), another model of the server of --target, or another server
(its URL). The two take turns, so that their speeds can be compared.

The result goes to standard output, as a table or as JSON. --html writes a page with the worst
queries side by side, --run-out a run file for trec_eval, and --results the ranking of every query,
from which report makes the page again. Ctrl-C ends the evaluation and keeps the complete queries;
the output then says partial, and the exit code is 1.`,
		Example: `  $ crossrank eval ./beir/scifact --model ./ms-marco-MiniLM-L-6-v2
  $ crossrank eval ./beir/scifact --model ./ms-marco-MiniLM-L-6-v2 --against int8 --html eval.html
  $ crossrank eval ./beir/nfcorpus --split dev --model ./model-a --against ./model-b:int8 --json
  $ crossrank eval --documents collection.tsv --queries topics.dl20.txt --qrels qrels.dl20.txt \
      --run bm25.run --model ./ms-marco-MiniLM-L-6-v2 --run-out reranked.run
  $ crossrank eval ./beir/scifact --target http://127.0.0.1:8080 --dialect tei --batch 32`,
		Args: optionalArgument,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) == 1 {
				opts.files.Dir = args[0]
			}
			return runEval(cmd, opts)
		},
	}
	f := cmd.Flags()
	f.StringVarP(&opts.model, "model", "m", "", modelUsage+"; with --target, name of the server's model")
	pullFlag(cmd)
	opts.target.register(cmd)
	f.StringVar(&opts.files.Split, "split", "", "judgments of a BEIR folder, qrels/SPLIT.tsv; empty = test")
	f.StringVar(&opts.files.Documents, "documents", "", "JSONL or TSV file of documents; empty = that of DIR")
	f.StringVar(&opts.files.Queries, "queries", "", "JSONL, TSV or TREC topics file of queries; empty = that of DIR")
	f.StringVar(&opts.files.Judgments, "qrels", "", "file of judgments, of three columns or TREC's four; empty = that of DIR")
	f.StringVar(&opts.files.Run, "run", "", "TREC run file of the first stage; empty = BM25")
	f.IntVar(&opts.candidates, "candidates", 100, "number of documents to rerank per query")
	f.IntSliceVar(&opts.recallAt, "recall", nil, "ranks at which recall is counted; empty = 10 and the number of candidates")
	f.IntVarP(&opts.batch, "batch", "b", 32, "pairs per request, of one query")
	f.IntVar(&opts.threads, "threads", 0, "threads per batch; 0 = all cores (not with --target)")
	opts.compute.register(cmd, " (not with --target)")
	instructionFlag(cmd, &opts.instruction)
	f.StringVar(&opts.against, "against", "", "second model: a precision of the same model, M, M:int8, or a server's URL")
	f.BoolVar(&opts.json, "json", false, "JSON with the values of every query instead of a table")
	f.StringVar(&opts.html, "html", "", "HTML page to write, with the worst queries side by side; - = standard output, empty = none")
	f.StringVar(&opts.runOut, "run-out", "", "TREC run file to write, with the model's ranking; - = standard output, empty = none")
	f.StringVar(&opts.results, "results", "", "results file to write, with every ranking, for report and compare; empty = none")
	for _, local := range []string{"pull", "threads", "backend", "device", "quantization"} {
		cmd.MarkFlagsMutuallyExclusive(local, "target")
	}
	return cmd
}

func runEval(cmd *cobra.Command, opts evalOptions) (err error) {
	if err := opts.check(cmd); err != nil {
		return err
	}
	stderr := cmd.ErrOrStderr()
	task, err := quality.OpenTask(opts.files, opts.candidates)
	if err != nil {
		return err
	}
	for _, note := range task.Collection.Notes {
		fmt.Fprintf(stderr, "note: %s\n", note)
	}
	if err := opts.checkIDs(task); err != nil {
		return err
	}
	models, err := openEvaluated(cmd, &opts)
	defer func() {
		for _, m := range models {
			closeInto(&err, m.scorer)
		}
	}()
	if err != nil {
		return err
	}
	rec, err := newEvalRecorder(&opts, task, models)
	if err != nil {
		return err
	}
	failure := evaluate(cmd, &opts, rec, task, models)
	if err := rec.close(failure); err != nil {
		return err
	}
	if len(rec.res.Rankings) == 0 && failure != nil {
		return failure
	}
	if err := writeEvaluation(cmd.OutOrStdout(), &opts, rec); err != nil {
		return err
	}
	if failure != nil && opts.runOut != "" {
		fmt.Fprintf(stderr, "%s was not written: not all queries were ranked\n", opts.runOut)
	}
	return failure
}

// evaluate ranks all queries and records them.
func evaluate(cmd *cobra.Command, opts *evalOptions, rec *evalRecorder, task *quality.Task, models []evaluated) error {
	bar := newProgress(cmd.ErrOrStderr())
	bar.begin("ranking")
	e := quality.Evaluation{
		Task: task, Batch: opts.batch, Request: rec.request, Ranking: rec.ranking,
		Progress: func(p quality.Progress) {
			bar.show(float64(p.Pairs)/float64(max(p.AllPairs, 1)), describeRanking(p), p.Queries == p.AllQueries)
		},
	}
	for _, m := range models {
		e.Scorers = append(e.Scorers, quality.ByQuery(experiment.Instructed(m.scorer, opts.data()), m.dialect))
	}
	judged, err := e.Run(cmd.Context())
	bar.end()
	switch done := fmt.Sprintf("%d of %d queries", len(rec.res.Rankings), len(task.Candidates)); {
	case err != nil && cmd.Context().Err() != nil:
		return errors.New("interrupted after " + done)
	case err != nil:
		return fmt.Errorf("after %s: %w", done, err)
	}
	return rec.judged(judged)
}

func describeRanking(p quality.Progress) string {
	text := fmt.Sprintf("%d/%d queries", p.Queries, p.AllQueries)
	if p.Pairs == 0 || p.Elapsed <= 0 {
		return text
	}
	text += fmt.Sprintf(", %.1f pairs/s", float64(p.Pairs)/p.Elapsed.Seconds())
	if left := p.AllPairs - p.Pairs; left > 0 {
		text += fmt.Sprintf(", %v left", (p.Elapsed * time.Duration(left) / time.Duration(p.Pairs)).Round(time.Second))
	}
	return text
}

// writeEvaluation writes the result, and the files that were asked for.
func writeEvaluation(out io.Writer, opts *evalOptions, rec *evalRecorder) error {
	s := summary.Of(rec.res)
	if opts.html != "" {
		page, err := report.EvaluationHTML(s, rec.res.Rankings)
		if err != nil {
			return err
		}
		if err := outfile.WriteOr(out, opts.html, page); err != nil {
			return err
		}
	}
	if opts.runOut != "" && len(rec.res.Partial) == 0 {
		if err := outfile.WriteOr(out, opts.runOut, runFile(rec.res)); err != nil {
			return err
		}
	}
	if opts.html == "-" || opts.runOut == "-" {
		return nil
	}
	if opts.json {
		return writeEvalJSON(out, s)
	}
	return report.EvaluationTable(out, s)
}

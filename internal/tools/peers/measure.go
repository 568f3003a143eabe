package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"os/exec"
	"strings"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/dataset"
	"github.com/crossrank/crossrank/internal/quality"
	"github.com/crossrank/crossrank/internal/tools/docgen"
)

// jobs is what each round measures of both engines.
func jobs() []job {
	var list []job
	for _, threads := range []int{1, 2} {
		for _, precision := range precisions {
			list = append(list, job{precision, threads, 32, "as-is"}, job{precision, threads, 32, "sorted"}, job{precision, threads, 1, "as-is"})
		}
	}
	return list
}

// measureAll measures both engines and replaces the results file.
func measureAll(ctx context.Context, o options, log io.Writer) (err error) {
	w, err := prepare(ctx, o, log)
	if err != nil {
		return err
	}
	began := time.Now().UTC().Truncate(time.Second)
	q, err := compare(ctx, w, o, log)
	if err != nil {
		return err
	}
	var about setup
	var measured []measurement
	list := o.jobs()
	for round := 1; round <= o.rounds; round++ {
		for _, j := range list {
			pair, err := turn(ctx, w, o, j, round, &about)
			if err != nil {
				return err
			}
			measured = append(measured, pair[:]...)
			fmt.Fprintf(log, "round %d of %d, %s, %s, %s: %.1f and %.1f pairs/s, P50 %.1f and %.1f ms\n", round, o.rounds,
				j.Precision, threadsOf(j.Threads), j.Name(), pair[0].PairsPerSecond, pair[1].PairsPerSecond, pair[0].P50, pair[1].P50)
		}
	}
	about.Began, about.Rounds, about.Requests, about.Singles, about.Warmup = began, o.rounds, o.requests, o.singles, o.warmup
	data, err := dataset.Load(w.pairs)
	if err != nil {
		return err
	}
	about.Data, about.DataHash = data.Name, data.Hash
	about.Crossrank += revision(ctx)
	about.Shape = families[o.family].shape
	records := []record{{Setup: &about}, {Quality: q}}
	for i := range measured {
		records = append(records, record{Measurement: &measured[i]})
	}
	return docgen.WriteRecords(o.results, records)
}

// turn measures a job once with each engine, and checks that they did the same work.
func turn(ctx context.Context, w workshop, o options, j job, round int, about *setup) (pair [2]measurement, err error) {
	requests := o.requests
	if j.Batch == 1 {
		requests = o.singles
	}
	for i, engine := range []string{us, peer} {
		r, err := w.measure(ctx, w.arguments(engine, j, w.pairs, requests, o.warmup))
		if err != nil {
			return pair, err
		}
		pair[i] = measurement{round, engine, j, r.Pairs, r.MeanTokens, r.PairsPerSecond, r.Latency.P50, r.Padding, r.footing}
		if err := about.describe(engine, r); err != nil {
			return pair, err
		}
	}
	if a, b := pair[0], pair[1]; a.Pairs != b.Pairs || math.Abs(a.MeanTokens-b.MeanTokens) > 0.1 {
		return pair, fmt.Errorf("the engines did not do the same work: %d pairs of %.1f tokens and %d of %.1f", a.Pairs, a.MeanTokens, b.Pairs, b.MeanTokens)
	}
	return pair, nil
}

// describe notes what an engine reports of itself.
func (s *setup) describe(engine string, r report) error {
	if engine == peer {
		s.Peer, s.Node = r.Engine, r.Node
		return nil
	}
	var model struct{ Weights, Tier string }
	if err := json.Unmarshal(r.Model, &model); err != nil {
		return fmt.Errorf("reading what crossrank says of its model: %w", err)
	}
	s.Machine, s.Crossrank, s.Weights, s.Tier = r.Machine, r.Version, model.Weights, model.Tier
	return nil
}

// fp32Tolerance is how far the engines' fp32 logits may be apart.
const fp32Tolerance = 1e-3

// compare scores the first pairs with both engines in each precision that is measured.
func compare(ctx context.Context, w workshop, o options, log io.Writer) (*agreement, error) {
	pairs, n, err := firstLines(w.pairs, o.check)
	if err != nil {
		return nil, err
	}
	defer os.Remove(pairs)
	fmt.Fprintf(log, "scoring %d pairs with both engines\n", n)
	logits := map[string][]float64{}
	for _, precision := range o.precisions() {
		for _, engine := range []string{us, peer} {
			if logits[engine+precision], err = w.logits(ctx, engine, precision, pairs, n); err != nil {
				return nil, err
			}
		}
	}
	truth := logits[peer+"fp32"]
	q := &agreement{Pairs: n, FP32MaxAbs: near(logits[us+"fp32"], truth).MaxAbs}
	if !(q.FP32MaxAbs <= fp32Tolerance) {
		return nil, fmt.Errorf("the engines' fp32 logits differ by up to %g, more than %g: they do not compute the same", q.FP32MaxAbs, fp32Tolerance)
	}
	if len(o.precisions()) == 1 {
		fmt.Fprintf(log, "fp32 logits differ by up to %.2g\n", q.FP32MaxAbs)
		return q, nil
	}
	q.Ours, q.Peers = near(logits[us+"int8"], truth), near(logits[peer+"int8"], truth)
	fmt.Fprintf(log, "fp32 logits differ by up to %.2g; int8 is %.3f and the peer's %.3f off in the mean\n", q.FP32MaxAbs, q.Ours.MeanAbs, q.Peers.MeanAbs)
	return q, nil
}

// near compares logits with those that they should be.
func near(got, want []float64) closeness {
	a := quality.Agree(make([]crossrank.Pair, len(want)), got, want, peer)
	c := closeness{MaxAbs: a.MaxAbsError, MeanAbs: a.MeanAbsError, Rank: math.NaN()}
	if a.RankCorrelation != nil {
		c.Rank = *a.RankCorrelation
	}
	return c
}

// firstLines copies up to n lines of a file to a temporary one, and says how many there were.
func firstLines(name string, n int) (copied string, lines int, err error) {
	data, err := os.ReadFile(name)
	if err != nil {
		return "", 0, err
	}
	all := bytes.SplitAfter(bytes.TrimSpace(data), []byte("\n"))
	all = all[:min(n, len(all))]
	f, err := os.CreateTemp("", "pairs-*.jsonl")
	if err != nil {
		return "", 0, err
	}
	_, err = f.Write(bytes.Join(all, nil))
	return f.Name(), len(all), errors.Join(err, f.Close())
}

// revision is the commit that was built, or empty without git.
func revision(ctx context.Context) string {
	out, err := exec.CommandContext(ctx, "git", "describe", "--always", "--dirty", "--abbrev=10").Output()
	if err != nil {
		return ""
	}
	return " at " + strings.TrimSpace(string(out))
}

package experiment

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/definition"
	"github.com/crossrank/crossrank/internal/quality"
	"github.com/crossrank/crossrank/internal/results"
)

const (
	defaultCandidates = 50 // per query of a judged collection
	assessBatch       = 32 // pairs per request; not part of the timing
)

// assessment is the quality of one server's scores, until those of all servers are known.
type assessment struct {
	quality results.Quality
	logits  []float64 // of the data's pairs; nil unless scores are compared
}

// lacksReference says, as needs does, when no configuration has the quantization that others are
// compared with.
func lacksReference(sw definition.Sweep) []string {
	against := sw.Base().Experiment.Quality.Against
	isReference := func(v definition.Variant) bool { return v.Settings.Primary().Quantization == against }
	if against == "" || slices.ContainsFunc(sw.Variants, isReference) {
		return nil
	}
	return []string{fmt.Sprintf("experiment.quality.against: nothing is measured in %s; "+
		"give a quantization that model_pool.instances varies", against)}
}

// keepWithQuality keeps all of the earlier results or nothing where quality is asked for, and
// nothing if they lack it: scores are compared only within one run.
func (r *runner) keepWithQuality(keep map[string]bool) map[string]bool {
	if r.base.Experiment.Quality == (definition.Quality{}) || r.old == nil {
		return keep
	}
	for _, kept := range keep {
		if !kept || len(r.old.Quality) == 0 {
			return nil
		}
	}
	return keep
}

// assess measures the quality of the server's scores. First is the index of the process's first
// configuration.
func (r *runner) assess(ctx context.Context, p process, first int) error {
	asked := r.base.Experiment.Quality
	if asked == (definition.Quality{}) {
		return nil
	}
	ctx, release := r.server.WhileRunning(ctx)
	defer release()
	a := assessment{quality: results.Quality{Configuration: first, Set: p.configurations[0].Set}}
	if p.settings.Target.Address == "" {
		a.quality.Quantization = cmp.Or(r.quantization, p.settings.Primary().Quantization)
	}
	var err error
	if asked.Against != "" {
		if a.logits, err = quality.Logits(ctx, r.judged, r.data.Pairs, assessBatch); err != nil {
			return fmt.Errorf("measuring agreement: %w", err)
		}
	}
	if r.task != nil {
		byQuery := quality.ByQuery(r.judged, client.Dialect(p.settings.Target.Dialect))
		if a.quality.Judged, err = r.task.Measure(ctx, byQuery, assessBatch); err != nil {
			return fmt.Errorf("measuring quality: %w", err)
		}
	}
	r.assessed = append(r.assessed, a)
	return nil
}

// writeQuality compares the servers that were assessed, and writes the outcome.
func (r *runner) writeQuality() error {
	against := r.base.Experiment.Quality.Against
	isReference := func(a assessment) bool { return a.logits != nil && a.quality.Quantization == against }
	reference := slices.IndexFunc(r.assessed, isReference)
	for _, a := range r.assessed {
		if reference >= 0 && a.quality.Quantization != against {
			a.quality.Agreement = quality.Agree(r.data.Pairs, a.logits, r.assessed[reference].logits, against)
		}
		if err := r.w.Quality(a.quality); err != nil {
			return errors.Join(errLost, err)
		}
	}
	return nil
}

package compare

import (
	"fmt"
	"strconv"
	"strings"

	"github.com/crossrank/crossrank/internal/markdown"
	"github.com/crossrank/crossrank/internal/results"
)

// variesOnly reports whether an experiment varies nothing but an axis.
func (r experiment) variesOnly(a axis) bool {
	axes := r.axes()
	return len(axes) == 1 && axes[0].name == a.name && len(r.SLO) == 0
}

// plateau gives the best configuration, and the first in order whose difference from it is within
// the noise.
func (r experiment) plateau(chance Noise) (best, first *configuration) {
	best = r.Best(func(a, b *configuration) bool { return a.PairsPerSecond > b.PairsPerSecond })
	for i := range r.Configurations {
		if c := &r.Configurations[i]; c.Counts() && float64(best.PairsPerSecond/c.PairsPerSecond) <= 1+chance.minDetectable(1) {
			return best, c
		}
	}
	return best, best
}

func (r experiment) findBatch(chance Noise) []string {
	if !r.variesOnly(batchAxis) {
		return nil
	}
	best, first := r.plateau(chance)
	least := &r.Configurations[0]
	words := []string{fmt.Sprintf("Best with %d pairs a request: %.1f pairs/s, %.2f× of what %d pairs give, at a mean latency of %.1f ms.",
		best.Batch, best.PairsPerSecond, best.PairsPerSecond/least.PairsPerSecond, least.Batch, best.Latency.Average)}
	if first != best {
		words = append(words, fmt.Sprintf("%d pairs are the fewest within %.1f %% of that: %.1f pairs/s at %.1f ms.",
			first.Batch, 100*chance.minDetectable(1), first.PairsPerSecond, first.Latency.Average))
	}
	return words
}

func (r experiment) findConcurrency(chance Noise) []string {
	if !r.variesOnly(concurrencyAxis) {
		return nil
	}
	best, first := r.plateau(chance)
	alone, most := &r.Configurations[0], &r.Configurations[len(r.Configurations)-1]
	words := []string{fmt.Sprintf("Best with %d requests in flight: %.1f pairs/s, %.2f× of what %d gives; %d is the lowest concurrency within %.1f %% of that.",
		best.Concurrency, best.PairsPerSecond, best.PairsPerSecond/alone.PairsPerSecond, alone.Concurrency,
		first.Concurrency, 100*chance.minDetectable(1))}
	if most != first {
		words = append(words, fmt.Sprintf("More requests only wait: the mean latency is %.1f ms with %d, and %.1f ms with %d.",
			most.Latency.Average, most.Concurrency, first.Latency.Average, first.Concurrency))
	}
	for _, k := range r.Knees {
		c := &r.Configurations[k.Configuration]
		words = append(words, fmt.Sprintf("The knee, where throughput is best worth its latency, is at %d: %.1f pairs/s at %.1f ms.",
			c.Concurrency, c.PairsPerSecond, c.Latency.Average))
	}
	return words
}

// findInstances leaves threads to their own topic unless both are varied: then one instance with
// all cores is compared with one instance a core.
func (r experiment) findInstances(chance Noise) []string {
	replicas, ok := r.axis("replicas")
	if !ok {
		return nil
	}
	threads, both := r.axis("threads")
	cores := strconv.Itoa(r.Run.Machine.Cores)
	if !both || r.Run.Machine.Cores < 2 {
		return each("replicas", "instance(s)")(r, chance)
	}
	// The two differ in two settings, so they are a separate axis here.
	layout := axis{replicas.name, func(c *configuration) string { return replicas.value(c) + "x" + threads.value(c) }}
	pair := r.effectOf(layout, cores+"x1", "1x"+cores, []axis{replicas, threads})
	if pair.N == 0 {
		return nil
	}
	words := []string{fmt.Sprintf("One instance per core, against one with all %s cores: %s.", cores, pair.words(chance))}
	if over := r.effectOf(layout, cores+"x"+cores, "1x"+cores, []axis{replicas, threads}); over.N > 0 {
		words = append(words, fmt.Sprintf("%s instances with %s threads each, more than there are cores: %s.", cores, cores, over.words(chance)))
	}
	if half := r.effectOf(layout, "1x1", "1x"+cores, []axis{replicas, threads}); half.N > 0 {
		words = append(words, fmt.Sprintf("One instance with one thread: %s.", half.words(chance)))
	}
	return words
}

func (r experiment) findQuantization(chance Noise) []string {
	a, ok := r.axis("quantization")
	if !ok {
		return nil
	}
	var words []string
	values := r.values(a)
	for _, v := range values[1:] {
		e := r.effect(a, v, values[0])
		words = append(words, fmt.Sprintf("%s, against %s: %s.", markdown.Text(v), markdown.Text(values[0]), e.words(chance)))
		words = append(words, r.qualityWords(v, values[0], e.Ratio > 1 && e.different(chance))...)
	}
	return words
}

func (r experiment) findMaxLength(chance Noise) []string {
	a, ok := r.axis("max_length")
	if !ok {
		return nil
	}
	values := r.values(a)
	longest := values[len(values)-1]
	var parts []string
	for _, v := range values[:len(values)-1] {
		tokens, cut := 0, 0
		for i := range r.Configurations {
			if c := &r.Configurations[i]; c.Counts() && a.value(c) == v {
				tokens, cut = tokens+c.Tokens, cut+c.TruncatedTokens
			}
		}
		part := markdown.Text(v) + ": " + r.effect(a, v, longest).words(chance)
		if tokens > 0 {
			part += fmt.Sprintf(", %.1f %% of the tokens truncated", 100*float64(cut)/float64(tokens+cut))
		}
		parts = append(parts, part)
	}
	return []string{fmt.Sprintf("Against at most %s tokens a pair, %s.", markdown.Text(longest), strings.Join(parts, "; "))}
}

func (r experiment) findStages(Noise) []string {
	a, ok := r.axis("mode")
	if !ok {
		return nil
	}
	speed := map[string]float64{}
	var parts []string
	for i := range r.Configurations {
		if c := &r.Configurations[i]; c.Counts() && speed[a.value(c)] == 0 {
			speed[a.value(c)] = float64(c.PairsPerSecond)
			parts = append(parts, fmt.Sprintf("%s %.1f", strings.ReplaceAll(markdown.Text(a.value(c)), "_", " "), c.PairsPerSecond))
		}
	}
	words := []string{"Pairs/s of each: " + strings.Join(parts, ", ") + "."}
	if full, tokenizing := speed["full"], speed["tokenization_only"]; full > 0 && tokenizing > 0 {
		words = append(words, fmt.Sprintf("Tokenizing is at most %.1f %% of the time of a full request.", 100*full/tokenizing))
	}
	return words
}

// findStress is for experiments of one configuration with many requests in flight.
func (r experiment) findStress(Noise) []string {
	if len(r.Configurations) != 1 || r.Configurations[0].Concurrency < 16 || len(r.SLO) > 0 {
		return nil
	}
	c := &r.Configurations[0]
	return []string{fmt.Sprintf("%d requests of %d pairs in flight: %d answered, %d failed, %d lost; mean latency %s, of which %s in the queue.",
		c.Concurrency, c.Batch, c.Answered, c.FailedRequests(), c.Abandoned, c.Latency.Average.Format("%.0f ms"), c.Stages.Queue.Format("%.0f ms"))}
}

func (r experiment) findObjectives(Noise) []string {
	var words []string
	for _, f := range r.SLO {
		words = append(words, sloWords(f))
	}
	return words
}

func sloWords(f results.SLOResult) string {
	objective := fmt.Sprintf("P%g ≤ %g ms", f.Percentile, f.LatencyMS)
	switch {
	case f.Passing == 0 && f.Failing == 0:
		return fmt.Sprintf("%s: no verdict; %s.", objective, markdown.Text(f.Note))
	case f.Passing == 0:
		return fmt.Sprintf("%s is met at no rate: not even at %.2f requests/s of %d pairs.", objective, f.Failing, f.Batch)
	case f.Failing == 0:
		return fmt.Sprintf("%s is met at **%.2f** requests/s of %d pairs (%.0f pairs/s), the highest rate that was tried.",
			objective, f.Passing, f.Batch, f.Passing*float64(f.Batch))
	}
	words := fmt.Sprintf("%s is met up to **%.2f** requests/s of %d pairs (%.0f pairs/s), and not at %.2f", objective, f.Passing, f.Batch,
		f.Passing*float64(f.Batch), f.Failing)
	if f.Capacity > 0 {
		words += fmt.Sprintf("; that is %.0f %% of the capacity of a closed loop", 100*f.Passing/f.Capacity)
	}
	return words + "."
}

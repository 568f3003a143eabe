package compare

import (
	"fmt"
	"strings"

	"github.com/crossrank/crossrank/internal/markdown"
)

// topics are the questions to every experiment, in the order in which people read them. Each gives
// the sentences of an answer, or none where an experiment does not vary what is asked.
var topics = []struct {
	name string
	find func(r experiment, chance Noise) []string
}{
	{"Padding against packing", experiment.findPadding},
	{"Order by length", experiment.findLengthAware},
	{"Batch size", experiment.findBatch},
	{"Concurrency", experiment.findConcurrency},
	{"Joining requests", against("enabled", "true", "false", "Joining the pairs of different requests, against running each request by itself")},
	{"Delay of batches", each("timeout_ms", "ms of delay")},
	{"Most pairs a batch", each("max_batch_size", "pair(s) a batch")},
	{"Instances", experiment.findInstances},
	{"Routing", each("routing", "")},
	{"Threads of an instance", each("threads", "thread(s) an instance")},
	{"Quantization", experiment.findQuantization},
	{"Tokenizer workers", each("workers", "worker(s)")},
	{"Maximum length", experiment.findMaxLength},
	{"Stages", experiment.findStages},
	{"Stress", experiment.findStress},
	{"Objectives", experiment.findObjectives},
}

// against answers how one value of a setting does against another.
func against(short, value, base, what string) func(experiment, Noise) []string {
	return func(r experiment, chance Noise) []string {
		a, ok := r.axis(short)
		if !ok {
			return nil
		}
		e := r.effect(a, value, base)
		if e.N == 0 {
			return nil
		}
		return []string{what + ": " + e.words(chance) + "."}
	}
}

// each answers how every value of a setting does against the first. The unit may have "(s)" in it,
// for the plural.
func each(short, unit string) func(experiment, Noise) []string {
	name := func(v string) string {
		plural := "s"
		if v == "1" {
			plural = ""
		}
		return strings.TrimSpace(markdown.Text(v) + " " + strings.ReplaceAll(unit, "(s)", plural))
	}
	return func(r experiment, chance Noise) []string {
		a, ok := r.axis(short)
		if !ok {
			return nil
		}
		values := r.values(a)
		var parts []string
		for _, v := range values[1:] {
			e := r.effect(a, v, values[0])
			words := markdown.Text(v)
			if len(parts) == 0 {
				words = name(v)
			}
			words += ": " + e.words(chance)
			if e.P95 > 0 && e.different(chance) {
				words += fmt.Sprintf(", P95 latency %.2f×", e.P95)
			}
			parts = append(parts, words)
		}
		return []string{fmt.Sprintf("Against %s, %s.", name(values[0]), strings.Join(parts, "; "))}
	}
}

func (r experiment) findPadding(chance Noise) []string {
	found := against("packing", "true", "false", "Packing, against padding to the longest of a batch")(r, chance)
	if len(found) == 0 {
		return nil
	}
	tokens, padded := 0, 0
	for i := range r.Configurations {
		if c := &r.Configurations[i]; c.Counts() {
			tokens, padded = tokens+c.Tokens, padded+c.PaddedTokens
		}
	}
	if padded > tokens {
		found = append(found, fmt.Sprintf("%.0f %% of what padding computes is padding.", 100*(1-float64(tokens)/float64(padded))))
	}
	return found
}

func (r experiment) findLengthAware(chance Noise) []string {
	a, ok := r.axis("length_aware")
	if !ok {
		return nil
	}
	packing, swept := r.axis("packing")
	if !swept {
		return against("length_aware", "true", "false", "Batches of pairs of like length, against batches in arrival order")(r, chance)
	}
	var parts []string
	for _, is := range []struct{ value, words string }{{"false", "padded"}, {"true", "packed"}} {
		e := r.effect(a, "true", "false", func(c *configuration) bool { return packing.value(c) == is.value })
		if e.N > 0 {
			parts = append(parts, is.words+": "+e.words(chance))
		}
	}
	return []string{"Batches of pairs of like length, against batches in arrival order, " + strings.Join(parts, "; ") + "."}
}

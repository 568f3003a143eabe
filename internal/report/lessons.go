package report

import (
	"fmt"
	"strings"

	"github.com/crossrank/crossrank/internal/results"
)

// Lesson is one thing that the results of an experiment teach.
type Lesson struct {
	Topic      string `json:"topic"`
	Experiment string `json:"experiment"` // its name
	Finding    string `json:"finding"`    // in Markdown, of text that is safe there
}

// topics are what is asked of every experiment, in the order in which people read it. Each gives what the results say of it, or
// nothing where an experiment does not vary that.
var topics = []struct {
	name string
	find func(r *Report, chance noise) []string
}{
	{"Padding against packing", (*Report).learnPadding},
	{"Order by length", (*Report).learnLengthAware},
	{"Batch size", (*Report).learnBatch},
	{"Concurrency", (*Report).learnConcurrency},
	{"Joining requests", against("enabled", "true", "false", "Joining the pairs of different requests, against running each request by itself")},
	{"Delay of batches", each("timeout_ms", "ms of delay")},
	{"Most pairs a batch", each("max_batch_size", "pair(s) a batch")},
	{"Instances", (*Report).learnInstances},
	{"Routing", each("routing", "")},
	{"Threads of an instance", each("threads", "thread(s) an instance")},
	{"Quantization", (*Report).learnQuantization},
	{"Tokenizer workers", each("workers", "worker(s)")},
	{"Maximum length", (*Report).learnMaxLength},
	{"Stages", (*Report).learnStages},
	{"Stress", (*Report).learnStress},
	{"Objectives", (*Report).learnObjectives},
}

// lessons gives what a report teaches.
func (r *Report) lessons(chance noise) []Lesson {
	var lessons []Lesson
	for _, t := range topics {
		if findings := t.find(r, chance); len(findings) > 0 {
			lessons = append(lessons, Lesson{t.name, r.Run.Name, strings.Join(findings, " ")})
		}
	}
	return lessons
}

// against tells how one value of a setting does against another.
func against(short, value, base, what string) func(*Report, noise) []string {
	return func(r *Report, chance noise) []string {
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

// each tells how every value of a setting does against its first one. The unit may have "(s)" in it, for all but one.
func each(short, unit string) func(*Report, noise) []string {
	name := func(v string) string {
		return strings.TrimSpace(text(v) + " " + strings.ReplaceAll(unit, "(s)", either(v == "1", "", "s")))
	}
	return func(r *Report, chance noise) []string {
		a, ok := r.axis(short)
		if !ok {
			return nil
		}
		values := r.values(a)
		var parts []string
		for _, v := range values[1:] {
			e := r.effect(a, v, values[0])
			words := either(len(parts) == 0, name(v), text(v)) + ": " + e.words(chance)
			if e.P95 > 0 && e.different(chance) {
				words += fmt.Sprintf(", P95 latency %.2f×", e.P95)
			}
			parts = append(parts, words)
		}
		return []string{fmt.Sprintf("Against %s, %s.", name(values[0]), strings.Join(parts, "; "))}
	}
}

func (r *Report) learnPadding(chance noise) []string {
	found := against("packing", "true", "false", "Packing, against padding to the longest of a batch")(r, chance)
	if len(found) == 0 {
		return nil
	}
	tokens, padded := 0, 0
	for i := range r.Configs {
		if c := &r.Configs[i]; c.counts() {
			tokens, padded = tokens+c.Tokens, padded+c.PaddedTokens
		}
	}
	if padded > tokens {
		found = append(found, fmt.Sprintf("%.0f %% of what padding computes is padding.", 100*(1-float64(tokens)/float64(padded))))
	}
	return found
}

func (r *Report) learnLengthAware(chance noise) []string {
	a, ok := r.axis("length_aware")
	if !ok {
		return nil
	}
	packing, swept := r.axis("packing")
	if !swept {
		return against("length_aware", "true", "false", "Batches of pairs of like length, against batches as they come")(r, chance)
	}
	var parts []string
	for _, is := range []struct{ value, words string }{{"false", "padded"}, {"true", "packed"}} {
		e := r.effect(a, "true", "false", func(c *Config) bool { return packing.value(c) == is.value })
		if e.N > 0 {
			parts = append(parts, is.words+": "+e.words(chance))
		}
	}
	return []string{"Batches of pairs of like length, against batches as they come, " + strings.Join(parts, "; ") + "."}
}

func shortKey(key string) string { return results.Setting{Key: key}.Short() }

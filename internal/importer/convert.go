package importer

import (
	"cmp"
	"fmt"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"
)

// convert fills the definition of the experiment at path, but for the rest.
func (c *converter) convert(path string) {
	c.title(path)
	c.groups()
	c.models()
	c.tokenizers()
	c.batching()
	c.pipeline()
	if !c.is("screenshot.enabled", "true") {
		c.drop("screenshot")
	}
	c.leave("screenshot.enabled", "a run writes a report with charts instead of screenshots")
	c.load()
	// The Python project's client waits for so long.
	c.out.Server.Deadline = "1m"
}

// Names of results files, and what they cannot hold.
var (
	fileName  = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9_.-]{0,99}$`)
	notInName = regexp.MustCompile(`[^A-Za-z0-9_.-]+`)
)

// title sets the name and the description, which some files have among the experiment's keys.
// Results are filed under the name.
func (c *converter) title(path string) {
	key := c.oneOf("name", "experiment.name")
	name := strings.Join(c.values[key], "")
	c.out.Name, c.out.Description = name, strings.Join(c.take(c.oneOf("description", "experiment.description")), "")
	if !fileName.MatchString(name) {
		stem := strings.TrimSuffix(filepath.Base(path), filepath.Ext(path))
		stem = strings.TrimLeft(notInName.ReplaceAllString(stem, "_"), "_.-")
		c.out.Name = cmp.Or(stem[:min(100, len(stem))], "experiment")
		c.leave(key, "cannot name files; the experiment is named %s, after its own file", c.out.Name)
	}
	c.take(key)
	if c.out.Description == "" && c.out.Name != name {
		c.out.Description = name
	}
}

// oneOf gives the first of two keys that was given, and drops the other.
func (c *converter) oneOf(first, second string) string {
	if c.values[first] == nil && c.values[second] != nil {
		return second
	}
	c.drop(second)
	return first
}

// groups are files of defaults, which hold those of the Python project's code.
func (c *converter) groups() {
	for _, key := range c.keys {
		if strings.HasPrefix(key, "defaults[") && c.is(key, "default") {
			c.taken[key] = true
		} else if strings.HasPrefix(key, "defaults[") {
			c.leave(key, "that file of defaults is not read; give its keys in the experiment")
		}
	}
}

func (c *converter) tokenizers() {
	const at = "tokenizer_pool."
	if c.is(at+"enabled", "false") {
		c.leave(at+"enabled", "workers always tokenize, by default as many as there are cores")
		c.drop("tokenizer_pool")
		return
	}
	c.take(at + "enabled")
	c.out.TokenizerPool.Workers = scalars(c.take(at + "num_workers"))
	if name := strings.Join(c.values[at+"model_name"], ""); name == "" || name == c.out.Model {
		c.take(at + "model_name")
	}
	if c.is(at+"tokenizers_parallelism", "false") {
		c.take(at + "tokenizers_parallelism")
	}
}

func (c *converter) batching() {
	const at = "batching."
	out := &c.out.Batching
	out.Enabled = scalars(c.take(at + "enabled"))
	if c.is(at+"enabled", "false") {
		c.drop(at + "max_batch_size")
		c.drop(at + "timeout_ms")
	} else {
		out.MaxPairs, out.TimeoutMS = scalars(c.take(at+"max_batch_size")), scalars(c.take(at+"timeout_ms"))
	}
	for _, key := range []string{at + "length_aware", at + "length_aware_batching", "scheduler.enable_length_aware_batching"} {
		if v := scalars(c.take(key)); out.LengthAware == nil {
			out.LengthAware = v
		}
	}
	out.Packing = scalars(c.take(at + "sequence_packing"))
	if c.is("scheduler.enable_stage_timing", "true") {
		c.take("scheduler.enable_stage_timing")
	}
	c.leave("scheduler.enable_stage_timing", "stages are always timed")
}

func (c *converter) pipeline() {
	c.out.Pipeline.Mode = scalars(c.take("pipeline.mode"))
	if c.is("pipeline.enabled", "true") {
		c.take("pipeline.enabled")
	}
	c.leave("pipeline.enabled", "requests are always tokenized while others are computed")
}

// load sets the requests that are sent.
func (c *converter) load() {
	const at = "experiment."
	out := &c.out.Experiment
	out.BatchSizes, out.ConcurrencyLevels = numbers(c.take(at+"batch_sizes")), numbers(c.take(at+"concurrency_levels"))
	if seconds := c.take(at + "benchmark_duration_s"); seconds != nil && !c.is(at+"benchmark_duration_s", "0") {
		c.drop(at + "benchmark_requests") // which a duration overrides
		var list []string
		for _, s := range seconds {
			n, _ := strconv.ParseFloat(s, 64) // the schema has checked it
			list = append(list, fmt.Sprint(time.Duration(n*float64(time.Second))))
		}
		out.Duration = scalars(list)
	}
	out.BenchmarkRequests = scalars(c.take(at + "benchmark_requests"))
	if c.values[at+"prefill_requests"] == nil {
		out.Warmup = scalars(c.take(at + "warmup_iterations"))
	}
	if out.Duration != nil {
		out.BenchmarkRequests = nil
	}
	if v := c.take(at + "prefill_requests"); v != nil {
		out.Warmup = scalars(v)
		c.leave(at+"warmup_iterations", "the model is warmed up by the %s requests of prefill_requests", strings.Join(v, ", "))
	}
}

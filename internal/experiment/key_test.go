package experiment

import (
	"slices"
	"testing"

	"github.com/crossrank/crossrank/internal/results"
)

// Results files hold the keys of configurations, by which a later run knows what is measured
// already. They stay the same from one version to the next, for settings of all kinds. The
// precision is given, because its default was another one.
func TestKeysStay(t *testing.T) {
	for _, test := range []struct {
		name, yaml string
		want       []string
	}{
		{"batch sizes and concurrency levels", small,
			[]string{"ff1c4387637a453f", "913f3dc042153071", "6db3469ad47524f4", "0d663abbb6827401"}},
		{"a setting of the server", grid,
			[]string{"e787a44bd1c1d238", "8a3e584d58e5a511", "75d8b507e2c7ddaf", "e2f284436bdb019f"}},
		{"a search for objectives", `
name: search
model: m
experiment: {batch_sizes: [1], arrival: {process: poisson, seed: 3}, objective: {percentile: 99, latency_ms: [100, 50]}}
`, []string{"aa0e4215f3f0fa08"}},
		{"a target, repeats and a steady state", `
name: t
target: {address: 'http://127.0.0.1:1', dialect: tei}
data: {one_query: true}
experiment: {batch_sizes: [2], duration: 3s, repeats: 2, stability: {window: 1s}}
`, []string{"a2213e59a389044b", "3c640209cb623444"}},
	} {
		t.Run(test.name, func(t *testing.T) {
			var keys []string
			for _, c := range Configurations(settings(t, test.yaml+"model_pool: {instances: [{quantization: fp32}]}\n")) {
				keys = append(keys, c.Key)
			}
			if !slices.Equal(keys, test.want) {
				t.Errorf("keys are %q, want %q", keys, test.want)
			}
		})
	}
}

func TestKeptOf(t *testing.T) {
	sweep := settings(t, small)
	processes := plan(sweep)
	keys := make([]string, 4)
	old := &results.Results{}
	for i, c := range Configurations(sweep) {
		keys[i] = c.Key
		old.Configurations = append(old.Configurations, &results.Measured{Configuration: c, End: &results.ConfigurationEnd{Complete: true}})
	}
	old.Configurations[1].End.Complete = false
	old.Configurations[2].End = nil
	old.Configurations = append(old.Configurations, old.Configurations[3]) // the same one twice: complete each time
	keep := keptOf(processes, old)
	for i, want := range []bool{true, false, false, true} {
		if keep[keys[i]] != want {
			t.Errorf("configuration %d is kept: %t, want %t", i, keep[keys[i]], want)
		}
	}
	if keep := keptOf(processes, nil); len(keep) != 0 {
		t.Errorf("without older results: %v, want nothing", keep)
	}

	search := plan(settings(t, "name: s\nexperiment: {arrival: {process: poisson}, objective: {percentile: 99, latency_ms: 50}}\n"))
	key := search[0].configurations[0].Key
	old = &results.Results{Configurations: []*results.Measured{{
		Configuration: results.Configuration{Key: key}, End: &results.ConfigurationEnd{Complete: true},
	}}}
	if keptOf(search, old)[key] {
		t.Error("a search without an outcome is kept")
	}
	old.SLOResults = []results.SLOResult{{Key: key}}
	if !keptOf(search, old)[key] {
		t.Error("a search with its outcome is measured again")
	}
}

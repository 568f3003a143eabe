package definition

import (
	"strings"
	"testing"
)

func TestMix(t *testing.T) {
	for _, c := range []struct{ text, want string }{
		{"documents: {distribution: constant, value: 10}", ""},
		{"documents: {distribution: uniform, min: 1, max: 1}", ""},
		{"documents: {distribution: log_normal, mean: 20, std_dev: 10, max: 100}\n    document_words: {distribution: list, values: [50, 200], weights: [3, 1]}\n    seed: 4", ""},
		{"file: requests.jsonl", ""},
		{"seed: 4", ""},
		{"query_words: {distribution: constant, value: 10}", "experiment.mix (line 3): needs documents"},
		{"file: f\n    documents: {distribution: constant, value: 1}", "experiment.mix.file (line 4): holds the requests"},
		{"documents: {value: 10}", "mix.documents (line 4): needs a distribution"},
		{"documents: {distribution: constant}", "documents (line 4): constant needs a value"},
		{"documents: {distribution: constant, value: 1, mean: 2}", "documents.mean (line 4): has no effect on constant"},
		{"documents: {distribution: uniform, min: 3}", "documents (line 4): uniform needs a min and a max"},
		{"documents: {distribution: uniform, min: 3, max: 2}", "documents.min (line 4): is 3, but max is 2"},
		{"documents: {distribution: log_normal, mean: 3}", "log_normal needs a mean and a std_dev"},
		{"documents: {distribution: log_normal, mean: 3, std_dev: 1, min: 9, max: 8}", "documents.min (line 4): is 9, but max is 8"},
		{"documents: {distribution: list}", "list needs values"},
		{"documents: {distribution: list, values: [1, 2], weights: [1]}", "documents.weights (line 4): are 1 for 2 values"},
		{"documents: {distribution: list, values: [1, 2], weights: [0, 0]}", "are all 0"},
	} {
		checkFaults(t, "name: x\nexperiment:\n  mix:\n    "+c.text, c.want)
	}
	for _, c := range []struct{ text, want string }{
		{"mix: {documents: {distribution: normal}}", `"normal", which is not one of constant, uniform`},
		{"mix: {documents: {distribution: list, values: [0]}}", "values[0]: is 0, but must be at least 1"},
		{"mix: {document: {}}", "did you mean documents?"},
		{"mix: {file: x}\n  batch_sizes: [3]", "cannot stand beside mix"},
	} {
		if _, err := Parse("f", []byte("experiment:\n  "+c.text)); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.text, err, c.want)
		}
	}
}

// A mix takes the place of the sizes of the file below, and a size that of a mix; its numbers may
// be swept.
func TestMixOverBatchSizes(t *testing.T) {
	dir := t.TempDir()
	write(t, dir, map[string]string{
		"base.yaml":  "name: base\nexperiment: {batch_sizes: [7]}\n",
		"mix.yaml":   "extends: base.yaml\nexperiment: {mix: {documents: {distribution: log_normal, mean: [5, 50], std_dev: 2}}}\n",
		"sizes.yaml": "extends: mix.yaml\nexperiment: {batch_sizes: [9]}\n",
	})
	sw, err := LoadSweep(nil, dir+"/mix.yaml")
	if err != nil || len(sw.Variants) != 2 || sw.Variants[1].Settings.Experiment.Mix.Documents.Mean != 50 || sw.Base().Given("experiment.batch_sizes") {
		t.Errorf("got %+v and %v, want two mixes and no sizes", sw, err)
	}
	sizes, err := LoadSweep(nil, dir+"/sizes.yaml")
	s := sizes.Base()
	if err != nil || s.Experiment.Mix.Given() || s.Experiment.BatchSizes[0] != 9 {
		t.Errorf("got %+v and %v, want sizes and no mix", s.Experiment, err)
	}
}

// A file of requests may say when they were sent, so that replay needs no trace beside it.
func TestReplayOfAMix(t *testing.T) {
	for _, arrival := range []string{"{process: replay}", "{process: replay, trace: t}"} {
		checkFaults(t, "name: x\nexperiment: {mix: {file: r.jsonl}, arrival: "+arrival+"}", "")
	}
}

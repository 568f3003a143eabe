package results

import (
	"encoding/json"
	"slices"
	"testing"

	"github.com/crossrank/crossrank"
)

// Results hold names and hashes, and no folder of the machine that measured.
func TestResultsHoldNoFolders(t *testing.T) {
	got := Run{
		Model:       crossrank.Info{Model: "/home/me/models/minilm"},
		Data:        Data{Name: "../data/pairs.jsonl", Hash: "sha256:12"},
		CommandLine: []string{"/opt/bin/crossrank", "experiment", "run", "05_batch_size", "--model=/home/me/minilm", "--data", "../data/pairs.jsonl", "-o", "experiments/results"},
		Settings:    json.RawMessage(`{"model":"/home/me/minilm","pool":[{"model":"cross-encoder/ms-marco-MiniLM-L-6-v2"}],"seed":12345678901234567890}`),
	}.Public()
	if got.Model.Model != "minilm" || got.Data.Name != "pairs.jsonl" {
		t.Errorf("model %q, data %q", got.Model.Model, got.Data.Name)
	}
	want := []string{"crossrank", "experiment", "run", "05_batch_size", "--model=minilm", "--data", "pairs.jsonl", "-o", "experiments/results"}
	if !slices.Equal(got.CommandLine, want) {
		t.Errorf("command line %q, want %q", got.CommandLine, want)
	}
	const settings = `{"model":"minilm","pool":[{"model":"cross-encoder/ms-marco-MiniLM-L-6-v2"}],"seed":12345678901234567890}`
	if string(got.Settings) != settings {
		t.Errorf("settings %s, want %s", got.Settings, settings)
	}
}

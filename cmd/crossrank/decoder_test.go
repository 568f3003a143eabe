package main

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/material"
)

// TestDecoderCommands: the commands that take a decoder's instruction read it in its place in the
// prompt, and bench computes pairs whole if no memory is for what they begin with.
func TestDecoderCommands(t *testing.T) {
	dir := material.Path(t, "fixtures", "qwen3-causal-a")
	output := func(stdin string, args ...string) string {
		t.Helper()
		var out, stderr bytes.Buffer
		if code := run(t.Context(), args, strings.NewReader(stdin), &out, &stderr); code != 0 {
			t.Fatalf("%v: exit code %d, %s", args, code, &stderr)
		}
		return out.String()
	}
	const pair = `{"query": "k2", "passage": "a mountain"}`
	plain := output(pair, "tokenize", "-m", dir)
	rivers := output(pair, "tokenize", "-m", dir, "--instruction", "Given a web search query, retrieve rivers")
	if same := output(pair, "tokenize", "-m", dir, "--instruction", "Given a web search query, retrieve relevant passages that answer the query"); same != plain {
		t.Errorf("the default instruction, given: got %s, want %s", same, plain)
	}
	if rivers == plain || !strings.HasPrefix(rivers, plain[:200]) {
		t.Errorf("another instruction: got %s, want what begins as %s", rivers, plain)
	}

	bench := []string{"bench", "-m", dir, "--requests", "1", "--warmup", "1", "--batch", "4", "--one-query", "--json"}
	var shared, whole struct{ Tokens int } // that were computed
	for text, into := range map[string]*struct{ Tokens int }{
		output("", bench...): &shared, output("", append(bench, "--prefix-bytes", "-1")...): &whole,
	} {
		if err := json.Unmarshal([]byte(text), into); err != nil {
			t.Fatal(err)
		}
	}
	if shared.Tokens <= 0 || shared.Tokens >= whole.Tokens {
		t.Errorf("%d tokens were computed, and %d where each pair is computed whole; want fewer", shared.Tokens, whole.Tokens)
	}
}

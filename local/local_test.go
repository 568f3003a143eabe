package local

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/scorertest"
)

const builtin = "builtin:minilm-l6"

// shared is the built-in model, opened once for the tests that do not close it.
var shared = sync.OnceValues(func() (*Model, error) { return Open(builtin, Options{}) })

func open(t *testing.T) *Model {
	t.Helper()
	m, err := shared()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestIsAScorer(t *testing.T) {
	if testing.Short() {
		t.Skip("computes thousands of pairs")
	}
	scorertest.Run(t, func(t *testing.T) crossrank.Scorer { return open(t) })
}

func TestInfo(t *testing.T) {
	info := open(t).Info()
	if info.Model != builtin || !info.Meaningless || !strings.HasPrefix(info.Weights, "random weights, seed ") {
		t.Errorf("got %+v, want the built-in model with random weights, said as such", info)
	}
	if info.Layers != 6 || info.Hidden != 384 || info.MaxLength != 512 || info.Threads < 1 || info.Tier == "" || info.Version == "" {
		t.Errorf("got %+v, want MiniLM-L-6's geometry and a known machine", info)
	}
	// Positions and types, their norm, six layers, pooler, classifier, and the vocabulary.
	layer := 4*(384*384+384) + 2*2*384 + (384*1536 + 1536) + (1536*384 + 384)
	want := int64((512+2)*384 + 2*384 + 6*layer + (384*384 + 384) + (384 + 1) + info.VocabSize*384)
	if info.Parameters != want {
		t.Errorf("got %d parameters, want %d", info.Parameters, want)
	}
}

func TestMaxLength(t *testing.T) {
	m, err := Open(builtin, Options{MaxLength: 16, Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer m.Close()
	long := &crossrank.Request{Pairs: []crossrank.Pair{{Query: "a question", Passage: strings.Repeat("an answer ", 50)}}}
	resp, err := m.Score(t.Context(), long)
	if err != nil || resp.Usage.Tokens != 16 || resp.Usage.TruncatedTokens == 0 {
		t.Errorf("got %+v and error %v, want 16 tokens and some truncated", resp, err)
	}
	if info := m.Info(); info.MaxLength != 16 || info.Threads != 1 {
		t.Errorf("got %+v, want a maximum length of 16 and one thread", info)
	}
	long.Truncation = crossrank.TruncateNever
	if _, err := m.Score(t.Context(), long); crossrank.CodeOf(err) != crossrank.InvalidArgument {
		t.Errorf("without truncation: got error %v, want an invalid argument", err)
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, c := range []struct {
		name  string
		model string
		opts  Options
		want  string
	}{
		{"an unknown quantization", builtin, Options{Quantization: "int4"}, "quantization: the native backend has no int4; it computes in fp32, fp16, bf16, bf16-dot, int8, cascade"},
		{"a maximum length without room", builtin, Options{MaxLength: 2}, "max length 2"},
		{"negative threads", builtin, Options{Threads: -1}, "threads is negative"},
		{"an unknown mode", builtin, Options{Mode: "half"}, `mode "half" does not exist; use one of [full`},
		{"an unknown routing", builtin, Options{Routing: "fastest"}, `routing "fastest" does not exist; use one of [first_idle`},
		{"an instance with negative threads", builtin, Options{Instances: []Instance{{}, {Threads: -1}}}, "threads of an instance"},
		{"a negative age", builtin, Options{Batching: Batching{MaxQueueAge: -1}}, "batching: max queue age is negative"},
		{"preferred sizes that fall", builtin, Options{Batching: Batching{PreferredPairs: []int{8, 4}}}, "use ascending numbers"},
		{"a negative timeout", builtin, Options{Batching: Batching{Timeout: -1}}, "batching: timeout is negative"},
		{"an unknown built-in model", "builtin:nothing", Options{}, "builtin:nothing"},
		{"a folder that is not there", filepath.Join(t.TempDir(), "gone"), Options{}, "gone"},
		{"an empty folder", t.TempDir(), Options{}, "config.json"},
	} {
		m, err := Open(c.model, c.opts)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want one with %q", c.name, err, c.want)
		}
		if err != nil && strings.Count(err.Error(), "opening model") > 1 {
			t.Errorf("%s: got error %v, want it to say only once that the model was being opened", c.name, err)
		}
		if m != nil {
			t.Errorf("%s: got a model", c.name)
		}
	}
	if _, err := Open(filepath.Join(t.TempDir(), "gone"), Options{}); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("a folder that is not there: got error %v, want one that says so to errors.Is", err)
	}
}

func TestClose(t *testing.T) {
	m, err := Open(builtin, Options{Quantization: "fp32"})
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
	defer cancel()
	if err := m.Drain(ctx); err != nil {
		t.Errorf("draining an idle model: %v", err)
	}
	for range 2 {
		if err := m.Close(); err != nil {
			t.Errorf("closing: %v", err)
		}
	}
	_, err = m.Score(t.Context(), &crossrank.Request{Pairs: make([]crossrank.Pair, 1)})
	if crossrank.CodeOf(err) != crossrank.Unavailable {
		t.Errorf("after closing: got error %v, want it unavailable", err)
	}
	if q := m.Queue(); q != (Queue{}) {
		t.Errorf("after closing: got queue %+v, want nothing", q)
	}
}

func ExampleOpen() {
	model, err := Open("builtin:minilm-l6", Options{})
	if err != nil {
		fmt.Println(err)
		return
	}
	defer model.Close()

	documents := []string{"Giraffes are up to 5.7 m tall.", "The capital of France is Paris."}
	ranked, resp, err := crossrank.Rank(context.Background(), model, "how tall is a giraffe", documents, 1)
	if err != nil {
		fmt.Println(err)
		return
	}
	fmt.Println(len(ranked), "of", len(resp.Scores), "documents;", resp.ScoreType)
	fmt.Println("scores mean nothing:", model.Info().Meaningless)
	// Output:
	// 1 of 2 documents; probability
	// scores mean nothing: true
}

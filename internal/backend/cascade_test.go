package backend

import (
	"slices"
	"testing"

	"github.com/crossrank/crossrank/internal/backend/catalog"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/network/sample"
)

// TestCascade holds each half of a cascade against an engine of its precision, bit by bit, in
// batches of either kind and of both.
func TestCascade(t *testing.T) {
	n := small()
	openIn := func(precision string) Engine {
		e, err := Open("", n, Options{Threads: 2, Precision: precision})
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { e.Close() })
		return e
	}
	logits := func(e Engine, seqs []network.Sequence) []float32 {
		out := make([]float32, len(seqs))
		if err := e.Logits(seqs, out); err != nil {
			t.Fatal(err)
		}
		return out
	}
	full, draft, both := openIn("fp32"), openIn("int8"), openIn(catalog.Cascade)
	replica, err := both.Replica(1, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer replica.Close()
	seqs := sample.Sequences(1, n, 3, 20, 7, 7, 40, 1, 30)
	inFull, drafts := logits(full, seqs), logits(draft, seqs)
	if slices.Equal(inFull, drafts) {
		t.Fatal("the precisions differ nowhere")
	}
	for _, e := range []Engine{both, replica} {
		for _, every := range []int{100, 1, 2, 3} { // which sequences are drafts: the first, all, and some
			batch, want := slices.Clone(seqs), slices.Clone(inFull)
			for i := 0; i < len(batch); i += every {
				batch[i].Draft, want[i] = true, drafts[i]
			}
			if got := logits(e, batch); !slices.Equal(got, want) {
				t.Errorf("every %d-th a draft: got %v, want %v", every, got, want)
			}
		}
		if got := logits(e, seqs); !slices.Equal(got, inFull) {
			t.Errorf("no drafts: got %v, want %v", got, inFull)
		}
		if p := e.Properties(); p.Precision != catalog.Cascade || p.Tier != full.Properties().Tier {
			t.Errorf("got the properties %+v", p)
		}
		if v, err := e.Verify(seqs[1]); err != nil || v.Err() != nil {
			t.Errorf("verified: %+v, %v", v, err)
		}
	}
	if got, want := WeightBytes(n, catalog.Cascade), WeightBytes(n, "")+WeightBytes(n, "int8"); got != want {
		t.Errorf("takes %d bytes, want %d", got, want)
	}
}

// TestCascadeFails: an error of either half is the cascade's.
func TestCascadeFails(t *testing.T) {
	e, err := Open("", small(), Options{Precision: catalog.Cascade, MaxTokens: 20})
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ first, second network.Sequence }{
		{network.Sequence{IDs: make([]int32, 21), Draft: true}, network.Sequence{IDs: []int32{1}}},
		{network.Sequence{IDs: []int32{1}, Draft: true}, network.Sequence{IDs: make([]int32, 21)}},
	} {
		if err := e.Logits([]network.Sequence{c.first, c.second}, make([]float32, 2)); err == nil {
			t.Errorf("%+v: no error", c)
		}
	}
	if err := e.Close(); err != nil {
		t.Error(err)
	}
	if _, err := Open("", small(), Options{Precision: catalog.Cascade, MaxTokens: 41}); err == nil {
		t.Error("no error for more tokens than positions")
	}
}

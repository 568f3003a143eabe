package pipeline

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/batch"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/pool"
	"github.com/crossrank/crossrank/internal/scorertest"
)

func TestTokenizationOnly(t *testing.T) {
	m := new(machine)
	p := open(t, new(words), m, Options{Mode: TokenizationOnly})
	for _, raw := range []bool{false, true} {
		req := requestOf(5, 9, 600)
		req.Raw = raw
		resp, err := p.Score(t.Context(), req)
		if err != nil {
			t.Fatal(err)
		}
		if !slices.Equal(resp.Scores, []float32{0, 0, 0}) || resp.ScoreType != crossrank.NoScore {
			t.Errorf("raw %v: got %v of type %q, want three zeros of type none", raw, resp.Scores, resp.ScoreType)
		}
		if u := resp.Usage; u.Tokens != 5+9+512 || u.TruncatedTokens != 88 {
			t.Errorf("got %+v, want the tokens of all pairs", u)
		}
	}
	if len(m.batches) != 0 {
		t.Errorf("the engine computed %v", m.batches)
	}
	p.Close()
	if _, err := p.Score(t.Context(), requestOf(5)); crossrank.CodeOf(err) != crossrank.Unavailable {
		t.Errorf("after closing: got error %v, want it unavailable", err)
	}
}

func TestInferenceOnly(t *testing.T) {
	scorertest.Run(t, func(t *testing.T) crossrank.Scorer {
		return open(t, new(words), new(machine), Options{Mode: InferenceOnly})
	})
	tok, m := new(words), new(machine)
	p := open(t, tok, m, Options{Mode: InferenceOnly})
	full := open(t, new(words), new(machine), Options{})
	for round := range 3 {
		for _, length := range []int{0, 6} { // which applies to texts that were kept
			req := &crossrank.Request{MaxLength: length, Pairs: []crossrank.Pair{
				{Query: "one two", Passage: "a b c"}, {Query: "one", Passage: ""}, {Query: "a b c", Passage: "one"},
			}}
			got, err := p.Score(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			want, err := full.Score(t.Context(), req)
			if err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(got.Scores, want.Scores) || got.ScoreType != want.ScoreType || got.Usage != want.Usage {
				t.Errorf("round %d, length %d: got %v, %+v, want %v, %+v", round, length, got.Scores, got.Usage, want.Scores, want.Usage)
			}
		}
	}
	if want := map[string]int{"one two": 1, "one": 1, "": 1, "a b c": 1}; fmt.Sprint(tok.texts) != fmt.Sprint(want) {
		t.Errorf("texts tokenized: got %v, want each once", tok.texts)
	}
}

func TestRememberingIsBounded(t *testing.T) {
	r := newMemoizing(quiet{})
	half := strings.Repeat("x", maxMemo/10) // beside its ids, of four bytes each
	for _, text := range []string{half, half, half + "y", "small"} {
		if got := r.AppendSide([]int32{7}, text); len(got) != 1+len(text) || got[0] != 7 {
			t.Errorf("a text of %d bytes: got %d ids, want its own after those that were there", len(text), len(got))
		}
	}
	if len(r.texts) != 2 || r.texts[half] == nil || r.texts["small"] == nil {
		t.Errorf("it keeps %d texts, want the two that it has room for", len(r.texts))
	}
}

func TestRememberingTextsWithoutIDsIsBounded(t *testing.T) {
	const size = maxMemo / 4
	r := newMemoizing(new(words))
	blank := strings.Repeat(" ", size+10)
	for i := range 10 {
		r.AppendSide(nil, blank[:size+i])
	}
	if len(r.texts) != 3 {
		t.Errorf("it keeps %d texts of no words and a quarter of its room each, want 3", len(r.texts))
	}
}

// TestPadded has a batch computed as long as its longest pair, and a pair that is run again alone
// as long as it is.
func TestPadded(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var rows []int
		m := &machine{logit: func(s network.Sequence) float32 {
			if len(s.IDs) == 13 {
				panic("a fault")
			}
			rows = append(rows, s.Rows())
			return length(s)
		}, takes: time.Second}
		p := open(t, new(words), m, Options{Options: batch.Options{LengthAware: new(false)}, Packing: new(false)})
		defer p.Close()
		a := <-later(p, t.Context(), requestOf(5, 20, 8))
		if a.err != nil || fmt.Sprint(rows) != "[20 20 20]" {
			t.Fatalf("computed %v rows, error %v; want 20 for each of three", rows, a.err)
		}
		if u := a.resp.Usage; u.Tokens != 33 || u.PaddedTokens != 60 || fmt.Sprint(a.resp.Scores) != "[5 20 8]" {
			t.Errorf("got %+v and scores %v, want 33 tokens, and 60 with the padding that was computed", u, a.resp.Scores)
		}
		rows = nil
		busy := later(p, t.Context(), requestOf(4))
		bad, good := later(p, t.Context(), requestOf(13)), later(p, t.Context(), requestOf(6))
		<-busy
		if a := <-bad; crossrank.CodeOf(a.err) != crossrank.Internal {
			t.Errorf("the pair at fault: got error %v", a.err)
		}
		if a := <-good; a.err != nil || fmt.Sprint(rows) != "[4 6]" || a.resp.Usage.PaddedTokens != 6 {
			t.Errorf("its neighbour, alone: %v rows, %+v, error %v; want 6", rows, a.resp, a.err)
		}
	})
}

// TestLengthAwarePaddingIsCheaper deals 8 pairs into padded batches of 4, by length and as they
// stand.
func TestLengthAwarePaddingIsCheaper(t *testing.T) {
	for keep, want := range map[bool]int{false: 4*40 + 4*6, true: 8 * 40} {
		p := open(t, new(words), new(machine), Options{Options: batch.Options{MaxPairs: 4, LengthAware: new(!keep)}, Packing: new(false)})
		resp, err := p.Score(t.Context(), requestOf(40, 5, 39, 6, 6, 40, 5, 38))
		if err != nil || resp.Usage.PaddedTokens != want {
			t.Errorf("keeping the order %v: got %+v, error %v, want %d padded tokens", keep, resp.Usage, err, want)
		}
	}
}

func TestUnknownModeIsRefused(t *testing.T) {
	_, err := New(Model{Name: "m", Tokenizer: new(words), MaxLength: 512, ScoreType: crossrank.Logit},
		[]pool.Engine{new(machine)}, Options{Mode: "half"})
	if err == nil || !strings.Contains(err.Error(), `mode "half" does not exist; use one of [full tokenization_only inference_only]`) {
		t.Errorf("got error %v", err)
	}
}

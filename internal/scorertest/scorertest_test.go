package scorertest

import (
	"context"
	"errors"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crossrank/crossrank"
)

func TestFake(t *testing.T) {
	Run(t, func(t *testing.T) crossrank.Scorer { return new(Fake) })
}

func TestFakeTakesItsTime(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := &Fake{Delay: time.Second}
		req := &crossrank.Request{Pairs: somePairs(1, 2)}
		started := time.Now()
		if _, err := f.Score(t.Context(), req); err != nil || time.Since(started) != time.Second {
			t.Errorf("got error %v after %v, want none after 1 s", err, time.Since(started))
		}
		ctx, cancel := context.WithTimeout(t.Context(), 100*time.Millisecond)
		defer cancel()
		started = time.Now()
		_, err := f.Score(ctx, req)
		if crossrank.CodeOf(err) != crossrank.DeadlineExceeded || time.Since(started) != 100*time.Millisecond {
			t.Errorf("got error %v after %v, want a passed deadline after 100 ms", err, time.Since(started))
		}
	})
}

func TestFakeInjectsFaults(t *testing.T) {
	fault := errors.New("a fault")
	f := &Fake{Fault: func(req *crossrank.Request) error {
		if len(req.Pairs) == 2 {
			return fault
		}
		return nil
	}}
	if _, err := f.Score(t.Context(), &crossrank.Request{Pairs: somePairs(1, 2)}); err != fault {
		t.Errorf("two pairs: got error %v, want the fault", err)
	}
	if _, err := f.Score(t.Context(), &crossrank.Request{Pairs: somePairs(1, 3)}); err != nil {
		t.Errorf("three pairs: got error %v, want none", err)
	}
	if f.Calls() != 2 || len(f.Last().Pairs) != 3 {
		t.Errorf("got %d calls, the last %+v; want 2, the last with three pairs", f.Calls(), f.Last())
	}
}

func TestLogitsTellPairsApart(t *testing.T) {
	seen := map[float32]crossrank.Pair{}
	pairs := append(somePairs(1, 1000),
		crossrank.Pair{Query: "ab", Passage: "c"}, crossrank.Pair{Query: "a", Passage: "bc"}, crossrank.Pair{Passage: "abc"})
	clashes := 0
	for _, p := range pairs {
		l := Logit(p)
		if l < -8 || l >= 8 {
			t.Errorf("%q: got %v, want a number from -8 to 8", p, l)
		}
		if _, ok := seen[l]; ok {
			clashes++
		}
		seen[l] = p
	}
	if clashes > 3 { // of 500,000 pairs of pairs, half a clash is expected among a million values
		t.Errorf("%d of %d pairs share a score with another", clashes, len(pairs))
	}
}

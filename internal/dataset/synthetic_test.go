package dataset

import (
	"crypto/sha256"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// tokens counts the pieces of synthetic text: its words and its marks.
func tokens(text string) int { return len(strings.Fields(text)) + strings.Count(text, ".") }

func TestSyntheticLengths(t *testing.T) {
	set := Synthetic(10_000, 42)
	var query, passage, logs, pair []float64
	for _, p := range set.Pairs {
		q, d := float64(tokens(p.Query)), float64(tokens(p.Passage))
		query, passage, pair = append(query, q), append(passage, d), append(pair, q+d+3)
		logs = append(logs, math.Log(d))
	}
	for _, c := range []struct {
		name         string
		got, want    float64
		within, most float64
		values       []float64
	}{
		{"query mean", mean(query), 7.0, 0.1, 38, query},
		{"query standard deviation", deviation(query), 2.9, 0.15, 38, query},
		{"passage mean", mean(passage), 69.5, 0.7, 212, passage},
		{"passage log mean", mean(logs), 4.184, 0.01, math.Log(212), logs},
		{"passage log standard deviation", deviation(logs), 0.34, 0.01, math.Log(212), logs},
		{"pair mean", mean(pair), 79.5, 0.8, 38 + 212 + 3, pair},
	} {
		if math.Abs(c.got-c.want) > c.within {
			t.Errorf("%s: %.3f, want %.3f", c.name, c.got, c.want)
		}
		if most := slices.Max(c.values); most > c.most {
			t.Errorf("%s: the longest is %v, want at most %v", c.name, most, c.most)
		}
	}
	slices.Sort(passage)
	if p50, p95 := passage[5_000], passage[9_500]; math.Abs(p50-65) > 2 || math.Abs(p95-115) > 10 {
		t.Errorf("passage P50 %v, P95 %v; want about 65 and 115", p50, p95)
	}
}

func mean(x []float64) float64 {
	sum := 0.0
	for _, v := range x {
		sum += v
	}
	return sum / float64(len(x))
}

func deviation(x []float64) float64 {
	m, sum := mean(x), 0.0
	for _, v := range x {
		sum += (v - m) * (v - m)
	}
	return math.Sqrt(sum / float64(len(x)-1))
}

// Every length from 1 up comes out as asked for.
func TestPassageHasItsLength(t *testing.T) {
	w := &writer{rnd: newRand(1)}
	for n := 1; n <= 212; n++ {
		for range 20 {
			p := w.passage(n)
			if got := tokens(p); got != n {
				t.Fatalf("%d tokens, want %d: %s", got, n, p)
			}
			if strings.Contains(p, "..") || strings.Contains(p, "  ") || n > 1 && !strings.HasSuffix(p, ".") {
				t.Fatalf("not like text: %s", p)
			}
		}
	}
}

// The seed decides all, and nothing else does: results name it.
func TestSyntheticIsReproducible(t *testing.T) {
	digest := func(s *Set) string {
		h := sha256.New()
		for _, p := range s.Pairs {
			fmt.Fprintf(h, "%s\t%s\n", p.Query, p.Passage)
		}
		return fmt.Sprintf("%x", h.Sum(nil)[:8])
	}
	a, b := Synthetic(100, 42), Synthetic(50, 42)
	if a.Hash != "synthetic, seed 42" || a.Name != "synthetic" {
		t.Errorf("name %q, hash %q", a.Name, a.Hash)
	}
	if !slices.Equal(a.Pairs[:50], b.Pairs) {
		t.Error("a smaller set is not the beginning of a larger one")
	}
	if slices.Equal(a.Pairs[:50], Synthetic(50, 43).Pairs) {
		t.Error("two seeds give the same pairs")
	}
	if len(Synthetic(0, 42).Pairs) != 0 {
		t.Error("no pairs were asked for")
	}
	const want = "483e91195e1ad7a8" // changing it makes results made before incomparable
	if got := digest(a); got != want {
		t.Errorf("digest %s, want %s", got, want)
	}
}

func TestWords(t *testing.T) {
	all := append(slices.Clone(functionWords), contentWords...)
	if len(all) < 300 {
		t.Errorf("%d words, want at least 300", len(all))
	}
	slices.Sort(all)
	if n := len(slices.Compact(slices.Clone(all))); n != len(all) {
		t.Errorf("%d words stand twice", len(all)-n)
	}
	for _, w := range all {
		if strings.Trim(w, "abcdefghijklmnopqrstuvwxyz") != "" {
			t.Errorf("%q is not a plain word", w)
		}
	}
	// One word is one token only if the vocabulary has it whole. The file is read rather than its
	// package imported, which lies in a layer above.
	vocab, err := os.ReadFile(filepath.Join("..", "checkpoint", "builtin_vocab.txt"))
	if err != nil {
		t.Fatal(err)
	}
	pieces := strings.Fields(string(vocab))
	for _, w := range append(all, ".") {
		if !slices.Contains(pieces, w) {
			t.Errorf("%q is no piece of the built-in vocabulary", w)
		}
	}
}

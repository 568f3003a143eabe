package load

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crossrank/crossrank"
)

// worded makes pairs of queries q0, q1, … and passages of three words each.
func worded(n int) []crossrank.Pair {
	pairs := make([]crossrank.Pair, n)
	for i := range pairs {
		pairs[i] = crossrank.Pair{Query: fmt.Sprintf("q%d ?", i), Passage: fmt.Sprintf("a%d  b%d c%d", i, i, i)}
	}
	return pairs
}

func TestDistributions(t *testing.T) {
	for _, c := range []struct {
		d              Distribution
		words          string
		mean, spread   float64
		lowest, higest int
	}{
		{Distribution{Distribution: "constant", Value: 7}, "7", 7, 0, 7, 7},
		{Distribution{Distribution: "uniform", Min: 10, Max: 30}, "uniform from 10 to 30", 20, math.Sqrt((21*21 - 1) / 12.), 10, 30},
		{Distribution{Distribution: "log_normal", Mean: 100, StdDev: 50}, "log-normal, mean 100, deviation 50", 100, 50, 1, 10000},
		{Distribution{Distribution: "log_normal", Mean: 100, StdDev: 1, Min: 99, Max: 101}, "log-normal, mean 100, deviation 1, at least 99, at most 101",
			100, 0.83, 99, 101},
		{Distribution{Distribution: "list", Values: []int{1, 9}}, "one of 1, 9", 5, 4, 1, 9},
		{Distribution{Distribution: "list", Values: []int{10, 20, 5}, Weights: []float64{3, 1, 0}}, "one of 10 (weight 3), 20 (weight 1), 5 (weight 0)",
			12.5, math.Sqrt(18.75), 10, 20},
	} {
		counts := Mix{Documents: c.d, Seed: 5}.Counts()
		var xs []float64
		for _, n := range counts {
			xs = append(xs, float64(n))
		}
		mean, variance := moments(xs)
		if math.Abs(mean-c.mean) > 0.05*c.mean || math.Abs(math.Sqrt(variance)-c.spread) > 0.08*c.spread+1e-9 {
			t.Errorf("%s: mean %g and deviation %g of %d, want %g and %g", c.d, mean, math.Sqrt(variance), len(counts), c.mean, c.spread)
		}
		if low, high := slices.Min(counts), slices.Max(counts); low < c.lowest || high > c.higest {
			t.Errorf("%s: from %d to %d, want within %d to %d", c.d, low, high, c.lowest, c.higest)
		}
		if c.d.String() != c.words {
			t.Errorf("said to be %q, want %q", c.d, c.words)
		}
	}
}

func TestMixTakesTextsInTurn(t *testing.T) {
	m := Mix{Documents: Distribution{Distribution: "list", Values: []int{1, 3}}, Seed: 2}
	requests, err := m.Requests(worded(5))
	if err != nil {
		t.Fatal(err)
	}
	next := 0
	for i, r := range requests[:20] {
		if len(r) != m.Counts()[i] {
			t.Fatalf("request %d has %d documents, want %d", i, len(r), m.Counts()[i])
		}
		for _, p := range r {
			if want := fmt.Sprintf("q%d ?", (next)%5); p.Query != want && p.Query != r[0].Query {
				t.Errorf("request %d asks %q, want one query", i, p.Query)
			}
			if want := fmt.Sprintf("a%d  b%d c%d", next%5, next%5, next%5); p.Passage != want {
				t.Errorf("request %d has document %q, want %q", i, p.Passage, want)
			}
			next++
		}
	}
	again, _ := m.Requests(worded(5))
	m.Seed++
	other, _ := m.Requests(worded(5))
	if !reflect.DeepEqual(requests, again) || reflect.DeepEqual(requests, other) {
		t.Error("one seed gave two mixes, or two seeds one")
	}
}

func TestMixCutsAndJoinsTexts(t *testing.T) {
	constant := func(n int) Distribution { return Distribution{Distribution: "constant", Value: n} }
	for _, c := range []struct {
		words int
		want  []string
	}{
		{2, []string{"a0  b0", "a1  b1"}},
		{3, []string{"a0  b0 c0", "a1  b1 c1"}},
		{4, []string{"a0  b0 c0 a1", "a2  b2 c2 a0"}},
		{7, []string{"a0  b0 c0 a1  b1 c1 a2", "a0  b0 c0 a1  b1 c1 a2"}},
	} {
		requests, err := Mix{Documents: constant(2), DocumentWords: constant(c.words), QueryWords: constant(1)}.Requests(worded(3))
		if err != nil {
			t.Fatal(err)
		}
		if r := requests[0]; r[0].Passage != c.want[0] || r[1].Passage != c.want[1] || r[0].Query != "q0" || r[1].Query != "q0" {
			t.Errorf("%d words: got %q, want %q and the query q0", c.words, r, c.want)
		}
	}
	if _, err := (Mix{Documents: constant(1), DocumentWords: constant(1)}).Requests([]crossrank.Pair{{Query: "q", Passage: " "}}); err == nil {
		t.Error("a mix was made of nothing")
	}
}

func TestMixIsBounded(t *testing.T) {
	constant := func(n int) Distribution { return Distribution{Distribution: "constant", Value: n} }
	if n := len(Mix{Documents: constant(1 << 16)}.Counts()); n != maxDocuments>>16 {
		t.Errorf("%d requests of 65536 documents", n)
	}
	long := []crossrank.Pair{{Query: "q", Passage: strings.Repeat("x", 1<<20)}}
	requests, err := Mix{Documents: constant(1), DocumentWords: constant(64)}.Requests(long)
	if err != nil || len(requests) > maxText>>26+1 {
		t.Errorf("%d requests of 64 MiB, %v", len(requests), err)
	}
}

func TestReadRequests(t *testing.T) {
	file := filepath.Join(t.TempDir(), "requests.jsonl")
	for _, c := range []struct{ what, text, want string }{
		{"texts", `{"query":"q","documents":["a","b"],"user":7}` + "\n\n", ""},
		{"numbers, with times", `{"documents":2,"at":1.5}` + "\n" + `{"documents":1,"at":1.5}`, ""},
		{"nothing", "\n", "has no requests"},
		{"no JSON", "x", "requests.jsonl:1: not a request"},
		{"no documents", `{"query":"q"}`, `requests.jsonl:1: "documents" is missing`},
		{"none", `{"query":"q","documents":[]}`, "one at least"},
		{"numbers among the texts", `{"query":"q","documents":[1]}`, "must be a list of texts"},
		{"a number below 1", `{"documents":0}`, `"documents" is 0`},
		{"half a document", `{"documents":1.5}`, `"documents" is 1.5`},
		{"texts without a query", `{"documents":["a"]}`, `"query" is missing`},
		{"a query without texts", `{"query":"q","documents":3}`, `"query" stands beside a number`},
		{"times of some", `{"documents":1,"at":1}` + "\n" + `{"documents":1}`, `requests.jsonl:2: "at" is given by some`},
		{"times of others", `{"documents":1}` + "\n" + `{"documents":1,"at":1}`, `requests.jsonl:2: "at" is given by some`},
		{"times that fall", `{"documents":1,"at":1}` + "\n" + `{"documents":1,"at":0}`, "before that of the line above"},
		{"a time out of range", `{"documents":1,"at":1e300}`, "not a time in seconds"},
	} {
		if err := os.WriteFile(file, []byte(c.text), 0o666); err != nil {
			t.Fatal(err)
		}
		r, err := ReadRequests(file)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.what, err, c.want)
		}
		if err != nil {
			continue
		}
		requests, err := r.Requests(worded(4))
		if err != nil || !strings.HasPrefix(r.Hash, "sha256:") {
			t.Errorf("%s: %v, %q", c.what, err, r.Hash)
		}
		switch c.what {
		case "texts":
			if want := [][]crossrank.Pair{{{Query: "q", Passage: "a"}, {Query: "q", Passage: "b"}}}; !reflect.DeepEqual(requests, want) || r.At != nil {
				t.Errorf("got %q at %v", requests, r.At)
			}
		default:
			if !slices.Equal(r.Counts(), []int{2, 1}) || requests[1][0].Query != "q2 ?" || len(requests[0]) != 2 || r.At[1] != 1500*time.Millisecond {
				t.Errorf("got %q at %v", requests, r.At)
			}
		}
	}
}

// A mix is sent as it is, around its end, and the warm-up takes its last requests. Records have the
// documents of each.
func TestMixIsSent(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		mixed := [][]crossrank.Pair{numbered(1), numbered(2), numbered(3)}
		f := &fake{}
		cfg := Config{Mixed: mixed, Requests: 4, Warmup: 1, Concurrency: 1}
		res, err := Run(t.Context(), f, cfg)
		if err != nil || res.Pairs != 1+2+3+1 {
			t.Fatalf("got %+v and %v, want 7 pairs", res, err)
		}
		var sizes []int
		for _, pairs := range f.asked {
			sizes = append(sizes, len(pairs))
		}
		if want := []int{3, 1, 2, 3, 1}; !slices.Equal(sizes, want) {
			t.Errorf("sent requests of %v pairs, want %v", sizes, want)
		}
	})
}

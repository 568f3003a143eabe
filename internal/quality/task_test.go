package quality

import (
	"context"
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/dataset"
	"github.com/crossrank/crossrank/internal/scorertest"
)

// Of the first query the relevant document, of grade 2, is second of the two candidates by BM25 and
// first by the scores; a relevant one, of grade 1, was no candidate. Of the second query the only
// relevant one is last of two either way.
func TestTaskRank(t *testing.T) {
	task := &Task{Collection: &dataset.Collection{Name: "c"}, Candidates: []dataset.Candidates{
		{Documents: []dataset.Text{{ID: "1"}, {ID: "2"}}, Grades: []float64{0, 2}, Judged: []float64{1, 2}},
		{Documents: []dataset.Text{{ID: "3"}, {ID: "4"}}, Grades: []float64{0, 1}, Judged: []float64{1}},
	}, Pairs: make([]crossrank.Pair, 4)}
	j := task.Rank([]float64{1, 2, 5, 4})
	second := 1 / math.Log2(3)
	best := 2 + second
	for _, c := range []struct {
		what      string
		got, want float64
	}{
		{"nDCG@10", j.NDCG10, (2/best + second) / 2}, {"MRR@10", j.MRR10, (1 + 0.5) / 2},
		{"nDCG@10 of BM25", j.FirstNDCG, (2*second/best + second) / 2}, {"MRR@10 of BM25", j.FirstMRR, 0.5},
		{"queries", float64(j.Queries), 2}, {"pairs", float64(j.Pairs), 4},
	} {
		if math.Abs(c.got-c.want) > 1e-12 {
			t.Errorf("%s is %v, want %v", c.what, c.got, c.want)
		}
	}
}

func TestOpenTask(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "judged")
	if err := os.Mkdir(dir, 0o777); err != nil {
		t.Fatal(err)
	}
	write := func(name, text string) {
		t.Helper()
		if err := os.WriteFile(filepath.Join(dir, name), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if _, err := OpenTask(dataset.Files{Dir: dir}, 2); err == nil {
		t.Error("no error for a folder without a collection")
	}
	write("docs.jsonl", `{"id":"1","text":"a fish"}`+"\n"+`{"id":"2","text":"a long list of fish"}`+"\n"+`{"id":"3","text":"a fish, a fish"}`+"\n")
	write("queries.tsv", "q\ta fish\nr\tlist\n")
	write("qrels.tsv", "q\t1\t1\n")
	task, err := OpenTask(dataset.Files{Dir: dir}, 2)
	if err != nil {
		t.Fatal(err)
	}
	if len(task.Candidates) != 1 || len(task.Pairs) != 2 || task.Pairs[0].Query != "a fish" {
		t.Errorf("candidates %+v, pairs %q; want two of one query", task.Candidates, task.Pairs)
	}
	if set := task.Set(); set.Name != "judged, the 2 best by BM25 of each of 1 queries" || set.Hash != task.Collection.Hash || len(set.Pairs) != 2 {
		t.Errorf("as data: %+v", set)
	}
	judged, err := task.Measure(t.Context(), &scorertest.Fake{}, 1)
	if err != nil || judged.Queries != 1 || judged.Pairs != 2 || judged.FirstMRR != 0.5 || judged.NDCG10 <= 0 {
		t.Errorf("measured: %+v and %v", judged, err)
	}
	if _, err := task.Measure(t.Context(), failing{errors.New("broken"), 2}, 2); err == nil || !strings.Contains(err.Error(), "scoring the collection") {
		t.Errorf("with a scorer that fails: got %v", err)
	}
	write("qrels.tsv", "q\t1\t0\n")
	if _, err := OpenTask(dataset.Files{Dir: dir}, 2); err == nil || !strings.Contains(err.Error(), "no query with a relevant document") {
		t.Errorf("without a relevant document: got %v", err)
	}
}

func TestLogits(t *testing.T) {
	pairs := []crossrank.Pair{{Query: "a", Passage: "1"}, {Query: "b", Passage: "2"}, {Query: "c", Passage: "3"}}
	fake := &scorertest.Fake{}
	got, err := Logits(t.Context(), fake, pairs, 2)
	if err != nil || fake.Calls() != 2 || !fake.Last().Raw {
		t.Fatalf("got %v in %d calls, want two that ask for logits", err, fake.Calls())
	}
	var want []float64
	for _, p := range pairs {
		want = append(want, float64(scorertest.Logit(p)))
	}
	if !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	broken := errors.New("broken")
	if _, err := Logits(t.Context(), failing{broken, 1}, pairs, 2); !errors.Is(err, broken) || !strings.Contains(err.Error(), "pairs 2 to 2") {
		t.Errorf("got %v, want which pairs failed and why", err)
	}
	if _, err := Logits(t.Context(), failing{nil, 1}, pairs, 2); err == nil || !strings.Contains(err.Error(), "pairs 0 to 1: 1 scores came") {
		t.Errorf("too few scores: got %v", err)
	}
}

// failing fails requests of up to so many pairs, or, without an error, answers that many scores.
type failing struct {
	err error
	n   int
}

func (f failing) Score(_ context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	if f.err != nil && len(req.Pairs) <= f.n {
		return nil, f.err
	}
	if f.err != nil {
		return &crossrank.Response{Scores: make([]float32, len(req.Pairs))}, nil
	}
	return &crossrank.Response{Scores: make([]float32, f.n)}, nil
}

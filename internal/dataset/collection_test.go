package dataset

import (
	"errors"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/material"
)

// folder writes files into a new folder.
func folder(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "small")
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(text), 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

const (
	smallDocs    = "{\"id\": \"1\", \"title\": \"Paris\", \"text\": \"is a city.\"}\n{\"id\": \"2\", \"title\": \"a fish\", \"text\": \"a fish swims\"}\n{\"id\": \"3\", \"text\": \"Paris is the capital of France\"}\n"
	smallQueries = "q1\tthe capital of France\nq2\tfish?\nq3\tnothing relevant\n"
	smallQrels   = "q1\t3\t2\nq1\t1\t1\nq2\t2\t1\nq3\t1\t-1\n"
)

func TestCollectionLayouts(t *testing.T) {
	ours := folder(t, map[string]string{"docs.jsonl": smallDocs, "queries.tsv": smallQueries, "qrels.tsv": smallQrels})
	beir := folder(t, map[string]string{
		"corpus.jsonl":   strings.ReplaceAll(smallDocs, `"id"`, `"_id"`),
		"queries.jsonl":  `{"_id": "q1", "text": "the capital of France"}` + "\n" + `{"_id": "q2", "text": "fish?", "metadata": {}}` + "\n" + `{"_id": "q3", "text": "nothing relevant"}`,
		"qrels/test.tsv": "query-id\tcorpus-id\tscore\n" + smallQrels,
	})
	for _, dir := range []string{ours, beir} {
		c, err := LoadCollection(Files{Dir: dir}, 2)
		if err != nil {
			t.Fatal(err)
		}
		if c.Name != "small" || len(c.Documents) != 3 || len(c.Queries) != 3 || !strings.HasPrefix(c.Hash, "sha256:") {
			t.Errorf("%s: %+v", dir, c)
		}
		if c.Documents[0].Text != "Paris is a city." || c.Documents[1].Text != "a fish swims" {
			t.Errorf("titles: %q", c.Documents)
		}
		all := c.Candidates()
		if len(all) != 2 || all[0].Query.ID != "q1" || all[1].Documents[0].ID != "2" {
			t.Fatalf("candidates: %+v", all)
		}
		q1 := all[0]
		if len(q1.Documents) != 1 || q1.Documents[0].ID != "3" || len(q1.Scores) != 1 || !slices.Equal(q1.Grades, []float64{2}) || !slices.Equal(q1.Judged, []float64{1, 2}) {
			t.Errorf("candidates of the first query: %+v", q1)
		}
		if pairs := Pairs(all); len(pairs) != 2 || pairs[0].Passage != "Paris is the capital of France" || pairs[1].Query != "fish?" {
			t.Errorf("pairs: %q", pairs)
		}
	}
}

func TestRankedBreaksTiesByID(t *testing.T) {
	c := Candidates{Documents: []Text{{ID: "1"}, {ID: "9"}, {ID: "10"}}, Grades: []float64{1, 9, 10}}
	if got := c.Ranked([]float64{0, 0, 0}); !slices.Equal(got, []float64{9, 10, 1}) {
		t.Errorf("equal scores: %v, want the higher id first, as texts are ordered", got)
	}
	if got := c.Ranked([]float64{3, 1, 2}); !slices.Equal(got, []float64{1, 10, 9}) {
		t.Errorf("by score: %v", got)
	}
}

// The word "b" is in both of two documents, of 2 and 4 words, "a" in the first alone: idf(a) =
// ln(1+1.5/1.5), idf(b) = ln(1+0.5/2.5), norm = 1.2·(0.25+0.75·2/3) and 1.2·(0.25+0.75·4/3).
func TestBM25ByHand(t *testing.T) {
	got := newIndex([]Text{{"1", "A b"}, {"2", "b b c, c"}}).scores("a B?")
	want := []float64{
		math.Log(2)*2.2/(1+1.2*0.75) + math.Log(1.2)*2.2/(1+1.2*0.75),
		math.Log(1.2) * 2 * 2.2 / (2 + 1.2*1.25),
	}
	for i := range want {
		if math.Abs(got[i]-want[i]) > 1e-12 {
			t.Errorf("document %d: %v, want %v", i+1, got[i], want[i])
		}
	}
}

func TestCollectionRefusals(t *testing.T) {
	for _, c := range []struct{ what, docs, queries, qrels, want string }{
		{"no documents", "", smallQueries, smallQrels, "docs.jsonl is empty"},
		{"a document without text", `{"id":"1"}`, smallQueries, smallQrels, `docs.jsonl:1: "text" is missing`},
		{"a number as id", `{"id":1,"text":"x"}`, smallQueries, smallQrels, `docs.jsonl:1: "id" must be a string, not 1`},
		{"an id twice", smallDocs + `{"id":"1","text":"x"}`, smallQueries, smallQrels, `docs.jsonl:4: the id "1" is there twice`},
		{"no JSON", "hello", smallQueries, smallQrels, "docs.jsonl:1: reading JSON"},
		{"a query without a tab", smallDocs, "q1 hello", smallQrels, "queries.tsv:1: it must be an id, a tab"},
		{"a judgment of two cells", smallDocs, smallQueries, "q1\t1\t1\nq1\t3", "qrels.tsv:2: it must be the id"},
		{"a grade in words", smallDocs, smallQueries, "q1\t1\t1\nq1\t3\tgood", `qrels.tsv:2: the grade "good" is not a number`},
		{"a judgment twice", smallDocs, smallQueries, "q1\t1\t1\nq1\t1\t2", `qrels.tsv:2: the judgment of document "1" for query "q1" is there twice`},
		{"a grade that is no number", smallDocs, smallQueries, "q1\t1\t1\nq1\t3\tNaN", `qrels.tsv:2: the grade "NaN" is not a number`},
		{"a query twice", smallDocs, smallQueries + "q1\tx", smallQrels, `queries.tsv:4: the id "q1" is there twice`},
		{"markup as documents", "<DOC>", smallQueries, smallQrels, `docs.jsonl:1: documents must be JSON objects with "id" and "text"`},
		{"no judgments", smallDocs, smallQueries, "", "qrels.tsv has no judgments"},
	} {
		_, err := LoadCollection(Files{Dir: folder(t, map[string]string{"docs.jsonl": c.docs, "queries.tsv": c.queries, "qrels.tsv": c.qrels})}, 2)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want %q", c.what, err, c.want)
		}
	}
	if _, err := LoadCollection(Files{Dir: t.TempDir()}, 2); err == nil || !strings.Contains(err.Error(), "neither docs.jsonl nor corpus.jsonl") {
		t.Errorf("an empty folder: %v", err)
	}
}

func TestCandidatesOfCranfield(t *testing.T) {
	c, err := LoadCollection(Files{Dir: material.Path(t, "collections", "cranfield")}, 20)
	if err != nil {
		t.Fatal(err)
	}
	all := c.Candidates()
	found := 0
	for _, q := range all {
		for _, g := range q.Grades {
			if g >= 1 {
				found++
			}
		}
	}
	// BM25 finds far more of the 1,612 that are relevant than chance, 20 of 1,400 documents, would:
	// 23.
	if len(all) < 200 || found < 500 {
		t.Errorf("%d queries, %d relevant documents among their candidates", len(all), found)
	}
	t.Logf("%d queries, %d relevant documents among their 20 candidates", len(all), found)
}

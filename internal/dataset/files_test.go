package dataset

import (
	"cmp"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

const smallTopics = `<?xml version="1.0"?>
<top>
<num> Number: q1
<title> Topic: the capital
 of France

<desc> Description:
Documents that name <title> it.
</top>
<TOP><!-- in another case, with closing tags -->
<NUM>q2</NUM>
<TITLE>fish?</TITLE>
</TOP>
`

// TestTrecFiles reads a corpus of tabs, TREC's topics, qrels of four columns and a run.
func TestTrecFiles(t *testing.T) {
	dir := folder(t, map[string]string{
		"collection.tsv": "1\tParis is a city.\n2\ta fish swims\n3\tParis is the capital of France\n4\tnobody ranks this\n",
		"topics.txt":     smallTopics, "qrels.txt": "q1 0 3 2\nq1 0 1 1\nq1 0 gone 1\nq2 0 2 1\nq4 0 1 1\nq5\t0\t1\t1\n",
		// The ranks of the file say nothing, the scores and then the ids do. No topic is q9.
		"bm25.run": "q1 Q0 1 1 2.5 bm25\nq1 Q0 3 2 2.5 bm25 and more\nq1\tQ0\t2\t3\t7\tbm25\nq9 Q0 unknown 1 1 bm25\n",
	})
	at := func(name string) string { return filepath.Join(dir, name) }
	c, err := LoadCollection(Files{Documents: at("collection.tsv"), Queries: at("topics.txt"), Judgments: at("qrels.txt"), Run: at("bm25.run")}, 2)
	if err != nil {
		t.Fatal(err)
	}
	if c.Name != "qrels.txt" || c.Size != 4 || len(c.Documents) != 2 || c.Run.Name != "bm25.run" || !strings.HasPrefix(c.Run.Hash, "sha256:") {
		t.Errorf("got %+v", c)
	}
	want := []string{
		"judged queries whose text is not among the queries, left out: 2",
		"judgments of documents that are not in the collection, counted as not found: 1",
		"judged queries without a document in bm25.run, counted with 0: 1",
	}
	if !slices.Equal(c.Notes, want) {
		t.Errorf("notes %q, want %q", c.Notes, want)
	}
	all := c.Candidates()
	if len(all) != 2 || all[0].Query.Text != "the capital of France" || all[1].Query.ID != "q2" || len(all[1].Documents) != 0 {
		t.Fatalf("candidates: %+v", all)
	}
	q1 := all[0]
	if q1.Documents[0].ID != "2" || q1.Documents[1].ID != "3" || !slices.Equal(q1.Scores, []float64{7, 2.5}) ||
		!slices.Equal(q1.Grades, []float64{0, 2}) || !slices.Equal(q1.Known, []bool{false, true}) || !slices.Equal(q1.Judged, []float64{1, 1, 2}) {
		t.Errorf("the first query: %+v", q1)
	}
}

// TestFilesInPlaceOfTheFolders has a file take the place of each part of a folder.
func TestFilesInPlaceOfTheFolders(t *testing.T) {
	dir := folder(t, map[string]string{
		"corpus.jsonl": strings.ReplaceAll(smallDocs, `"id"`, `"_id"`), "queries.jsonl": `{"_id": "q1", "text": "France"}`,
		"qrels/test.tsv": "query-id\tcorpus-id\tscore\nq1\t1\t1\n", "qrels/dev.tsv": "q1\t2\t1\n", "other.tsv": "q1\t3\t1\n",
		"few.jsonl": `{"id": "3", "text": "France"}`, "one.tsv": "q1\tfish\n",
	})
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, tt := range []struct {
		what  string
		files Files
		want  string // the judged document
		size  int
		query string
	}{
		{"the split test", Files{Dir: dir}, "1", 3, "France"},
		{"another split", Files{Dir: dir, Split: "dev"}, "2", 3, "France"},
		{"judgments", Files{Dir: dir, Judgments: at("other.tsv")}, "3", 3, "France"},
		{"queries", Files{Dir: dir, Queries: at("one.tsv")}, "1", 3, "fish"},
		{"documents", Files{Dir: dir, Documents: at("few.jsonl")}, "1", 1, "France"},
	} {
		c, err := LoadCollection(tt.files, 10)
		if err != nil {
			t.Errorf("%s: %v", tt.what, err)
			continue
		}
		if _, judged := c.grades["q1"][tt.want]; !judged || c.Size != tt.size || c.Queries[0].Text != tt.query {
			t.Errorf("%s: %+v", tt.what, c)
		}
	}
}

func TestFilesRefusals(t *testing.T) {
	dir := folder(t, map[string]string{
		"docs.jsonl": smallDocs, "queries.tsv": smallQueries, "qrels.tsv": smallQrels,
		"cells.run": "q1 Q0 1 1 2.5\n", "score.run": "q1 Q0 1 1 2.5 x\nq1 Q0 2 2 high x\n", "nan.run": "q1 Q0 1 1 NaN x\n",
		"twice.run": "q1 Q0 1 1 2 x\nq2 Q0 1 1 1 x\nq1 Q0 1 2 1 x\n", "unknown.run": "q1 Q0 1 1 2 x\n\nq1 Q0 77 2 1 x\n", "empty.run": "\n",
		"cut.topics": "<top>\n<num> 1\n<title> x\n", "untitled.topics": "<top>\n<num> 1\n</top>\n", "unnumbered.topics": "<top>\n<title> x\n</top>\n",
		"nested.topics": "<top>\n<num> 1\n<top>\n", "other.topics": "<topics>\n<topic number=\"1\">\n", "open.topics": "<top\n", "twice.topics": smallTopics + smallTopics,
	})
	at := func(name string) string { return filepath.Join(dir, name) }
	for _, tt := range []struct {
		what, want string
		files      Files
	}{
		{"a split of one file", `has one file of judgments, qrels.tsv, and no split "dev"`, Files{Split: "dev"}},
		{"too few columns", "cells.run:1: it must be a query, Q0, a document", Files{Run: at("cells.run")}},
		{"a score in words", `score.run:2: the score "high" is not a number`, Files{Run: at("score.run")}},
		{"a score that is no number", `nan.run:1: the score "NaN" is not a number`, Files{Run: at("nan.run")}},
		{"a document twice", `twice.run:3: the document "1" is there twice for query "q1", first in line 1`, Files{Run: at("twice.run")}},
		{"an unknown document", `unknown.run:3: the document "77" is not in the collection`, Files{Run: at("unknown.run")}},
		{"an empty run", "empty.run is empty", Files{Run: at("empty.run")}},
		{"no run", "opening the collection: open ", Files{Run: at("no.run")}},
		{"topics that end early", "cut.topics ends within a topic: </top> is missing", Files{Queries: at("cut.topics")}},
		{"a topic without a title", "untitled.topics:3: topic 1 has no <title>", Files{Queries: at("untitled.topics")}},
		{"a topic without a number", "unnumbered.topics:3: the topic that ends here has no <num>", Files{Queries: at("unnumbered.topics")}},
		{"a topic within a topic", "nested.topics:3: a topic begins within another", Files{Queries: at("nested.topics")}},
		{"other markup", "other.topics:1: a topic must begin with <top>, not <topics>", Files{Queries: at("other.topics")}},
		{"a tag without an end", "open.topics:1: the tag <top has no end", Files{Queries: at("open.topics")}},
		{"a topic twice", `the id "q1" is there twice`, Files{Queries: at("twice.topics")}},
	} {
		tt.files.Dir = dir
		if _, err := LoadCollection(tt.files, 2); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%s: %v, want %q", tt.what, err, tt.want)
		}
	}
	if _, err := LoadCollection(Files{Documents: at("docs.jsonl"), Queries: at("queries.tsv")}, 2); err == nil || !strings.Contains(err.Error(), "needs a file of judgments") {
		t.Errorf("no judgments: %v", err)
	}
}

// TestBM25KeepsTheBest finds the same best documents, however many are asked for, as a sort of all
// scores.
func TestBM25KeepsTheBest(t *testing.T) {
	set := Synthetic(400, 5)
	var docs []Text
	for i, p := range set.Pairs {
		docs = append(docs, Text{ID: strings.Repeat("x", i%7) + string(rune('a'+i%26)) + strings.Repeat("y", i/26), Text: p.Passage})
	}
	ix := newIndex(docs)
	for _, p := range set.Pairs[:20] {
		all, scores := ix.search(p.Query, docs, len(docs))
		if !slices.IsSortedFunc(scores, func(a, b float64) int { return cmp.Compare(b, a) }) {
			t.Fatalf("%q: scores %v are not in order", p.Query, scores)
		}
		for _, n := range []int{1, 3, 20} {
			found, best := ix.search(p.Query, docs, n)
			if want := min(n, len(all)); !slices.Equal(found, all[:want]) || !slices.Equal(best, scores[:want]) {
				t.Errorf("%q: the %d best are %v, want %v", p.Query, n, found, all[:want])
			}
		}
	}
	if found, _ := ix.search("zzz", docs, 5); len(found) != 0 {
		t.Errorf("a word of no document finds %v", found)
	}
}

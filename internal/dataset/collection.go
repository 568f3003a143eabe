package dataset

import (
	"crypto/sha256"
	"fmt"
	"hash"
	"io"
	"os"
)

// Collection is documents and queries with relevance judgments: a test of how well scores rank.
// It is never changed, so any number of goroutines can use it.
type Collection struct {
	Name      string // of its folder, or of its judgments
	Hash      string // "sha256:…" of its files, one after another, without the run
	Size      int    // documents of the collection
	Documents []Text // all of them, or those of the run
	Queries   []Text
	Run       *Run     // the first stage; nil means BM25
	Notes     []string // what the judgments have and the other files lack

	most   int                           // candidates per query
	places map[string]int                // of Documents by id, for the run
	grades map[string]map[string]float64 // by query and document; at least 1 means relevant
}

// Text is a document or a query.
type Text struct{ ID, Text string }

// LoadCollection reads a judged collection. A folder has one of two layouts:
//
//   - docs.jsonl, an object with "id", "text" and optionally "title" per line; queries.tsv, an id
//     and a text per line; qrels.tsv, the ids of a query and of a document and a grade per line;
//     columns are separated by tabs;
//   - that of BEIR (Thakur et al. 2021): corpus.jsonl and queries.jsonl with "_id", "text" and
//     optionally "title"; qrels/test.tsv as above, under a line with the names of the columns.
//
// A file is read by what it begins with: documents and queries are JSON objects, as in files named
// .jsonl, or an id, a tab and a text per line. Queries may also be TREC's topics, and judgments
// TREC's qrels of four columns. A title is put before the text of its document, unless the text
// begins with it.
//
// Of a collection with a run, the n best documents of each query are candidates, and the others are
// not kept. Errors about a line are of type *[LineError].
func LoadCollection(f Files, n int) (*Collection, error) {
	f, err := f.complete()
	if err != nil {
		return nil, err
	}
	c := &Collection{most: n, grades: map[string]map[string]float64{}}
	if c.Name, err = f.name(); err != nil {
		return nil, err
	}
	var keep map[string]bool
	if f.Run != "" {
		if c.Run, err = ReadRun(f.Run, n); err != nil {
			return nil, err
		}
		keep = c.Run.documents()
	}
	return c, c.read(f, keep)
}

// read reads the files. Of the documents it keeps those of keep, or all of them if that is nil.
func (c *Collection) read(f Files, keep map[string]bool) error {
	sum := sha256.New()
	ids := map[string]bool{} // of documents
	err := eachText(f.Documents, sum, false, func(t Text) error {
		if ids[t.ID] {
			return twice(t.ID)
		}
		ids[t.ID] = true
		if keep == nil || keep[t.ID] {
			c.Documents = append(c.Documents, t)
		}
		return nil
	})
	queries := map[string]bool{}
	if err == nil {
		err = eachText(f.Queries, sum, true, func(t Text) error {
			if queries[t.ID] {
				return twice(t.ID)
			}
			queries[t.ID] = true
			c.Queries = append(c.Queries, t)
			return nil
		})
	}
	if err == nil {
		err = eachLine(f.Judgments, sum, c.judge)
	}
	if err == nil && len(c.grades) == 0 {
		err = fmt.Errorf("%s has no judgments", f.Judgments)
	}
	if err != nil {
		return err
	}
	c.Hash = fmt.Sprintf("sha256:%x", sum.Sum(nil))
	c.Size = len(ids)
	c.note(ids, queries)
	return c.resolveRun()
}

func twice(id string) error { return fmt.Errorf("the id %q is there twice", id) }

// note notes what the judgments have and the other files lack.
func (c *Collection) note(documents, queries map[string]bool) {
	lostQueries, lostDocuments := 0, 0
	for query, grades := range c.grades {
		if !queries[query] {
			lostQueries++
		}
		for document := range grades {
			if !documents[document] {
				lostDocuments++
			}
		}
	}
	if lostQueries > 0 {
		c.Notes = append(c.Notes, fmt.Sprintf("judged queries whose text is not among the queries, left out: %d", lostQueries))
	}
	if lostDocuments > 0 {
		c.Notes = append(c.Notes, fmt.Sprintf("judgments of documents that are not in the collection, counted as not found: %d", lostDocuments))
	}
}

// eachLine calls f with every line that is not blank, and with its number; the file's bytes go to
// sum, too.
func eachLine(path string, sum hash.Hash, f func(line []byte, number int) error) error {
	file, err := os.Open(path)
	if err != nil {
		return fmt.Errorf("opening the collection: %w", err)
	}
	defer file.Close()
	lines := NewLines(io.TeeReader(file, sum), path)
	for {
		line, err := lines.Next()
		if err == io.EOF {
			return nil
		}
		if err == nil {
			if err = f(line, lines.number); err != nil {
				err = lines.wrong(err)
			}
		}
		if err != nil {
			return err
		}
	}
}

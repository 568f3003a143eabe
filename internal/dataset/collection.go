package dataset

import (
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
)

// Collection is documents and queries with relevance judgments: a test of how well scores rank.
// It is never changed, so any number of goroutines can use it.
type Collection struct {
	Name      string // of its folder
	Hash      string // "sha256:…" of its files, one after another
	Documents []Text
	Queries   []Text
	grades    map[string]map[string]float64 // by query and document; at least 1 means relevant
}

// Text is a document or a query.
type Text struct{ ID, Text string }

// layout is the files of a collection.
type layout struct {
	documents, queries, grades string
	id                         string // member of JSON objects that is the id
}

// layouts are those that [LoadCollection] reads. The file of the documents decides which.
var layouts = []layout{
	{"docs.jsonl", "queries.tsv", "qrels.tsv", "id"},
	{"corpus.jsonl", "queries.jsonl", "qrels/test.tsv", "_id"},
}

// LoadCollection reads the judged collection of a folder, which has one of two layouts:
//
//   - docs.jsonl, an object with "id", "text" and optionally "title" per line; queries.tsv, an id
//     and a text per line; qrels.tsv, the ids of a query and of a document and a grade per line;
//     columns are separated by tabs;
//   - that of BEIR (Thakur et al. 2021): corpus.jsonl and queries.jsonl with "_id", "text" and
//     optionally "title"; qrels/test.tsv as above, under a line with the names of the columns.
//
// A title is put before the text of its document, unless the text begins with it. A query without a
// document of grade 1 or more has no candidates. Errors about a line are of type *[LineError].
func LoadCollection(dir string) (*Collection, error) {
	for _, l := range layouts {
		if _, err := os.Stat(filepath.Join(dir, l.documents)); errors.Is(err, fs.ErrNotExist) {
			continue
		} else if err != nil {
			return nil, fmt.Errorf("opening the collection: %w", err)
		}
		return l.load(dir)
	}
	return nil, fmt.Errorf("%s has no judged collection: neither %s nor %s is there", dir, layouts[0].documents, layouts[1].documents)
}

func (l layout) load(dir string) (*Collection, error) {
	path, err := filepath.Abs(dir)
	if err != nil {
		return nil, fmt.Errorf("opening the collection: %w", err)
	}
	c := &Collection{Name: filepath.Base(path), grades: map[string]map[string]float64{}}
	sum := sha256.New()
	c.Documents, err = texts(dir, l.documents, l.id, sum)
	if err == nil {
		c.Queries, err = texts(dir, l.queries, l.id, sum)
	}
	if err == nil {
		err = eachLine(filepath.Join(dir, l.grades), sum, c.grade)
	}
	if err == nil && len(c.grades) == 0 {
		err = fmt.Errorf("%s has no judgments", filepath.Join(dir, l.grades))
	}
	if err != nil {
		return nil, err
	}
	c.Hash = fmt.Sprintf("sha256:%x", sum.Sum(nil))
	return c, nil
}

// texts reads documents or queries, whose ids must differ.
func texts(dir, name, id string, sum hash.Hash) ([]Text, error) {
	parse := parseTab
	if strings.HasSuffix(name, ".jsonl") {
		parse = func(line []byte) (Text, error) { return parseText(line, id) }
	}
	var all []Text
	seen := map[string]bool{}
	path := filepath.Join(dir, name)
	err := eachLine(path, sum, func(line []byte, _ int) error {
		t, err := parse(line)
		if err == nil && seen[t.ID] {
			err = fmt.Errorf("the id %q is there twice", t.ID)
		}
		seen[t.ID] = true
		all = append(all, t)
		return err
	})
	if err == nil && len(all) == 0 {
		err = fmt.Errorf("%s is empty", path)
	}
	return all, err
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

func parseText(line []byte, id string) (Text, error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(line, &members); err != nil {
		return Text{}, fmt.Errorf("reading JSON: %w", err)
	}
	var t Text
	var title string
	for _, m := range []struct {
		key    string
		dst    *string
		needed bool
	}{{id, &t.ID, true}, {"text", &t.Text, true}, {"title", &title, false}} {
		raw, ok := members[m.key]
		switch {
		case !ok && m.needed:
			return Text{}, fmt.Errorf("%q is missing", m.key)
		case !ok || bytes.Equal(raw, []byte("null")) && !m.needed:
		case raw[0] != '"':
			return Text{}, fmt.Errorf("%q must be a string, not %.40s", m.key, raw)
		default:
			if err := json.Unmarshal(raw, m.dst); err != nil {
				return Text{}, fmt.Errorf("reading %q: %w", m.key, err)
			}
		}
	}
	if !strings.HasPrefix(t.Text, title) {
		t.Text = strings.TrimSpace(title + " " + t.Text)
	}
	return t, nil
}

func parseTab(line []byte) (Text, error) {
	id, text, ok := strings.Cut(string(line), "\t")
	if !ok || id == "" {
		return Text{}, errors.New("it must be an id, a tab and a text")
	}
	return Text{id, text}, nil
}

// grade reads a judgment. BEIR's files begin with the names of their columns.
func (c *Collection) grade(line []byte, number int) error {
	cells := strings.Split(string(line), "\t")
	if len(cells) != 3 {
		return errors.New("it must be the id of a query, that of a document and a grade, with tabs between them")
	}
	grade, err := strconv.ParseFloat(cells[2], 64)
	if err != nil {
		if number == 1 {
			return nil
		}
		return fmt.Errorf("the grade %q is not a number", cells[2])
	}
	if c.grades[cells[0]] == nil {
		c.grades[cells[0]] = map[string]float64{}
	}
	c.grades[cells[0]][cells[1]] = grade
	return nil
}

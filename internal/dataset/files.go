package dataset

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
)

// Files says where the parts of a collection are. Each of Documents, Queries and Judgments takes
// the place of the folder's file; without a folder all three are needed.
type Files struct {
	Dir   string // folder in one of the layouts of [LoadCollection]; may be empty
	Split string // BEIR's file of judgments, qrels/SPLIT.tsv; empty means test

	Documents string
	Queries   string
	Judgments string

	Run string // ranking of the first stage, in the format of TREC; empty means BM25
}

// layout is the files of a collection, in a folder.
type layout struct{ documents, queries, judgments string }

// layouts are those that [LoadCollection] reads. The file of the documents decides which.
var layouts = []layout{
	{"docs.jsonl", "queries.tsv", "qrels.tsv"},
	{"corpus.jsonl", "queries.jsonl", "qrels/%s.tsv"},
}

// name is that of the folder, or of the judgments without one.
func (f Files) name() (string, error) {
	path, err := filepath.Abs(cmp.Or(f.Dir, f.Judgments))
	if err != nil {
		return "", fmt.Errorf("opening the collection: %w", err)
	}
	return filepath.Base(path), nil
}

// complete returns f with the files of its folder in the place of those that are empty.
func (f Files) complete() (Files, error) {
	if f.Dir == "" {
		for _, part := range []struct{ path, what string }{
			{f.Documents, "documents"}, {f.Queries, "queries"}, {f.Judgments, "judgments"},
		} {
			if part.path == "" {
				return f, fmt.Errorf("a collection without a folder needs a file of %s", part.what)
			}
		}
		return f, nil
	}
	l, err := layoutOf(f.Dir, f.Documents != "")
	if err != nil {
		return f, err
	}
	if f.Split != "" && l == layouts[0] && f.Judgments == "" {
		return f, fmt.Errorf("%s has one file of judgments, %s, and no split %q", f.Dir, l.judgments, f.Split)
	}
	if l == layouts[1] {
		l.judgments = fmt.Sprintf(l.judgments, cmp.Or(f.Split, "test"))
	}
	f.Documents = cmp.Or(f.Documents, filepath.Join(f.Dir, l.documents))
	f.Queries = cmp.Or(f.Queries, filepath.Join(f.Dir, l.queries))
	f.Judgments = cmp.Or(f.Judgments, filepath.Join(f.Dir, l.judgments))
	return f, nil
}

// layoutOf finds the layout of a folder by its documents, or by its queries if the documents are
// elsewhere.
func layoutOf(dir string, elsewhere bool) (layout, error) {
	for _, l := range layouts {
		mark := l.documents
		if elsewhere {
			mark = l.queries
		}
		_, err := os.Stat(filepath.Join(dir, mark))
		if err == nil {
			return l, nil
		}
		if !errors.Is(err, fs.ErrNotExist) {
			return layout{}, fmt.Errorf("opening the collection: %w", err)
		}
	}
	if elsewhere {
		return layouts[0], nil // reading its files says which is missing
	}
	return layout{}, fmt.Errorf("%s has no judged collection: neither %s nor %s is there", dir, layouts[0].documents, layouts[1].documents)
}

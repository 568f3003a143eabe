// Package dataset provides the pairs that a load consists of: from a file ([Load]), or synthetic
// ones for machines without data ([Synthetic]). The [Set] says which, so that results can say what
// they were measured on. Synthetic pairs never replace a file that was asked for.
//
// It also reads collections with relevance judgments ([LoadCollection]), and chooses the candidates
// for their queries with BM25, the first stage that a reranker follows ([Collection.Candidates]).
package dataset

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/crossrank/crossrank"
)

// Set is a list of pairs and their origin. It is never changed, so any number of
// goroutines can use it.
type Set struct {
	Pairs []crossrank.Pair
	Name  string // the file's name without its folders, or "synthetic"
	Hash  string // "sha256:…" of the file, or "synthetic, seed N"
}

// Load reads the pairs of a JSON Lines file; see [Read].
func Load(path string) (*Set, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the pairs: %w", err)
	}
	defer f.Close()
	set, err := Read(f, path)
	if err != nil {
		return nil, err
	}
	set.Name = filepath.Base(path) // the folder says nothing; the hash says what it is
	return set, nil
}

// Read reads pairs, one JSON object per line as in [Lines.Pair]; blank lines are skipped. Name is
// for the set and for errors. There must be a pair. Errors about a line are of type *[LineError].
func Read(r io.Reader, name string) (*Set, error) {
	sum := sha256.New()
	lines := NewLines(io.TeeReader(r, sum), name)
	set := &Set{Name: name}
	for {
		pair, err := lines.Pair()
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
		set.Pairs = append(set.Pairs, pair)
	}
	if len(set.Pairs) == 0 {
		return nil, fmt.Errorf(`%s has no pairs; each line must be {"query": "…", "passage": "…"}`, name)
	}
	set.Hash = fmt.Sprintf("sha256:%x", sum.Sum(nil))
	return set, nil
}

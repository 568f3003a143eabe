// Package dataset gives the pairs that a load is made of: those of a file with [Load], or made-up ones with
// [Synthetic], for machines that have no data. Either way the [Set] says what it is, so that a result can say what it
// was measured on, and made-up pairs never stand in for a file that was asked for.
package dataset

import (
	"crypto/sha256"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/crossrank/crossrank"
)

// Set is a list of pairs and where they are from. It is not changed once made, so it can be shared.
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
	set.Name = filepath.Base(path) // where the file lies is the machine's business; its hash says what it is
	return set, nil
}

// Read reads pairs, one JSON object a line as [Lines.Pair] has it; blank lines are passed over. Name is what the set and
// errors about r call it. At least one pair must be there. Errors about a line are of type *[LineError].
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
		return nil, fmt.Errorf(`%s holds no pairs; each line must be {"query": "…", "passage": "…"}`, name)
	}
	set.Hash = fmt.Sprintf("sha256:%x", sum.Sum(nil))
	return set, nil
}

// Package dataset gives the pairs that a load is made of: those of a file with [Load], or made-up ones with
// [Synthetic], for machines that have no data. Either way the [Set] says what it is, so that a result can say what it
// was measured on, and made-up pairs never stand in for a file that was asked for.
package dataset

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/crossrank/crossrank"
)

// Set is a list of pairs and where they are from. It is not changed once made, so it can be shared.
type Set struct {
	Pairs []crossrank.Pair
	Name  string // the file's name, or "synthetic"
	Hash  string // "sha256:…" of the file, or "synthetic, seed N"
}

// LineError says which line of a file is wrong.
type LineError struct {
	File string
	Line int // counted from 1
	Err  error
}

func (e *LineError) Error() string { return fmt.Sprintf("%s:%d: %v", e.File, e.Line, e.Err) }

func (e *LineError) Unwrap() error { return e.Err }

// MaxLine is the most bytes that a line may have.
const MaxLine = 16 << 20

// Load reads the pairs of a JSON Lines file; see [Read].
func Load(path string) (*Set, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("opening the pairs: %w", err)
	}
	defer f.Close()
	return Read(f, path)
}

// Read reads pairs, one JSON object a line with the members "query" and "passage", both strings. Either may be empty,
// neither may be absent. Other members are passed over, since data often carries ids and labels beside the text, and so
// are blank lines. Name is what the set and errors about r call it. At least one pair must be there. Errors about a line
// are of type *[LineError].
func Read(r io.Reader, name string) (*Set, error) {
	sum := sha256.New()
	lines := bufio.NewReaderSize(io.TeeReader(r, sum), 64<<10)
	set := &Set{Name: name}
	for n := 1; ; n++ {
		line, err := readLine(lines)
		if err != nil && err != io.EOF {
			return nil, &LineError{name, n, err}
		}
		if n == 1 {
			line = bytes.TrimPrefix(line, []byte("\ufeff"))
		}
		if line = bytes.TrimSpace(line); len(line) > 0 {
			pair, err := parsePair(line)
			if err != nil {
				return nil, &LineError{name, n, err}
			}
			set.Pairs = append(set.Pairs, pair)
		}
		if err == io.EOF {
			break
		}
	}
	if len(set.Pairs) == 0 {
		return nil, fmt.Errorf(`%s holds no pairs; each line must be {"query": "…", "passage": "…"}`, name)
	}
	set.Hash = fmt.Sprintf("sha256:%x", sum.Sum(nil))
	return set, nil
}

// readLine gives the next line. The last one comes with io.EOF.
func readLine(r *bufio.Reader) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		if len(line) > MaxLine {
			return nil, fmt.Errorf("the line has more than %d bytes", MaxLine)
		}
		if err != bufio.ErrBufferFull {
			return line, err
		}
	}
}

func parsePair(line []byte) (pair crossrank.Pair, err error) {
	var members map[string]json.RawMessage
	if err := json.Unmarshal(line, &members); err != nil {
		var kind *json.UnmarshalTypeError
		if errors.As(err, &kind) {
			return pair, fmt.Errorf("it must be an object, not %s", kind.Value)
		}
		return pair, fmt.Errorf("reading JSON: %w", err)
	}
	for _, m := range []struct {
		key string
		dst *string
	}{{"query", &pair.Query}, {"passage", &pair.Passage}} {
		raw, ok := members[m.key]
		if !ok {
			return pair, fmt.Errorf("%q is missing", m.key)
		}
		if raw[0] != '"' {
			return pair, fmt.Errorf("%q must be a string, not %.40s", m.key, raw)
		}
		if err := json.Unmarshal(raw, m.dst); err != nil {
			return pair, fmt.Errorf("reading %q: %w", m.key, err)
		}
	}
	return pair, nil
}

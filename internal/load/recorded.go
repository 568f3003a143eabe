package load

import (
	"bufio"
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"strings"
	"time"

	"github.com/crossrank/crossrank"
)

// Recorded is the requests of a file.
type Recorded struct {
	Hash string          // "sha256:…" of the file
	At   []time.Duration // when each was sent, never decreasing; nil if the file does not say

	lines []recordedLine
}

// recordedLine is a request: its texts, or a number of documents from the data.
type recordedLine struct {
	query string
	texts []string
	n     int
}

const maxRecordedLine = 16 << 20

// ReadRequests reads requests, one JSON object per line. "documents" is a list of texts and "query"
// their query; or it is a number, and all texts come from the data, as for a trace that was
// recorded without texts. "at" may say when the request was sent, in seconds from any beginning.
// Other members and empty lines are skipped.
func ReadRequests(path string) (*Recorded, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading requests: %w", err)
	}
	defer f.Close()
	sum, r := sha256.New(), &Recorded{}
	in := bufio.NewScanner(io.TeeReader(f, sum))
	in.Buffer(nil, maxRecordedLine)
	n := 0
	for in.Scan() {
		n++
		if line := strings.TrimSpace(in.Text()); line != "" {
			if err := r.add(line); err != nil {
				return nil, fmt.Errorf("%s:%d: %w", path, n, err)
			}
		}
	}
	if err := in.Err(); errors.Is(err, bufio.ErrTooLong) {
		return nil, fmt.Errorf("%s:%d: the line has more than %d bytes", path, n+1, maxRecordedLine)
	} else if err != nil {
		return nil, fmt.Errorf("reading the requests %s: %w", path, err)
	}
	if len(r.lines) == 0 {
		return nil, fmt.Errorf(`%s has no requests; a line is {"query": "…", "documents": ["…"]}, or {"documents": 10}`, path)
	}
	r.Hash = fmt.Sprintf("sha256:%x", sum.Sum(nil))
	return r, nil
}

func (r *Recorded) add(text string) error {
	var in struct {
		Query     *string         `json:"query"`
		Documents json.RawMessage `json:"documents"`
		At        *float64        `json:"at"`
	}
	if err := json.Unmarshal([]byte(text), &in); err != nil {
		return fmt.Errorf("not a request: %w", err)
	}
	line, err := documentsOf(in.Documents)
	switch {
	case err != nil:
		return err
	case line.texts != nil && in.Query == nil:
		return errors.New(`"query" is missing, but there are documents for it`)
	case line.texts == nil && in.Query != nil:
		return errors.New(`"query" stands beside a number of documents, whose texts come from the data; give the texts, or no query`)
	}
	if in.Query != nil {
		line.query = *in.Query
	}
	if err := r.sent(in.At); err != nil {
		return err
	}
	if len(r.lines) == maxSchedule {
		return fmt.Errorf("more than %d requests are too many", maxSchedule)
	}
	r.lines = append(r.lines, line)
	return nil
}

func documentsOf(raw json.RawMessage) (line recordedLine, err error) {
	switch {
	case len(raw) == 0:
		return line, errors.New(`"documents" is missing: a list of texts, or their number`)
	case raw[0] == '[':
		if err := json.Unmarshal(raw, &line.texts); err != nil || len(line.texts) == 0 {
			return line, errors.New(`"documents" must be a list of texts, with one at least`)
		}
		line.n = len(line.texts)
		return line, nil
	}
	if err := json.Unmarshal(raw, &line.n); err != nil || line.n < 1 || line.n > maxDocuments {
		return line, fmt.Errorf(`"documents" is %.40s; it is a list of texts, or their number, from 1 to %d`, raw, maxDocuments)
	}
	return line, nil
}

// sent notes when a request was sent. All requests say that, or none.
func (r *Recorded) sent(at *float64) error {
	if (at == nil) != (len(r.At) == 0) && len(r.lines) > 0 {
		return errors.New(`"at" is given by some requests and not by others`)
	}
	if at == nil {
		return nil
	}
	if !(math.Abs(*at) < 1e9) {
		return fmt.Errorf(`"at" is %g, which is not a time in seconds`, *at)
	}
	d := time.Duration(*at * 1e9)
	if n := len(r.At); n > 0 && d < r.At[n-1] {
		return fmt.Errorf(`"at" is %v, before that of the line above; sort the lines`, d)
	}
	r.At = append(r.At, d)
	return nil
}

// Counts returns the number of documents of each request.
func (r *Recorded) Counts() []int {
	counts := make([]int, len(r.lines))
	for i, line := range r.lines {
		counts[i] = line.n
	}
	return counts
}

// Requests makes the requests. Those without texts have texts of pairs.
func (r *Recorded) Requests(pairs []crossrank.Pair) ([][]crossrank.Pair, error) {
	var t *texts
	total := 0
	requests := make([][]crossrank.Pair, len(r.lines))
	for i, line := range r.lines {
		if total += line.n; total > 64*maxDocuments {
			return nil, fmt.Errorf("the recorded requests have more than %d documents", 64*maxDocuments)
		}
		if line.texts == nil {
			if t == nil {
				var err error
				if t, err = newTexts(pairs); err != nil {
					return nil, err
				}
			}
			requests[i] = t.request(line.n)
			continue
		}
		requests[i] = make([]crossrank.Pair, line.n)
		for j, text := range line.texts {
			requests[i][j] = crossrank.Pair{Query: line.query, Passage: text}
		}
	}
	return requests, nil
}

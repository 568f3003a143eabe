package dataset

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"math"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"github.com/crossrank/crossrank/internal/stats"
)

// Run is a ranking of documents for queries, from a file in the format of TREC.
type Run struct {
	Name    string // the file's name without its folders
	Hash    string // "sha256:…" of the file
	queries map[string][]retrieved
	path    string
}

// retrieved is a document that a run has for a query.
type retrieved struct {
	id    string
	score float64
	line  int
}

// ReadRun reads a run file: a query, a word without a meaning (Q0), a document, a rank, a score and
// the name of the run per line, with blanks between them. As trec_eval does, it ranks by the
// scores, ties by the higher id, and ignores the ranks of the file. It keeps the n best of each
// query. Errors about a line are of type *[LineError].
func ReadRun(path string, n int) (*Run, error) {
	r := &Run{Name: filepath.Base(path), queries: map[string][]retrieved{}, path: path}
	sum := sha256.New()
	err := eachLine(path, sum, func(line []byte, number int) error {
		query, d, err := parseRetrieved(string(line))
		if err != nil {
			return err
		}
		d.line = number
		r.queries[query] = append(r.queries[query], d)
		return nil
	})
	if err == nil && len(r.queries) == 0 {
		err = fmt.Errorf("%s is empty", path)
	}
	for query, all := range r.queries {
		if err == nil {
			err = r.checkUnique(query, all)
		}
		r.queries[query] = bestRetrieved(all, n)
	}
	if err != nil {
		return nil, err
	}
	r.Hash = fmt.Sprintf("sha256:%x", sum.Sum(nil))
	return r, nil
}

func parseRetrieved(line string) (query string, d retrieved, err error) {
	cells := strings.Fields(line)
	if len(cells) < 6 {
		return "", d, errors.New("it must be a query, Q0, a document, a rank, a score and the name of the run, with blanks between them")
	}
	score, err := strconv.ParseFloat(cells[4], 64)
	if err != nil || math.IsNaN(score) || math.IsInf(score, 0) {
		return "", d, fmt.Errorf("the score %q is not a number", cells[4])
	}
	return cells[0], retrieved{id: cells[2], score: score}, nil
}

// checkUnique refuses a query that has a document twice.
func (r *Run) checkUnique(query string, all []retrieved) error {
	byID := slices.SortedFunc(slices.Values(all), func(a, b retrieved) int {
		return cmp.Or(cmp.Compare(a.id, b.id), cmp.Compare(a.line, b.line))
	})
	for i := 1; i < len(byID); i++ {
		if byID[i].id == byID[i-1].id {
			return &LineError{r.path, byID[i].line, fmt.Errorf("the document %q is there twice for query %q, first in line %d", byID[i].id, query, byID[i-1].line)}
		}
	}
	return nil
}

func bestRetrieved(all []retrieved, n int) []retrieved {
	scores := make([]float64, len(all))
	for i, d := range all {
		scores[i] = d.score
	}
	order := stats.RankOrder(scores, func(i int) string { return all[i].id })
	best := make([]retrieved, min(n, len(all)))
	for i := range best {
		best[i] = all[order[i]]
	}
	return best
}

// documents returns the ids of all documents of the run.
func (r *Run) documents() map[string]bool {
	ids := map[string]bool{}
	for _, all := range r.queries {
		for _, d := range all {
			ids[d.id] = true
		}
	}
	return ids
}

// AppendRun appends a line of a run file to b. The score is the shortest text that reads back as
// the same number.
func AppendRun(b []byte, query, document string, rank int, score float64, name string) []byte {
	b = append(append(append(append(b, query...), " Q0 "...), document...), ' ')
	b = append(strconv.AppendInt(b, int64(rank), 10), ' ')
	b = append(strconv.AppendFloat(b, score, 'g', -1, 64), ' ')
	return append(append(b, name...), '\n')
}

package dataset

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
)

// judgment is one line of a file of judgments.
type judgment struct {
	query, document string
	grade           float64
}

// errHeader is the error of a first line that has the names of the columns.
var errHeader = errors.New("the line has names of columns")

// parseJudgment reads a line of judgments: a query, a document and a grade between tabs, as in
// BEIR, or a query, an iteration that has no meaning, a document and a grade between blanks, as in
// TREC. Of the first line of a file it may return errHeader.
func parseJudgment(line string, first bool) (judgment, error) {
	cells := strings.Split(line, "\t")
	if len(cells) != 3 && len(cells) != 4 {
		cells = strings.Fields(line)
	}
	switch len(cells) {
	case 3:
	case 4:
		cells = []string{cells[0], cells[2], cells[3]}
	default:
		return judgment{}, errors.New("it must be the id of a query, that of a document and a grade, with tabs between them, or the four columns of TREC's qrels")
	}
	grade, err := strconv.ParseFloat(strings.TrimSpace(cells[2]), 64)
	switch {
	case err != nil && first:
		return judgment{}, errHeader
	case err != nil || math.IsNaN(grade) || math.IsInf(grade, 0):
		return judgment{}, fmt.Errorf("the grade %q is not a number", cells[2])
	case cells[0] == "" || cells[1] == "":
		return judgment{}, errors.New("the id of the query or of the document is empty")
	}
	return judgment{cells[0], cells[1], grade}, nil
}

// judge reads a line of judgments into c.
func (c *Collection) judge(line []byte, number int) error {
	j, err := parseJudgment(string(line), number == 1)
	if errors.Is(err, errHeader) {
		return nil
	}
	if err != nil {
		return err
	}
	grades := c.grades[j.query]
	if grades == nil {
		grades = map[string]float64{}
		c.grades[j.query] = grades
	}
	if _, twice := grades[j.document]; twice {
		return fmt.Errorf("the judgment of document %q for query %q is there twice", j.document, j.query)
	}
	grades[j.document] = j.grade
	return nil
}

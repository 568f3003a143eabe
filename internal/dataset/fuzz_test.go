package dataset

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// FuzzParseRun: whatever a line of a run is, it is refused or gives a finite score and ids without
// blanks, which written again are read as the same.
func FuzzParseRun(f *testing.F) {
	for _, line := range []string{"q1 Q0 d1 1 2.5 run", "q1\tQ0\td1\t1\t-1e-3\trun more", "q1 Q0 d1 1 NaN run", "q1 Q0 d1", "", "é Q0 ü 0 0x1p4 r"} {
		f.Add(line)
	}
	f.Fuzz(func(t *testing.T, line string) {
		query, d, err := parseRetrieved(line)
		if err != nil {
			return
		}
		if query == "" || d.id == "" || strings.ContainsAny(query+d.id, " \t\n") || d.score-d.score != 0 {
			t.Errorf("%q gives %q and %+v", line, query, d)
		}
		again, e, err := parseRetrieved(string(AppendRun(nil, query, d.id, 1, d.score, "run")))
		if err != nil || again != query || e != d {
			t.Errorf("%q is read again as %q, %+v and %v", line, again, e, err)
		}
	})
}

func FuzzParseJudgment(f *testing.F) {
	for _, line := range []string{"q1\td1\t1", "q1 0 d1 2", "q1\t0\td1\t-1", "query-id\tcorpus-id\tscore", "q1 d1", "\t\t1", "q\td\tInf"} {
		f.Add(line, true)
	}
	f.Fuzz(func(t *testing.T, line string, first bool) {
		j, err := parseJudgment(line, first)
		if err == nil && (j.query == "" || j.document == "" || j.grade-j.grade != 0) {
			t.Errorf("%q gives %+v", line, j)
		}
		if err == errHeader && !first {
			t.Errorf("%q is a header, but not the first line", line)
		}
	})
}

// FuzzTopics: no file of queries breaks the reader, and every query has an id.
func FuzzTopics(f *testing.F) {
	f.Add(smallTopics)
	f.Add("<top>\n<num>1\n</num>\n<title>\nx\n</title>\n</top>")
	f.Add("1\tx\n2\ty\n")
	f.Add(`{"_id": "1", "text": "x"}`)
	path := filepath.Join(f.TempDir(), "queries")
	f.Fuzz(func(t *testing.T, text string) {
		if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		sum := discard{}
		_ = eachText(path, sum, true, func(q Text) error {
			if q.ID == "" && !strings.HasPrefix(strings.TrimSpace(text), "{") {
				t.Errorf("a query without an id in %q", text)
			}
			return nil
		})
	})
}

// discard is a hash of nothing.
type discard struct{}

func (discard) Write(b []byte) (int, error) { return len(b), nil }
func (discard) Sum(b []byte) []byte         { return b }
func (discard) Reset()                      {}
func (discard) Size() int                   { return 0 }
func (discard) BlockSize() int              { return 1 }

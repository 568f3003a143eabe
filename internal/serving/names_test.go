package serving

import (
	"bytes"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/crossrank/crossrank"
)

func TestNames(t *testing.T) {
	dir := t.TempDir()
	last := filepath.Base(dir)
	for _, c := range []struct {
		name   string
		models []named
		want   map[string]int // −1 = refused
	}{
		{"one model answers to every name", []named{{name: "a"}}, map[string]int{"": 0, "a": 0, "rerank-v3.5": 0}},
		{"a directory has a short name too", []named{{name: "a"}, {name: dir}}, map[string]int{last: 1, dir: 1}},
		{"several models", []named{{name: "a"}, {name: "b"}}, map[string]int{"": 0, "a": 0, "b": 1, "c": -1, "A": -1, "*": -1}},
		{"aliases replace the star", []named{{"a", []string{"x"}}}, map[string]int{"": 0, "a": 0, "x": 0, "y": -1}},
		{"aliases of several models", []named{{"a", []string{"x"}}, {"b", []string{"y", "z"}}},
			map[string]int{"x": 0, "y": 1, "z": 1, "w": -1}},
		{"the star of one of several models", []named{{name: "a"}, {"b", []string{"*"}}}, map[string]int{"": 0, "a": 0, "b": 1, "c": 1}},
		{"an alias given twice, and the model's own name", []named{{"a", []string{"x", "x", "a"}}}, map[string]int{"x": 0}},
	} {
		n, err := newNames(c.models, slog.New(slog.DiscardHandler))
		if err != nil {
			t.Fatalf("%s: %v", c.name, err)
		}
		for asked, want := range c.want {
			got, err := n.find(asked)
			if want < 0 && crossrank.CodeOf(err) != crossrank.NotFound || want >= 0 && (err != nil || got != want) {
				t.Errorf("%s: %q: got %d, %v, want %d", c.name, asked, got, err, want)
			}
		}
	}
}

func TestNamesRefuse(t *testing.T) {
	for _, models := range [][]named{
		{{"a", []string{"x"}}, {"b", []string{"x"}}},
		{{name: "a"}, {"b", []string{"a"}}},
		{{"a", []string{"*"}}, {"b", []string{"*"}}},
	} {
		if n, err := newNames(models, slog.Default()); err == nil || !strings.Contains(err.Error(), "give each name to one model") {
			t.Errorf("%v: got %v and %v", models, n, err)
		}
	}
}

// TestNamesOfEqualDirectories keeps the whole name of a second directory with the same last part.
func TestNamesOfEqualDirectories(t *testing.T) {
	a, b := filepath.Join(t.TempDir(), "m"), filepath.Join(t.TempDir(), "m")
	for _, dir := range []string{a, b} {
		if err := os.Mkdir(dir, 0o777); err != nil {
			t.Fatal(err)
		}
	}
	n, err := newNames([]named{{name: a}, {name: b}}, slog.Default())
	if err != nil || n.served[0] != "m" || n.served[1] != b {
		t.Errorf("got %+v, %v", n, err)
	}
}

// TestOtherNamesAreLoggedOnce: each once, on one line, shortened, and no more than a hundred of
// them.
func TestOtherNamesAreLoggedOnce(t *testing.T) {
	var log bytes.Buffer
	n, err := newNames([]named{{name: "a"}}, slog.New(slog.NewTextHandler(&log, nil)))
	if err != nil {
		t.Fatal(err)
	}
	long := strings.Repeat("x", 1000)
	for range 3 {
		for _, asked := range []string{"", "a", "other", long, long + "y", "b\nlevel=ERROR\x1b[31m\xff"} {
			if _, err := n.find(asked); err != nil {
				t.Fatal(err)
			}
		}
	}
	lines := strings.Split(strings.TrimSpace(log.String()), "\n")
	if len(lines) != 3 || !strings.Contains(lines[0], " asked=other answers=a ") || !strings.Contains(lines[1], " asked="+long[:100]+"… ") ||
		!strings.Contains(lines[2], " asked=\"b\ufffdlevel=ERROR\ufffd[31m\ufffd\" ") {
		t.Errorf("got %d lines, want one for each other name:\n%s", len(lines), &log)
	}
	for name := range n.warned {
		if len(name) > 110 {
			t.Errorf("a name of %d bytes is kept", len(name))
		}
	}
	for i := range 1000 {
		if _, err := n.find(fmt.Sprint(i)); err != nil {
			t.Fatal(err)
		}
	}
	if got := strings.Count(log.String(), "level=WARN"); got != maxWarned {
		t.Errorf("got %d lines, want %d", got, maxWarned)
	}
}

package dataset

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"testing/iotest"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/material"
)

func TestRead(t *testing.T) {
	long := strings.Repeat("long ", 1_000_000)
	for _, c := range []struct {
		name, text string
		want       []crossrank.Pair
	}{
		{"two lines", `{"query":"a","passage":"b"}` + "\n" + `{"query":"c","passage":"d"}` + "\n", []crossrank.Pair{{Query: "a", Passage: "b"}, {Query: "c", Passage: "d"}}},
		{"no newline at the end", `{"query":"a","passage":"b"}`, []crossrank.Pair{{Query: "a", Passage: "b"}}},
		{"Windows line ends", "{\"query\":\"a\",\"passage\":\"b\"}\r\n", []crossrank.Pair{{Query: "a", Passage: "b"}}},
		{"blank lines", "\n  \n" + `{"query":"a","passage":"b"}` + "\n\n", []crossrank.Pair{{Query: "a", Passage: "b"}}},
		{"a byte order mark", "\ufeff" + `{"query":"a","passage":"b"}`, []crossrank.Pair{{Query: "a", Passage: "b"}}},
		{"other members", `{"id":7,"passage":"b","label":[1],"query":"a"}`, []crossrank.Pair{{Query: "a", Passage: "b"}}},
		{"empty sides", `{"query":"","passage":""}`, []crossrank.Pair{{}}},
		{"escapes", `{"query":"\u00e9\n","passage":"\ud83d\ude00"}`, []crossrank.Pair{{Query: "é\n", Passage: "😀"}}},
		{"a line of 5 MB", `{"query":"a","passage":"` + long + `"}`, []crossrank.Pair{{Query: "a", Passage: long}}},
	} {
		set, err := Read(strings.NewReader(c.text), "x.jsonl")
		if err != nil || !slices.Equal(set.Pairs, c.want) || set.Name != "x.jsonl" {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if want := fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(c.text))); set.Hash != want {
			t.Errorf("%s: hash %s, want %s", c.name, set.Hash, want)
		}
	}
}

func TestReadRefusals(t *testing.T) {
	const good = `{"query":"a","passage":"b"}` + "\n"
	for _, c := range []struct{ name, text, want string }{
		{"no query", good + `{"passage":"b"}`, `x.jsonl:2: "query" is missing`},
		{"no passage", `{"query":"b"}`, `x.jsonl:1: "passage" is missing`},
		{"a key in capitals", `{"Query":"a","passage":"b"}`, `x.jsonl:1: "query" is missing`},
		{"a number", `{"query":1,"passage":"b"}`, `x.jsonl:1: "query" must be a string, not 1`},
		{"null", `{"query":"a","passage":null}`, `x.jsonl:1: "passage" must be a string, not null`},
		{"a list", good + "\n[1]", `x.jsonl:3: a line must be {"query": "…", "passage": "…"}, not a JSON array`},
		{"no JSON", good + good + "query,passage\n", `x.jsonl:3: reading JSON: invalid character`},
		{"two objects on a line", `{"query":"a","passage":"b"} {}`, `x.jsonl:1: reading JSON: invalid character '{' after`},
		{"a line cut short", `{"query":"a","pass`, `x.jsonl:1: reading JSON: unexpected end`},
		{"a line that is too long", good + strings.Repeat("x", MaxLine+1), `x.jsonl:2: the line has more than 16777216 bytes`},
	} {
		_, err := Read(strings.NewReader(c.text), "x.jsonl")
		if e := (*LineError)(nil); !errors.As(err, &e) || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
	for name, text := range map[string]string{"nothing": "", "blank lines": "\n\n"} {
		if _, err := Read(strings.NewReader(text), "x.jsonl"); err == nil || !strings.Contains(err.Error(), "x.jsonl has no pairs") {
			t.Errorf("%s: got %v", name, err)
		}
	}
	if _, err := Read(io.MultiReader(strings.NewReader(good), iotest.ErrReader(os.ErrClosed)), "x"); !errors.Is(err, os.ErrClosed) {
		t.Errorf("a reader that breaks: got %v", err)
	}
	if _, err := Load(filepath.Join(t.TempDir(), "absent.jsonl")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("an absent file: got %v", err)
	}
}

func TestLoadMaterial(t *testing.T) {
	path := material.Path(t, "pairs", "msmarco-3200.jsonl")
	set, err := Load(path)
	if err != nil || len(set.Pairs) != 3200 || set.Name != "msmarco-3200.jsonl" || !strings.HasPrefix(set.Hash, "sha256:") {
		t.Errorf("got %v", err)
	}
}

func FuzzRead(f *testing.F) {
	f.Add(`{"query":"a","passage":"b"}` + "\n")
	f.Add("\ufeff\n{}")
	f.Add(`[{"query":"a"}]`)
	f.Fuzz(func(t *testing.T, text string) {
		set, err := Read(strings.NewReader(text), "fuzz")
		if err == nil && (len(set.Pairs) == 0 || len(set.Pairs) > 1+strings.Count(text, "\n")) {
			t.Errorf("%d pairs", len(set.Pairs))
		}
	})
}

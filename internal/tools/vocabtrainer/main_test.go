package main

import (
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

// corpus writes collection files into a new folder.
func corpus(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		path := filepath.Join(dir, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

var tiny = map[string]string{
	"one/docs.jsonl": `{"id": "1", "title": "Hugs", "text": "hug hug, a pug. \u00dcber \u00fcber"}` + "\n" +
		`{"id": "2", "text": "PUG pun bun hugs once"}` + "\n",
	"one/queries.tsv": "1\twhat is a hug\n",
	"two/docs.jsonl":  `{"id": "1", "text": "\u03bb is \u03bb"}` + "\n",
	"two/other.txt":   "ignored ignored ignored\n",
}

func TestRun(t *testing.T) {
	var out, errs bytes.Buffer
	if err := run([]string{corpus(t, tiny)}, &out, &errs); err != nil {
		t.Fatal(err)
	}
	pieces := strings.Split(strings.TrimSuffix(out.String(), "\n"), "\n")
	if got := pieces[:5]; !slices.Equal(got, specials) {
		t.Errorf("the first pieces are %q", got)
	}
	for _, want := range []string{"!", "~", "a", "z", "0", "##z", "##9", "λ", "hug", "hugs", "pug", "##un", "uber", "is"} {
		if !slices.Contains(pieces, want) {
			t.Errorf("no piece %q in %q", want, pieces)
		}
	}
	for _, bad := range []string{"A", "##!", "ignored", "once", "what", "Ü", "ü", ""} {
		if slices.Contains(pieces, bad) {
			t.Errorf("there is a piece %q", bad)
		}
	}
	sorted := slices.Clone(pieces)
	slices.Sort(sorted)
	if len(slices.Compact(sorted)) != len(pieces) {
		t.Errorf("some piece stands twice in %q", pieces)
	}
}

func TestRunWritesTheSameFileAgain(t *testing.T) {
	dir := corpus(t, tiny)
	var first []byte
	for range 5 {
		path := filepath.Join(t.TempDir(), "vocab.txt")
		if err := run([]string{"-o", path, dir}, nil, new(bytes.Buffer)); err != nil {
			t.Fatal(err)
		}
		data, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		if first == nil {
			first = data
		}
		if !bytes.Equal(data, first) {
			t.Fatalf("another vocabulary from the same text:\n%q\n%q", data, first)
		}
	}
}

func TestRunRefuses(t *testing.T) {
	tests := []struct {
		name string
		args []string
		want string
	}{
		{"no folder", nil, "no folder"},
		{"a folder that is not there", []string{filepath.Join(t.TempDir(), "absent")}, "absent"},
		{"a folder without collections", []string{corpus(t, map[string]string{"a.txt": "a"})}, "no text below"},
		{"a broken document", []string{corpus(t, map[string]string{"docs.jsonl": "{}\n{"})}, "docs.jsonl:2"},
		{"a query without a tab", []string{corpus(t, map[string]string{"queries.tsv": "1 a\n"})}, "queries.tsv:1"},
		{"a size below the single characters", []string{"-size", "20", corpus(t, tiny)}, "more than the size of 20"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := run(tt.args, new(bytes.Buffer), new(bytes.Buffer))
			if err == nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got error %v, want one with %q", err, tt.want)
			}
		})
	}
}

func TestTrainJoinsTheMostFrequentFirst(t *testing.T) {
	// l·o stands together 14 times, e·s 9 and then es·t 9, lo·w 7.
	words := Words{"low": 5, "lower": 2, "lot": 7, "newest": 6, "widest": 3}
	vocab, err := Train(words, Options{Size: 1000})
	if err != nil {
		t.Fatal(err)
	}
	joins := vocab.Pieces[slices.Index(vocab.Pieces, "##z")+1:]
	want := []string{"lo", "##es", "##est"}
	if len(joins) < len(want) || !slices.Equal(joins[:len(want)], want) {
		t.Errorf("the first joins are %q, want %q", joins, want)
	}
	for word := range words {
		if !slices.Contains(vocab.Pieces, word) {
			t.Errorf("a frequent word is not a piece at the end: %q in %q", word, joins)
		}
	}
	if vocab.PerWord != 1 {
		t.Errorf("%v pieces a word, want 1", vocab.PerWord)
	}

	small, err := Train(words, Options{Size: len(vocab.Pieces) - len(joins) + 2})
	if err != nil {
		t.Fatal(err)
	}
	if got := small.Pieces; !slices.Equal(got, vocab.Pieces[:len(got)]) || len(got) != len(vocab.Pieces)-len(joins)+2 {
		t.Errorf("a smaller vocabulary is no beginning of the larger: %q", got)
	}
}

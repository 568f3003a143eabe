package main

import (
	"io"
	"slices"
	"strings"
	"testing"
)

func TestLineReader(t *testing.T) {
	for _, test := range []struct {
		name, in string
		want     []string
		lines    []int
	}{
		{"nothing", "", nil, nil},
		{"the last line may lack its end", "a\nb", []string{"a", "b"}, []int{1, 2}},
		{"blank lines are skipped but counted", "\n a\n\t \n\nb\n\n", []string{" a", "b"}, []int{2, 5}},
		{"carriage returns go", "a\r\nb\r\n", []string{"a", "b"}, []int{1, 2}},
		{"a byte order mark goes", "\ufeffa\n\ufeffb\n", []string{"a", "\ufeffb"}, []int{1, 2}},
		{"lines longer than the buffer", strings.Repeat("x", 200_000) + "\ny\n",
			[]string{strings.Repeat("x", 200_000), "y"}, []int{1, 2}},
	} {
		t.Run(test.name, func(t *testing.T) {
			r := newLineReader("test", io.NopCloser(strings.NewReader(test.in)))
			var got []string
			var lines []int
			for {
				line, err := r.Next()
				if err == io.EOF {
					break
				}
				if err != nil {
					t.Fatal(err)
				}
				got, lines = append(got, string(line)), append(lines, r.line)
			}
			if !slices.Equal(got, test.want) || !slices.Equal(lines, test.lines) {
				t.Errorf("got %q at lines %v, want %q at %v", got, lines, test.want, test.lines)
			}
		})
	}
}

func TestLineReaderBoundsALine(t *testing.T) {
	endless := io.MultiReader(strings.NewReader("ok\n"), zeros{})
	r := newLineReader("zeros", io.NopCloser(endless))
	if _, err := r.Next(); err != nil {
		t.Fatal(err)
	}
	_, err := r.Next()
	if err == nil || !strings.Contains(err.Error(), "line 2 of zeros is longer than 4 MiB") {
		t.Errorf("error %v, want one that names line 2", err)
	}
}

// zeros is an endless file without a line end.
type zeros struct{}

func (zeros) Read(b []byte) (int, error) {
	for i := range b {
		b[i] = '0'
	}
	return len(b), nil
}

func TestParsePairNamesWhatIsWrong(t *testing.T) {
	for _, test := range []struct{ name, line, want string }{
		{"no JSON", `hello`, "not a JSON object"},
		{"cut short", `{"query": "a", "pass`, "not a JSON object"},
		{"two objects", `{"query":"a","passage":"b"} {}`, "not a JSON object"},
		{"an array", `["a", "b"]`, "a JSON array, want an object"},
		{"a string", `"a"`, "a JSON string, want an object"},
		{"null", `null`, `"query" is missing`},
		{"no query", `{"passage": "b"}`, `"query" is missing`},
		{"no passage", `{"query": "b"}`, `"passage" is missing`},
		{"a null passage", `{"query": "b", "passage": null}`, `"passage" is missing`},
		{"a number for a text", `{"query": 7, "passage": "b"}`, `"query" is a JSON number, want a string`},
	} {
		t.Run(test.name, func(t *testing.T) {
			_, err := parsePair([]byte(test.line))
			if err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("error %v, want one with %q", err, test.want)
			}
		})
	}
	pair, err := parsePair([]byte(`{"query": "", "passage": "b", "id": 4}`))
	if err != nil || pair.Query != "" || pair.Passage != "b" {
		t.Errorf("got %+v, %v; an empty query and an extra key are fine", pair, err)
	}
}

package rows

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/parquet-go/parquet-go"
)

func TestKinds(t *testing.T) {
	for path, want := range map[string]string{
		"a.jsonl": "jsonl", "a.csv": "csv", "dir.csv/a.TSV.GZ": "tsv.gz", "a.ndjson.zstd": "jsonl.zst", "a.pq": "parquet",
		"a.tab": "tsv", "x.csv.zst": "csv.zst",
	} {
		k, known := KindOf(path)
		if k.String() != want || !known {
			t.Errorf("%s: %v, %v, want %s", path, k, known, want)
		}
		if parsed, err := ParseKind(want); parsed != k || err != nil {
			t.Errorf("%s: %v, %v", want, parsed, err)
		}
	}
	for _, path := range []string{"pairs", "csv", "pairs.txt", "a.csv.d/pairs", "x.parquet.gz"} {
		if k, known := KindOf(path); k.Format != JSONL || known {
			t.Errorf("%s: %v, %v", path, k, known)
		}
	}
	for _, name := range []string{"", "json", "parquet.gz", "csv.", "gz"} {
		if k, err := ParseKind(name); err == nil {
			t.Errorf("%q is %v", name, k)
		}
	}
}

// hard is texts that formats must quote or escape.
var hard = []string{
	"plain", "", " spaces ", "comma, and \"quotes\"", "two\nlines", `back\slash`, "<b>&amp;</b>", "naïve 中文 \U0001F600",
	"=1+1", "'", "\"", "\u2028", "null", "0", strings.Repeat("long ", 5000),
}

// table writes rows of an id, a query and a passage, and reads them again.
func table(t *testing.T, kind Kind, n, limit int) (path string, want [][]string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "table."+kind.String())
	f, err := os.Create(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	w, err := NewWriter(f, kind, []Column{Integer("id"), Text("query"), Text("passage"), Number("score")}, limit, nil)
	if err != nil {
		t.Fatal(err)
	}
	for i := range n {
		q, p := hard[i%len(hard)], hard[(i*7+3)%len(hard)]
		if kind.Format == TSV {
			q, p = strings.ReplaceAll(q, "\n", " "), strings.ReplaceAll(p, "\n", " ")
		}
		want = append(want, []string{fmt.Sprint(i), q, p})
		if err := w.Write([]Cell{int64(i), q, p, float32(i) / 3}); err != nil {
			t.Fatal(err)
		}
		if w.Full() {
			if _, err := w.EndGroup(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return path, want
}

// all reads the texts of a file from a mark on, and the mark before each row.
func all(t *testing.T, path string, start Mark) (texts [][]string, marks []Mark) {
	t.Helper()
	r, err := Open(path, Options{Start: start})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	if err := r.Choose("query", "passage"); err != nil {
		t.Fatal(err)
	}
	for {
		mark := r.Mark()
		row, err := r.Next()
		if err == io.EOF {
			return texts, marks
		}
		if err != nil {
			t.Fatal(err)
		}
		q, err1 := row.Text("query")
		p, err2 := row.Text("passage")
		if err := errors.Join(err1, err2); err != nil {
			t.Fatal(err)
		}
		texts, marks = append(texts, []string{q, p}), append(marks, mark)
	}
}

func everyKind(t *testing.T, f func(t *testing.T, kind Kind)) {
	for _, name := range Kinds() {
		t.Run(name, func(t *testing.T) {
			kind, err := ParseKind(name)
			if err != nil {
				t.Fatal(err)
			}
			f(t, kind)
		})
	}
}

func TestRoundTrip(t *testing.T) {
	everyKind(t, func(t *testing.T, kind Kind) {
		for _, n := range []int{0, 1, 20, 200} {
			path, want := table(t, kind, n, 64)
			got, marks := all(t, path, Mark{})
			if len(got) != n {
				t.Fatalf("%d rows, want %d", len(got), n)
			}
			for i := range got {
				if !slices.Equal(got[i], want[i][1:]) {
					t.Errorf("row %d is %q, want %q", i, got[i], want[i][1:])
				}
			}
			for i := 0; i < n; i += 13 {
				rest, again := all(t, path, marks[i])
				if len(rest) != n-i || !slices.Equal(rest[0], got[i]) || !slices.Equal(again, marks[i:]) {
					t.Fatalf("from %+v: %d rows, want %d; the marks are %v, want %v", marks[i], len(rest), n-i, again[:1], marks[i])
				}
			}
		}
	})
}

// A writer that continues after any of its groups writes the same file.
func TestContinue(t *testing.T) {
	everyKind(t, func(t *testing.T, kind Kind) {
		columns := []Column{Integer("id"), Text("query"), Number("score")}
		rows := func(w *Writer, from, to int) []Group {
			t.Helper()
			var ended []Group
			for i := from; i < to; i++ {
				cells := []Cell{int64(i), fmt.Sprint("query ", i), float32(i)}
				if i%5 == 0 {
					cells[1] = nil
				}
				if err := w.Write(cells); err != nil {
					t.Fatal(err)
				}
				if w.Full() || !kind.Grouped() && w.Rows() == 10 {
					g, err := w.EndGroup()
					if err != nil {
						t.Fatal(err)
					}
					ended = append(ended, g)
				}
			}
			if err := w.Close(); err != nil {
				t.Fatal(err)
			}
			return ended
		}
		var want bytes.Buffer
		w, err := NewWriter(&want, kind, columns, 10, nil)
		if err != nil {
			t.Fatal(err)
		}
		groups := rows(w, 0, 57)
		if len(groups) != 5 {
			t.Fatalf("%d groups", len(groups))
		}
		size := int64(0)
		for n := range len(groups) + 1 {
			var got bytes.Buffer
			got.Write(want.Bytes()[:size])
			w, err := NewWriter(&got, kind, columns, 10, slices.Clone(groups[:n]))
			if err != nil {
				t.Fatal(err)
			}
			rows(w, 10*n, 57)
			if !bytes.Equal(got.Bytes(), want.Bytes()) {
				t.Errorf("continued after %d groups, the file differs", n)
			}
			if n < len(groups) {
				size += groups[n].Bytes
			}
		}
	})
}

// What one format wrote can be written in every other without a loss, and read in it.
func TestConvert(t *testing.T) {
	everyKind(t, func(t *testing.T, from Kind) {
		path, want := table(t, from, 40, 16)
		for _, name := range Kinds() {
			to, _ := ParseKind(name)
			r, err := Open(path, Options{})
			if err != nil {
				t.Fatal(err)
			}
			columns := r.Columns()
			if columns == nil {
				columns = []Column{Text("id"), Text("query"), Text("passage")}
			}
			copied := filepath.Join(t.TempDir(), "copy."+name)
			f, err := os.Create(copied)
			if err != nil {
				t.Fatal(err)
			}
			w, err := NewWriter(f, to, columns, 16, nil)
			if err != nil {
				t.Fatal(err)
			}
			row, err := r.Next()
			lost := false
			for ; err == nil; row, err = r.Next() {
				var cells []Cell
				for _, c := range columns {
					cells = append(cells, row.Cell(c.Name))
				}
				if err := w.Write(cells); err != nil {
					if to.Format != TSV || !strings.Contains(err.Error(), "TSV cannot hold") {
						t.Fatal(err)
					}
					lost = true
					break
				}
				if w.Full() {
					if _, err := w.EndGroup(); err != nil {
						t.Fatal(err)
					}
				}
			}
			if err := errors.Join(w.Close(), f.Close(), r.Close()); err != nil {
				t.Fatal(err)
			}
			if lost {
				continue
			}
			got, _ := all(t, copied, Mark{})
			for i := range want {
				if !slices.Equal(got[i], want[i][1:]) {
					t.Errorf("to %s: row %d is %q, want %q", name, i, got[i], want[i][1:])
				}
			}
		}
	})
}

// read gives one line for each row or error of a text.
func read(t *testing.T, name, text string, opts Options) []string {
	t.Helper()
	r, err := NewReader(strings.NewReader(text), name, opts)
	if err != nil {
		return []string{err.Error()}
	}
	defer r.Close()
	var lines []string
	for {
		row, err := r.Next()
		if err == io.EOF {
			return lines
		}
		if err == nil {
			q, err1 := row.Text("query")
			p, err2 := row.Text("passage")
			err = errors.Join(err1, err2)
			if err == nil {
				lines = append(lines, fmt.Sprintf("%v %s|%s", row.At, q, p))
				continue
			}
		}
		lines = append(lines, err.Error())
		if _, one := errors.AsType[*RowError](err); !one {
			if _, both := err.(interface{ Unwrap() []error }); !both {
				return append(lines, "final")
			}
		}
	}
}

func TestRowsAndErrors(t *testing.T) {
	for _, c := range []struct{ what, name, text, want string }{
		{"JSON lines", "a.jsonl", "\ufeff{\"query\":\"q\",\"passage\":\"p\"}\n\n {\"passage\":\"\\u00e4\\n\", \"id\":7, \"query\":\"\"}\r\n",
			"a.jsonl:1 q|p; a.jsonl:3 |ä\n"},
		{"the last of equal members", "a.jsonl", `{"query":"x","query":"q","passage":"p"}`, "a.jsonl:1 q|p"},
		{"a surrogate alone", "a.jsonl", `{"query":"\ud800","passage":"p"}`, "a.jsonl:1 \ufffd|p"},
		{"invalid UTF-8", "a.jsonl", "{\"query\":\"\xff\",\"passage\":\"p\"}", "a.jsonl:1 \ufffd|p"},
		{"errors go on", "a.jsonl", "{\"query\":1,\"passage\":\"p\"}\n[1]\nx\n{\"query\":\"q\"}\n{\"query\":\"q\",\"passage\":\"p\"} 1\n{\"query\":\"q\",\"passage\":\"p\"}",
			`a.jsonl:1: "query" must be a string, not 1; a.jsonl:2: a line must be an object such as {"query": "…", "passage": "…"}, not a JSON array; ` +
				`a.jsonl:3: reading JSON: invalid character 'x' at start of value at byte 0; a line must be an object such as {"query": "…", "passage": "…"}; ` +
				`a.jsonl:4: "passage" is missing; a.jsonl:5: reading JSON: there is more after the object; a line must be an object such as {"query": "…", "passage": "…"}; ` +
				`a.jsonl:6 q|p`},
		{"CSV", "a.csv", "\ufeffquery,id,passage\r\nq,1,p\r\n\r\n\"a\"\"b\",2,\"two\nlines\"\r\nlast,3,", "a.csv:2 q|p; a.csv:4 a\"b|two\nlines; a.csv:6 last|"},
		{"CSV of other widths", "a.csv", "query,passage\na\nb,c,d\nq,p\n",
			"a.csv:2: the row has 1 values, the header 2 columns; a.csv:3: the row has 3 values, the header 2 columns; a.csv:4 q|p"},
		{"a quotation mark inside", "a.csv", "query,passage\na\"b,c\nq,p\n",
			`a.csv:2: bare " in non-quoted-field in column 2; a quotation mark inside a value must be doubled, and the value be quoted; a.csv:3 q|p`},
		{"text after a quoted value", "a.csv", "query,passage\n\"a\"b,c\nq,p\n",
			`a.csv:2: extraneous or missing " in quoted-field in column 3; a quotation mark inside a value must be doubled, and the value be quoted; a.csv:3 q|p`},
		{"a quotation mark left open", "a.csv", "query,passage\nq,p\n\"a,b\nq,p\n",
			"a.csv:2 q|p; a.csv:3: a quotation mark is not closed, or stands inside a value without being doubled; the rows after it cannot be told apart; final"},
		{"open on the last line", "a.csv", "query,passage\n\"a,b",
			"a.csv:2: a quotation mark is not closed, or stands inside a value without being doubled; the rows after it cannot be told apart; final"},
		{"TSV", "a.tsv", "query\tpassage\nq\tp\n\n\"a\t\"\n\t\n", "a.tsv:2 q|p; a.tsv:4 \"a|\"; a.tsv:5 |"},
		{"TSV of other widths", "a.tsv", "query\tpassage\na\nq\tp", "a.tsv:2: the line has 1 values, the header 2 columns; a.tsv:3 q|p"},
		{"an empty table", "a.csv", "", "a.csv is empty; its first line must name the columns"},
		{"a name twice", "a.tsv", "a\ta\n", `a.tsv: the column "a" is there twice; the first line must name the columns`},
		{"no name", "a.csv", "a,\n", `a.csv: column 2 has no name; the first line must name the columns`},
		{"no gzip", "a.jsonl.gz", "hello, this is text", "reading a.jsonl.gz: it is not compressed with gzip: gzip: invalid header"},
		{"Parquet by a pipe", "a.parquet", "PAR1", "opening a.parquet: Parquet is read from a file with content, not from a pipe"},
	} {
		if got := strings.Join(read(t, c.name, c.text, Options{}), "; "); got != c.want {
			t.Errorf("%s:\n got %s\nwant %s", c.what, got, c.want)
		}
	}
	got := read(t, "a.tsv", "q\tp\n", Options{Header: []string{"query", "passage"}})
	if !slices.Equal(got, []string{"a.tsv:1 q|p"}) {
		t.Errorf("without a header line: %q", got)
	}
}

// A row that is too long is one wrong row of JSON lines, and the end of CSV.
func TestLongRows(t *testing.T) {
	long := strings.Repeat("x", 17<<20)
	got := read(t, "a.jsonl", "{\"query\":\""+long+"\"}\n{\"query\":\"q\",\"passage\":\"p\"}", Options{})
	if len(got) != 2 || got[1] != "a.jsonl:2 q|p" || !strings.Contains(got[0], "a.jsonl:1: the line has more than 16777216 bytes") {
		t.Errorf("JSON lines: %q", got)
	}
	path := filepath.Join(t.TempDir(), "a.jsonl")
	if err := os.WriteFile(path, []byte("{\"query\":\""+long+"\"}\n{\"query\":\"q\",\"passage\":\"p\"}"), 0o666); err != nil {
		t.Fatal(err)
	}
	if marks := events(t, path, Mark{}); len(marks) != 2 || fmt.Sprint(events(t, path, marks[1].before)) != fmt.Sprint(marks[1:]) {
		t.Errorf("after the long line: %+.300v", marks)
	}
	got = read(t, "a.csv", "query,passage\n\""+long+"\n", Options{})
	if len(got) != 2 || got[1] != "final" || !strings.Contains(got[0], "a quotation mark not closed?") {
		t.Errorf("CSV: %.300q", got)
	}
}

func TestDamagedFiles(t *testing.T) {
	for _, kind := range []string{"jsonl.gz", "csv.zst", "parquet"} {
		k, _ := ParseKind(kind)
		path, _ := table(t, k, 50, 20)
		whole, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		for cut := 1; cut < len(whole); cut += 97 {
			if err := os.WriteFile(path, whole[:cut], 0o666); err != nil {
				t.Fatal(err)
			}
			if n, err := count(path); err == nil && n == 50 {
				t.Errorf("%s: %d of %d bytes give all rows without an error", kind, cut, len(whole))
			}
			changed := bytes.Clone(whole)
			changed[cut] ^= 0x55
			if err := os.WriteFile(path, changed, 0o666); err != nil {
				t.Fatal(err)
			}
			_, _ = count(path) // an error or rows, and no panic
		}
	}
}

func count(path string) (n int, err error) {
	r, err := Open(path, Options{})
	if err != nil {
		return 0, err
	}
	defer r.Close()
	for {
		_, err := r.Next()
		if err == io.EOF {
			return n, nil
		}
		if _, one := errors.AsType[*RowError](err); err != nil && !one {
			return n, err
		}
		if n++; n > 10_000 {
			return n, errors.New("no end")
		}
	}
}

// Columns of a Parquet file keep their types, nested ones too, when only some are chosen.
func TestParquetKeepsTypes(t *testing.T) {
	type rec struct {
		ID      int32                `parquet:"id"`
		Tags    []string             `parquet:"tags,list"`
		Query   string               `parquet:"query"`
		Maybe   *float64             `parquet:"maybe,optional"`
		Nested  struct{ A, B int64 } `parquet:"nested"`
		Passage *string              `parquet:"passage,optional"`
	}
	half, text := 0.5, "text"
	in := []rec{{ID: 1, Tags: []string{"a", "b"}, Query: "q", Maybe: &half, Passage: &text}, {ID: 2, Query: "r"}, {ID: 3, Tags: []string{"c"}, Query: "s", Passage: &text}}
	in[2].Nested.B = 7
	path := filepath.Join(t.TempDir(), "in.parquet")
	if err := parquet.WriteFile(path, in); err != nil {
		t.Fatal(err)
	}
	r, err := Open(path, Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	var columns []Column
	for _, c := range r.Columns() {
		if c.Name != "query" {
			columns = append(columns, c)
		}
	}
	slices.Reverse(columns)
	if err := r.Choose("passage", "nested", "maybe", "tags", "id"); err != nil {
		t.Fatal(err)
	}
	var out bytes.Buffer
	w, err := NewWriter(&out, Kind{Format: Parquet}, append(columns, Number("score")), 2, nil)
	if err != nil {
		t.Fatal(err)
	}
	for row, err := r.Next(); err != io.EOF; row, err = r.Next() {
		if err != nil {
			t.Fatal(err)
		}
		var cells []Cell
		for _, c := range columns {
			cells = append(cells, row.Cell(c.Name))
		}
		if _, err := row.Text("passage"); row.At.Row == 2 && (err == nil || err.Error() != path+`: row 2: "passage" is null; it must be a text`) {
			t.Errorf("a null: %v", err)
		}
		if _, err := row.Text("tags"); err == nil {
			t.Error("a list is a text")
		}
		if err := w.Write(append(cells, float32(row.At.Row))); err != nil {
			t.Fatal(err)
		}
		if w.Full() {
			if _, err := w.EndGroup(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	got, err := parquet.Read[rec](bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil {
		t.Fatal(err)
	}
	for i := range in {
		in[i].Query = ""
		if fmt.Sprintf("%+v", deref(got[i].Maybe)) != fmt.Sprintf("%+v", deref(in[i].Maybe)) || deref(got[i].Passage) != deref(in[i].Passage) ||
			got[i].ID != in[i].ID || !slices.Equal(got[i].Tags, in[i].Tags) || got[i].Nested != in[i].Nested {
			t.Errorf("row %d is %+v, want %+v", i, got[i], in[i])
		}
	}
	f, err := parquet.OpenFile(bytes.NewReader(out.Bytes()), int64(out.Len()))
	if err != nil || len(f.RowGroups()) != 2 {
		t.Errorf("%d row groups, %v", len(f.RowGroups()), err)
	}
	if _, err := NewWriter(io.Discard, Kind{Format: CSV}, columns, 0, nil); err == nil || !strings.Contains(err.Error(), "can only be kept in Parquet") {
		t.Errorf("lists in CSV: %v", err)
	}
}

func deref[T any](p *T) any {
	if p == nil {
		return nil
	}
	return *p
}

func FuzzJSONL(f *testing.F) {
	f.Add("{\"query\":\"q\",\"passage\":\"p\",\"n\":[1,{}]}\n\n{\"query\": \"\\ud800\"}")
	f.Add("\ufeff{}\n[]\nnull\n{\"a\":1,\"a\":2}")
	f.Fuzz(func(t *testing.T, text string) { fuzzText(t, "a.jsonl", text) })
}

func FuzzCSV(f *testing.F) {
	f.Add("query,passage\n\"a\"\"b\",\"c\nd\"\n\nx\n")
	f.Add("\ufeffa\r\n\"b\r\n")
	f.Fuzz(func(t *testing.T, text string) { fuzzText(t, "a.csv", text) })
}

func FuzzTSV(f *testing.F) {
	f.Add("query\tpassage\n\"a\tb\n\t\n")
	f.Fuzz(func(t *testing.T, text string) { fuzzText(t, "a.tsv", text) })
}

// fuzzText holds that reading goes on from every mark as it would have, and that rows written as
// JSON are read as they were.
func fuzzText(t *testing.T, name, text string) {
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	whole := events(t, path, Mark{})
	for i, e := range whole {
		if i > 20 {
			break
		}
		if rest := events(t, path, e.before); fmt.Sprint(rest) != fmt.Sprint(whole[i:]) {
			t.Fatalf("from %+v: %v, want %v", e.before, rest, whole[i:])
		}
	}
}

// event is a row or an error of a file.
type event struct {
	before Mark
	text   string
}

func events(t *testing.T, path string, start Mark) (all []event) {
	r, err := Open(path, Options{Start: start})
	if err != nil {
		if start != (Mark{}) {
			t.Fatal(err)
		}
		return nil
	}
	defer r.Close()
	for {
		before := r.Mark()
		row, err := r.Next()
		if err == io.EOF {
			return all
		}
		if err == nil {
			var out bytes.Buffer
			w, werr := NewWriter(&out, Kind{Format: JSONL}, []Column{AllMembers, Integer("index")}, 0, nil)
			if werr != nil {
				t.Fatal(werr)
			}
			cells := []Cell{nil, row.At.Row}
			if r.Kind().Format == JSONL {
				cells[0] = row.Members()
			}
			if werr := errors.Join(w.Write(cells), w.Close()); werr != nil {
				t.Fatal(werr)
			}
			if again, err := NewReader(&out, "out.jsonl", Options{}); err != nil {
				t.Fatal(err)
			} else if _, err := again.Next(); err != nil {
				t.Fatalf("%v cannot be read again: %v", row.At, err)
			}
			all = append(all, event{before, fmt.Sprint(row.At, row.cells)})
			continue
		}
		all = append(all, event{before, err.Error()})
		if _, one := errors.AsType[*RowError](err); !one {
			return all
		}
	}
}

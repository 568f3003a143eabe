package experiment

import (
	"cmp"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/load"
	"github.com/crossrank/crossrank/internal/results"
)

// sizes gives the documents of each request of a point, in the order of sending.
func sizes(m *results.Measured) []int {
	slices.SortFunc(m.Requests, func(a, b results.Request) int { return cmp.Compare(a.Seq, b.Seq) })
	var n []int
	for _, r := range m.Requests {
		n = append(n, r.Pairs)
	}
	return n
}

// A mix is measured as it was drawn: requests of many sizes, several under way at once, and the
// results say of what.
func TestMixedRequests(t *testing.T) {
	out, res, err := run(t, t.Context(), "serve", `
name: mixed
model: m
experiment:
  concurrency_levels: [3]
  benchmark_requests: 12
  warmup: 0
  mix: {documents: {distribution: list, values: [1, 4, 9]}, document_words: {distribution: constant, value: 5}, seed: 8}
`, nil)
	if err != nil || out.Partial || len(res.Configurations) != 1 {
		t.Fatalf("got %+v and %v", out, err)
	}
	m := res.Configurations[0]
	drawn := load.Mix{Documents: load.Distribution{Distribution: "list", Values: []int{1, 4, 9}}, Seed: 8}.Counts()
	if got := sizes(m); !slices.Equal(got, drawn[:12]) {
		t.Errorf("sent requests of %v documents, want %v", got, drawn[:12])
	}
	if want := "documents a request: one of 1, 4, 9; words a document: 5; seed 8"; m.Configuration.Mix != want || m.Configuration.Batch < 4 || m.Configuration.Batch > 5 {
		t.Errorf("the configuration says %q and about %d documents, want %q and 4 or 5", m.Configuration.Mix, m.Configuration.Batch, want)
	}
	if name := m.Configuration.Name(); !strings.HasPrefix(name, "documents=about ") {
		t.Errorf("it is named %q", name)
	}
}

// Recorded requests are sent as they were, when they were.
func TestRecordedRequests(t *testing.T) {
	file := filepath.Join(t.TempDir(), "requests.jsonl")
	text := `{"query":"what","documents":["this","that"],"at":10}` + "\n" + `{"documents":5,"at":10.02}` + "\n" + `{"documents":1,"at":10.05}` + "\n"
	if err := os.WriteFile(file, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	out, res, err := run(t, t.Context(), "serve", `
name: recorded
model: m
experiment: {benchmark_requests: 3, warmup: 0, mix: {file: "`+file+`"}, arrival: {process: replay}}
`, nil)
	if err != nil || out.Partial {
		t.Fatalf("got %+v and %v", out, err)
	}
	m := res.Configurations[0]
	if got := sizes(m); !slices.Equal(got, []int{2, 5, 1}) {
		t.Errorf("sent requests of %v documents", got)
	}
	for i, want := range []time.Duration{0, 20 * time.Millisecond, 50 * time.Millisecond} {
		if got := m.Requests[i].Intended; (got - want).Abs() > time.Microsecond {
			t.Errorf("request %d was meant to be sent at %v, want %v", i, got, want)
		}
	}
	if !strings.HasPrefix(m.Configuration.Mix, "3 requests of requests.jsonl, sha256:") {
		t.Errorf("the configuration says %q", m.Configuration.Mix)
	}
}

func TestMixesThatCannotBeSent(t *testing.T) {
	file := filepath.Join(t.TempDir(), "requests.jsonl")
	if err := os.WriteFile(file, []byte(`{"documents":5}`), 0o666); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct{ what, experiment, want string }{
		{"a file that is missing", "mix: {file: /nonexistent.jsonl}", "/nonexistent.jsonl"},
		{"requests that do not say when", `mix: {file: "` + file + `"}, arrival: {process: replay}`, "do not say when they were sent"},
		{"a mix of nothing", "mix: {seed: 1, query_words: {distribution: constant, value: 1}}", "needs documents"},
	} {
		_, err := Run(t.Context(), Options{Sweep: settings(t, "name: n\nexperiment: {"+c.experiment+"}"), Dir: t.TempDir(), Program: "/nonexistent"})
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", c.what, err, c.want)
		}
	}
}

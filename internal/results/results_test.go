package results

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/state"
)

var start = time.Date(2026, 3, 4, 5, 6, 7, 8, time.UTC)

// write gives the lines of a small run to w.
func write(t testing.TB, w *Writer) {
	t.Helper()
	half := 0.5
	for _, err := range []error{
		w.Run(Run{Name: "x", Started: start, Settings: json.RawMessage(`{"a":1}`), Model: crossrank.Info{Model: "m"}, CommandLine: []string{"crossrank", "bench"}}),
		w.Configuration(Configuration{Index: 0, Batch: 2, Concurrency: 1, Requests: 2}),
		w.Request(Request{Seq: 0, Started: 1, Intended: 1, Finished: 9, Pairs: 2, Code: crossrank.OK, Tokens: 12, PaddedTokens: 14, Queue: 3}),
		w.Request(Request{Seq: 1, Started: 9, Intended: 9, Finished: 11, Pairs: 2, Code: crossrank.Overloaded, Error: "full\n\"quoted\""}),
		w.Sample(Sample{Sample: state.Sample{Time: start, IntervalS: 0.5, Requests: 2, CPUPct: &half, StealPct: new(3.0), ThrottledPct: new(0.0)}}),
		w.ConfigurationEnd(ConfigurationEnd{Began: start, Elapsed: 11, Complete: true}),
		w.End(End{Time: start, Complete: true}),
	} {
		if err != nil {
			t.Fatal(err)
		}
	}
}

func text(t testing.TB) string {
	var b bytes.Buffer
	write(t, NewWriter(&b))
	return b.String()
}

func TestReadWhatWasWritten(t *testing.T) {
	path := filepath.Join(t.TempDir(), "r.jsonl")
	w, err := Create(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	write(t, w)
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	res, err := ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if len(res.Partial) > 0 || len(res.Configurations) != 1 || res.Run.Format != Format || res.Run.Name != "x" {
		t.Fatalf("got %+v", res)
	}
	m := res.Configurations[0]
	if len(m.Requests) != 2 || len(m.Samples) != 1 || m.Elapsed() != 11 || m.Configuration.Requests != 2 {
		t.Fatalf("got %+v", m)
	}
	want := Request{Seq: 0, Started: 1, Intended: 1, Finished: 9, Pairs: 2, Code: crossrank.OK, Tokens: 12, PaddedTokens: 14, Queue: 3}
	if !reflect.DeepEqual(m.Requests[0], want) {
		t.Errorf("got %+v, want %+v", m.Requests[0], want)
	}
	if m.Requests[0].Latency() != 8 || m.Requests[1].Error != "full\n\"quoted\"" {
		t.Errorf("got %+v", m.Requests)
	}
	if s := m.Samples[0]; *s.CPUPct != 0.5 || *s.StealPct != 3 || *s.ThrottledPct != 0 || s.GPUMemoryBytes != nil || s.InFlight != nil || !s.Time.Equal(start) {
		t.Errorf("got %+v", s)
	}
}

// A killed run's file may end anywhere.
func TestReadCutOffAnywhere(t *testing.T) {
	all := text(t)
	first := strings.IndexByte(all, '\n')
	for n := first + 1; n < len(all)-1; n++ {
		res, err := Read("r", strings.NewReader(all[:n]))
		if err != nil {
			t.Fatalf("cut at %d of %d: %v", n, len(all), err)
		}
		if len(res.Partial) == 0 {
			t.Fatalf("cut at %d of %d: not marked partial", n, len(all))
		}
	}
	if res, err := Read("r", strings.NewReader(all[:len(all)-1])); err != nil || len(res.Partial) > 0 {
		t.Errorf("without the last newline: %+v, %v", res, err)
	}
	res, err := Read("r", strings.NewReader(all[:strings.Index(all, `{"kind":"point_end"`)]))
	if err != nil || res.Configurations[0].Elapsed() != 11 {
		t.Errorf("elapsed without an end: %v, %v", res.Configurations[0].Elapsed(), err)
	}
}

func TestReadPartial(t *testing.T) {
	all := strings.Split(strings.TrimSpace(text(t)), "\n")
	for _, c := range []struct {
		what, line string
		at         int
		want       string
	}{
		{"a point that was stopped", `{"kind":"point_end","point":0,"complete":false,"reason":"interrupted"}`, 5, "batch=2, concurrency=1: interrupted"},
		{"a run that was stopped", `{"kind":"end","complete":false,"reason":"the server died"}`, 6, "the server died"},
		{"without a reason", `{"kind":"end","complete":false}`, 6, "not known"},
	} {
		lines := append([]string{}, all...)
		lines[c.at] = c.line
		res, err := Read("r", strings.NewReader(strings.Join(lines, "\n")))
		if err != nil || len(res.Partial) != 1 || !strings.Contains(res.Partial[0], c.want) {
			t.Errorf("%s: %q, %v", c.what, res.Partial, err)
		}
	}
	res, err := Read("r", strings.NewReader(all[0]+"\n"+`{"kind":"end","complete":true}`))
	if err != nil || len(res.Partial) != 1 {
		t.Errorf("a run of nothing: %+v, %v", res, err)
	}
}

func TestReadErrors(t *testing.T) {
	all := strings.Split(strings.TrimSpace(text(t)), "\n")
	for _, c := range []struct {
		what string
		at   int // the line to replace, from 0
		line string
		want string
	}{
		{"not JSON", 2, "hello", "r:3: not a line of results"},
		{"not an object", 2, "[]", "r:3: not a line of results"},
		{"no kind", 2, `{"point":0}`, "r:3: no kind"},
		{"a file of something else", 0, `{"query":"a"}`, `r:1: the first line is of kind ""`},
		{"no run", 0, `{"kind":"point"}`, `r:1: the first line is of kind "point"`},
		{"a second run", 1, all[0], "r:2: run: a second one"},
		{"a later format", 0, `{"kind":"run","format":2,"name":[]}`, "r:1: run: the file has format 2"},
		{"no format", 0, `{"kind":"run"}`, "r:1: run: format is 0"},
		{"a wrong type", 2, `{"kind":"request","point":"x"}`, "r:3: request: "},
		{"a point out of order", 1, `{"kind":"point","index":1,"batch":1,"concurrency":1}`, "r:2: point: index is 1, but the next configuration is 0"},
		{"a point without a batch", 1, `{"kind":"point","index":0,"concurrency":1}`, "at least 1"},
		{"a request of no point", 2, `{"kind":"request","point":3,"pairs":1,"code":"ok"}`, "there is no configuration 3"},
		{"a request of a negative point", 2, `{"kind":"request","point":-1,"pairs":1,"code":"ok"}`, "there is no configuration -1"},
		{"a request without code", 2, `{"kind":"request","pairs":1}`, "no code"},
		{"a request of no pairs", 2, `{"kind":"request","code":"ok"}`, "pairs is 0"},
		{"times that run backwards", 2, `{"kind":"request","pairs":1,"code":"ok","started_ns":5,"finished_ns":4}`, "run backwards"},
		{"negative tokens", 2, `{"kind":"request","pairs":1,"code":"ok","tokens":-1}`, "negative"},
		{"a negative time", 2, `{"kind":"request","pairs":1,"code":"ok","queue_ns":-1}`, "negative"},
		{"a sample without time", 4, `{"kind":"sample","interval_s":1}`, "r:5: sample: time is missing"},
		{"a point's second end", 6, all[5], "r:7: point_end: configuration 0 ends twice"},
		{"negative elapsed", 5, `{"kind":"point_end","elapsed_ns":-1}`, "negative"},
		{"a line after the end", 5, all[6], "r:7: a line of kind \"end\" after the end"},
	} {
		lines := append([]string{}, all...)
		lines[c.at] = c.line
		_, err := Read("r", strings.NewReader(strings.Join(lines, "\n")+"\n"))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.what, err, c.want)
		}
	}
	for what, in := range map[string]string{"empty": "", "blank": "\n\n", "cut in its first line": all[0][:20], "a huge line": strings.Repeat("x", maxLine+1)} {
		if _, err := Read("r", strings.NewReader(in)); err == nil {
			t.Errorf("%s: no error", what)
		}
	}
	if _, err := ReadFile(filepath.Join(t.TempDir(), "none")); !errors.Is(err, os.ErrNotExist) {
		t.Errorf("a missing file: %v", err)
	}
}

func TestReadPassesOverWhatItDoesNotKnow(t *testing.T) {
	all := text(t)
	in := strings.Replace(all, `{"kind":"point_end"`, `{"kind":"weather","rain":true}`+"\n"+`{"kind":"point_end","later":1`, 1)
	res, err := Read("r", strings.NewReader(in))
	if err != nil || res.Skipped != 1 || len(res.Partial) > 0 {
		t.Errorf("got %+v, %v", res, err)
	}
}

// full is a disk that takes so many bytes.
type full struct{ left int }

func (f *full) Write(b []byte) (int, error) {
	if len(b) > f.left {
		return 0, errors.New("no space left")
	}
	f.left -= len(b)
	return len(b), nil
}

func TestWriterKeepsItsFirstError(t *testing.T) {
	w := NewWriter(&full{left: 150})
	if err := w.Configuration(Configuration{}); err != nil {
		t.Fatal(err)
	}
	if err := w.Run(Run{}); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("a line that does not fit: %v", err)
	}
	if err := w.Configuration(Configuration{}); err == nil {
		t.Error("a line after one that is missing would fit, but must not be written")
	}
	if err := w.Close(); err == nil || !strings.Contains(err.Error(), "no space left") {
		t.Errorf("close: %v", err)
	}
}

func TestWriterClosed(t *testing.T) {
	w, err := Create(filepath.Join(t.TempDir(), "r"), nil)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	if err := w.Configuration(Configuration{}); err == nil {
		t.Error("a closed writer takes lines")
	}
	if _, err := Create(filepath.Join(t.TempDir(), "no", "r"), nil); err == nil {
		t.Error("a folder that is not there: no error")
	}
}

func TestWriterConcurrently(t *testing.T) {
	var b bytes.Buffer
	w := NewWriter(&b)
	if err := errors.Join(w.Run(Run{}), w.Configuration(Configuration{Batch: 1, Concurrency: 1})); err != nil {
		t.Fatal(err)
	}
	var wg sync.WaitGroup
	for g := range 8 {
		wg.Go(func() {
			for i := range 50 {
				if err := w.Request(Request{Seq: g*50 + i, Pairs: 1, Code: crossrank.OK, Error: strings.Repeat("x", 100)}); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	res, err := Read("r", &b)
	if err != nil {
		t.Fatal(err)
	}
	seen := map[int]bool{}
	for _, r := range res.Configurations[0].Requests {
		seen[r.Seq] = true
	}
	if len(seen) != 400 {
		t.Errorf("%d requests came back of 400", len(seen))
	}
}

func FuzzRead(f *testing.F) {
	all := text(f)
	f.Add([]byte(all))
	f.Add([]byte(all[:len(all)/2]))
	f.Add([]byte(strings.ReplaceAll(all, "0", "-1")))
	f.Add([]byte(strings.ReplaceAll(all, "1", "9e99")))
	for line := range strings.SplitSeq(all, "\n") {
		f.Add(fmt.Appendf(nil, "%s\n%s", strings.SplitN(all, "\n", 2)[0], line))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		res, err := Read("r", bytes.NewReader(data))
		if (res == nil) == (err == nil) {
			t.Fatalf("got %+v and %v", res, err)
		}
	})
}

// The time of an open loop counts from its first due request, that of a closed loop from its
// beginning.
func TestElapsed(t *testing.T) {
	const ms = time.Millisecond
	requests := []Request{{Seq: 1, Intended: 300 * ms, Finished: 310 * ms}, {Intended: 200 * ms, Finished: 450 * ms}}
	for _, c := range []struct {
		name    string
		arrival string
		end     *ConfigurationEnd
		want    time.Duration
	}{
		{"an open loop", "poisson", &ConfigurationEnd{Elapsed: 450 * ms}, 250 * ms},
		{"an open loop that was cut off", "poisson", nil, 250 * ms},
		{"a closed loop", "", &ConfigurationEnd{Elapsed: 450 * ms}, 450 * ms},
		{"a closed loop that was cut off", "", nil, 450 * ms},
	} {
		m := &Measured{Configuration: Configuration{Arrival: c.arrival}, Requests: requests, End: c.end}
		if got := m.Elapsed(); got != c.want {
			t.Errorf("%s took %v, want %v", c.name, got, c.want)
		}
	}
	if got := (&Measured{}).Elapsed(); got != 0 {
		t.Errorf("without requests: %v, want 0", got)
	}
}

// The recorded search for a rate, counted from its lines by other means: first due request to the
// end of the last.
func TestElapsedOfARecordedOpenLoop(t *testing.T) {
	path := filepath.Join("..", "..", "experiments", "results", "16_production_results.jsonl")
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	type span struct{ first, last float64 }
	spans, arrivals := map[int]span{}, map[int]string{}
	for line := range strings.Lines(string(text)) {
		var l struct {
			Kind         string
			Index, Point int
			Arrival      string
			Due          float64 `json:"intended_ns"`
			Finished     float64 `json:"finished_ns"`
		}
		if err := json.Unmarshal([]byte(line), &l); err != nil {
			t.Fatal(err)
		}
		switch l.Kind {
		case "point":
			arrivals[l.Index] = l.Arrival
		case "request":
			s, ok := spans[l.Point]
			if !ok {
				s.first = l.Due
			}
			spans[l.Point] = span{min(s.first, l.Due), max(s.last, l.Finished)}
		}
	}
	res, err := ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	open := 0
	for i, m := range res.Configurations {
		want := time.Duration(spans[i].last - spans[i].first)
		if arrivals[i] == "" {
			want = time.Duration(spans[i].last)
		} else {
			open++
		}
		if got := m.Elapsed(); got != want {
			t.Errorf("%s took %v, want %v", m.Configuration.Name(), got, want)
		}
	}
	if open < 40 {
		t.Errorf("%d configurations of an open loop, want the 43 of the search", open)
	}
}

func TestSpreadOf(t *testing.T) {
	sample := func(seconds float64, steal *float64) Sample {
		return Sample{Sample: state.Sample{IntervalS: seconds, StealPct: steal}}
	}
	steal := func(s *Sample) *float64 { return s.StealPct }
	for _, c := range []struct {
		name    string
		samples []Sample
		want    *Spread
	}{
		{"no samples", nil, nil},
		{"none that says", []Sample{sample(1, nil)}, nil},
		{"none of it", []Sample{sample(1, new(0.0))}, &Spread{}},
		{"weighted by time, without those that do not say", []Sample{sample(1, new(4.0)), sample(9, nil), sample(3, new(8.0))}, &Spread{Mean: 7, Max: 8}},
	} {
		if got := SpreadOf(c.samples, steal); !reflect.DeepEqual(got, c.want) {
			t.Errorf("%s: got %+v, want %+v", c.name, got, c.want)
		}
	}
	for end, want := range map[*ConfigurationEnd]bool{{}: false, {StealPct: &Spread{}}: true} {
		if line, err := json.Marshal(end); err != nil || strings.Contains(string(line), `"cpu_steal_pct":{"mean":0,"max":0}`) != want {
			t.Errorf("encoded: %s and %v; the key is there: want %t", line, err, want)
		}
	}
}

// A name has the settings that distinguish configurations.
func TestConfigurationNames(t *testing.T) {
	workers := []Setting{{Key: "tokenizer_pool.workers", Value: "2"}}
	for _, c := range []struct {
		want string
		c    Configuration
	}{
		{"batch=8, concurrency=2", Configuration{Batch: 8, Concurrency: 2}},
		{"batch=8, concurrency=2, workers=2, repeat 3", Configuration{Batch: 8, Concurrency: 2, Set: workers, Repeat: 2}},
		{"batch=8, poisson at 12.5/s", Configuration{Batch: 8, Concurrency: 2, Arrival: "poisson", Rate: 12.5}},
		{"batch=8, poisson at 12.5/s, probe, attempt 2", Configuration{Batch: 8, Arrival: "poisson", Rate: 12.5, Search: SearchProbe, Attempt: 1, Objectives: []float64{50}}},
		{"batch=8, search with poisson arrivals for P99 within 50, 100 ms",
			Configuration{Batch: 8, Arrival: "poisson", Percent: 99, Objectives: []float64{50, 100}}},
		{"documents=about 20, concurrency=4", Configuration{Batch: 20, Concurrency: 4, Mix: "documents a request: 20"}},
	} {
		if got := c.c.Name(); got != c.want {
			t.Errorf("named %q, want %q", got, c.want)
		}
	}
}

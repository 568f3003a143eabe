package compare

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/resultstest"
)

var update = flag.Bool("update", false, "write the golden files again")

// golden holds text against a file of testdata.
func golden(t *testing.T, name, got string) {
	t.Helper()
	file := filepath.Join("testdata", name)
	if *update {
		if err := os.MkdirAll("testdata", 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(file, []byte(got), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	if got != string(want) {
		t.Errorf("not as in %s; run the test with -update and look at the difference.\ngot:\n%s", file, got)
	}
}

// What people see of two measurements, one 5 % slower, with a worse ranking and other data.
func TestTextGolden(t *testing.T) {
	a, b := resultstest.Repeats(1, 0), resultstest.Repeats(2, 0.05)
	a.Quality = []results.Quality{{Quantization: "fp32", Judged: &results.Judged{Hash: "sha256:1", Candidates: 50, NDCG10: 0.4, MRR10: 0.5}}}
	b.Quality = []results.Quality{{Quantization: "int8", Judged: &results.Judged{Hash: "sha256:1", Candidates: 50, NDCG10: 0.39, MRR10: 0.52}}}
	b.Run.Data.Name = "other.jsonl"
	b.Configurations = append(b.Configurations, &results.Measured{
		Configuration: results.Configuration{Index: 16, Batch: 64, Concurrency: 1}, End: &results.ConfigurationEnd{Complete: true},
	})
	var text bytes.Buffer
	if err := compareSamples(a, b).Text(&text); err != nil {
		t.Fatal(err)
	}
	golden(t, "slower.txt", text.String())
}

func TestTextOfTheSame(t *testing.T) {
	few := resultstest.Repeats(1, 0)
	few.Configurations = few.Configurations[:4]
	var text bytes.Buffer
	if err := compareSamples(few, few).Text(&text); err != nil {
		t.Fatal(err)
	}
	golden(t, "same.txt", text.String())
}

// full fails after some bytes, as a full disk does.
type full struct{ room int }

func (f *full) Write(p []byte) (int, error) {
	if f.room -= len(p); f.room < 0 {
		return 0, fmt.Errorf("no space")
	}
	return len(p), nil
}

func TestWriteErrors(t *testing.T) {
	a := resultstest.Repeats(1, 0)
	if err := compareSamples(a, a).Text(&full{10}); err == nil {
		t.Error("the tables were not written, and there is no error")
	}
	for _, room := range []int{0, 20} {
		if err := Bench(&full{room}, "A", []*results.Results{a}); err == nil {
			t.Errorf("after %d bytes nothing was written, and there is no error", room)
		}
	}
}

func TestBenchUnits(t *testing.T) {
	res := resultstest.Sweep("x", "m.mode", "full", 10.0)
	res.Configurations[0].Requests = res.Configurations[0].Requests[:20]
	var text bytes.Buffer
	if err := Bench(&text, "old", []*results.Results{res}); err != nil {
		t.Fatal(err)
	}
	// 20 requests carry no P95 and no P99.
	want := "side: old\nBenchmarkScore/batch=10/concurrency=1/mode=full 20 2 pairs/s 1000000000 ns/op 1000000000 p50-ns\n"
	if text.String() != want {
		t.Errorf("got\n%swant\n%s", &text, want)
	}
}

func TestOneSideBeforeTheOther(t *testing.T) {
	measured := func(seconds ...int64) []*results.Results {
		res := &results.Results{}
		for _, s := range seconds {
			m := &results.Measured{End: &results.ConfigurationEnd{}}
			if s > 0 {
				m.End.Began = time.Unix(s, 0)
			}
			res.Configurations = append(res.Configurations, m, &results.Measured{}) // the second was cut off
		}
		return []*results.Results{res}
	}
	for _, c := range []struct {
		what string
		a, b []*results.Results
		want bool
	}{
		{"one after the other", measured(1, 2), measured(3, 4), true},
		{"in turns", measured(1, 4), measured(2, 3), false},
		{"unknown times", measured(0, 0), measured(3, 4), false},
		{"nothing", nil, measured(3), false},
		{"at once", measured(1), measured(1), false},
	} {
		if got := measuredBefore(c.a, c.b); got != c.want {
			t.Errorf("%s: before is %t", c.what, got)
		}
		if noted := strings.Contains(strings.Join(incomparable(c.b, c.a), "\n"), "entirely before"); noted != c.want {
			t.Errorf("%s: noted is %t, whichever side was first", c.what, noted)
		}
	}
}

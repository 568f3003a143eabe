package report

import (
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/results"
)

// swept makes results of a server that answers two requests at once, each in 100 ms, under several numbers of workers.
func swept(workers ...int) *results.Results {
	res := &results.Results{Run: results.Run{Machine: results.Machine{Cores: 2}}}
	for i, n := range workers {
		m := &results.Measured{Configuration: results.Configuration{Index: i, Batch: 4, Concurrency: n, Requests: 60, Mix: "documents a request: 4; seed 0"}}
		rounds := 60 / min(n, 2)
		took := time.Duration(100*max(1, n/2)) * time.Millisecond
		for k := range 60 {
			end := took + time.Duration(k/min(n, 2))*100*time.Millisecond
			m.Requests = append(m.Requests, results.Request{Seq: k, Intended: end - took, Started: end - took, Finished: end, Pairs: 4, Code: "ok"})
		}
		elapsed := time.Duration(rounds) * 100 * time.Millisecond
		m.End = &results.ConfigurationEnd{Configuration: i, Elapsed: elapsed, Complete: true, GeneratorCPU: elapsed / 10, Stability: &results.Stability{Stable: n < 8}}
		res.Configurations = append(res.Configurations, m)
	}
	return res
}

func TestKneeOfASweep(t *testing.T) {
	r := Summarize(swept(8, 1, 2, 4))
	if len(r.Knees) != 1 || r.Configs[r.Knees[0].Config].Concurrency != 2 || r.Knees[0].Of != 4 || r.Knees[0].Lightly || r.Knees[0].Heavily {
		t.Errorf("got %+v, want one at concurrency 2", r.Knees)
	}
	if k := Summarize(swept(2, 4, 8)).Knees; len(k) != 1 || !k[0].Lightly {
		t.Errorf("saturated throughout: %+v", k)
	}
	if k := Summarize(swept(1, 2)).Knees; len(k) != 0 {
		t.Errorf("of two: %+v", k)
	}
	probes := swept(1, 2, 4)
	for _, m := range probes.Configurations {
		m.Configuration.Search = results.SearchProbe
	}
	if k := Summarize(probes).Knees; len(k) != 0 {
		t.Errorf("of the probes of a search: %+v", k)
	}
}

func TestLoadIsPrinted(t *testing.T) {
	text := string(Summarize(swept(1, 2, 4, 8)).Markdown())
	for _, want := range []string{
		"| documents=about 4, conc=2 | 10.0% | 5.0% | yes |", "| documents=about 4, conc=8 | 10.0% | 5.0% | **no** |",
		"one query of its own each: documents a request: 4; seed 0.", "## Saturation", "| concurrency 2 | 80.0 pairs/s | 100.0ms |",
	} {
		if !strings.Contains(text, want) {
			t.Errorf("no %q in\n%s", want, text[strings.Index(text, "## Saturation"):])
		}
	}
}

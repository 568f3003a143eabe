package main

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/machine"
)

// sample is a run of two rounds whose figures are easy to check by hand.
func sample() []record {
	records := []record{
		{Setup: &setup{
			Began: time.Date(2026, 1, 2, 3, 4, 0, 0, time.UTC), Machine: machine.Machine{CPU: "Z80", Cores: 2, OS: "CP/M", Go: "go9"},
			Tier: "avx2", Crossrank: "v1", Peer: "peer 1", Node: "v20", Weights: "sha256:1", Data: "pairs.jsonl", Rounds: 2, Requests: 3, Singles: 4,
		}},
		{Quality: &agreement{Pairs: 5, FP32MaxAbs: 2e-5, Ours: closeness{1.5, 0.25, 0.98}, Peers: closeness{3, 0.5, 0.95}}},
	}
	for round := 1; round <= 2; round++ {
		for _, j := range jobs() {
			speed := float64(10 * j.Threads * round) // ours; the second round is twice as fast
			if j.Precision == "int8" {
				speed *= 2
			}
			start := footing{FirstScore: float64(100 * round), Weights: 1000, ResidentEnd: int64(500 * round)}
			for _, m := range []measurement{{Engine: us, PairsPerSecond: speed, P50: 3, footing: start}, {Engine: peer, PairsPerSecond: 5, P50: 4}} {
				m.Round, m.job = round, j
				records = append(records, record{Measurement: &m})
			}
		}
	}
	return records
}

func TestTable(t *testing.T) {
	got, err := render("performance.md", sample())
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{
		"Measured 2026-01-02 03:04 UTC on 2 cores of Z80 (n/a; CP/M), instruction tier avx2.",
		// With two threads 20 and 40 pairs/s against 5: 4 and 8 times.
		"| 32 pairs, unsorted | fp32 | 2 | 30.0 pairs/s | 5.0 pairs/s | 6.00 (4.00 to 8.00) |",
		"| 32 pairs, sorted by length | int8 | 1 | 30.0 pairs/s | 5.0 pairs/s | 6.00 (4.00 to 8.00) |",
		"| one pair | fp32 | 1 | 3.0 ms (P50) | 4.0 ms (P50) | 0.75 (0.75 to 0.75) |",
		"crossrank's int8 is 2.00 times as fast as its fp32 with one thread",
		// 100 ms in one round and 200 in the other; 1,000 bytes for weights of 1,000 in the second.
		"In int8 crossrank has its first score 150 ms after it began to read the weights; at the end of a run its process has 1.00\n",
		"in fp32 the engines differ by at most 2.0e-05",
		"| crossrank | 0.250 | 1.50 | 0.9800 |",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("the table lacks %q:\n%s", want, got)
		}
	}
}

func TestHeadline(t *testing.T) {
	got, err := render("readme.md", sample())
	const want = "On 2 threads of Z80 (instruction tier avx2), with the same model and web passages:\n"
	const row = "| 32 passages, fp32 | 30 pairs/s | 5 pairs/s | 6.00 |\n| 32 passages, int8 | 60 pairs/s | 5 pairs/s | 12.00 |\n"
	if err != nil || !strings.HasPrefix(got, want) || !strings.Contains(got, row) {
		t.Errorf("got %q, %v, want it to begin with %q and to hold %q", got, err, want, row)
	}
	if _, err := render("readme.md", sample()[:3]); err == nil {
		t.Error("no error for results without most measurements")
	}
}

// TestDocsAreCurrent: the pages hold what the results file says, and no figures where there is
// none.
func TestDocsAreCurrent(t *testing.T) {
	root := filepath.Join("..", "..", "..")
	figures, top := unmeasured, unmeasured
	records, err := readResults(filepath.Join(root, "docs", "peers.jsonl"))
	if err == nil {
		var err1, err2 error
		figures, err1 = render("performance.md", records)
		top, err2 = render("readme.md", records)
		err = errors.Join(err1, err2)
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Fatal(err)
	}
	for name, text := range map[string]string{filepath.Join("docs", "performance.md"): figures, "README.md": top} {
		page, err := os.ReadFile(filepath.Join(root, name))
		if err != nil {
			t.Fatal(err)
		}
		want, err := part.In(string(page), text)
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if string(page) != want {
			t.Errorf("%s is not what the results say; run go run ./internal/tools/peers -render", name)
		}
	}
}

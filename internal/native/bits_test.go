package native

import (
	"bytes"
	"flag"
	"fmt"
	"math"
	"os"
	"path/filepath"
	"runtime"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/checkpoint"
	"github.com/crossrank/crossrank/internal/cpu"
	"github.com/crossrank/crossrank/internal/network/sample"
)

var update = flag.Bool("update", false, "write testdata/bits.txt for the tiers of this machine")

// TestLogitsKeepTheirBits compares logits of the built-in model, bit for bit, with those that
// testdata/bits.txt has for an architecture, a tier and a precision. A change of the executor that
// is meant to change bits writes the file anew with -update, on each tier. A tier that the file
// lacks is an error. Other architectures are skipped; so is plain Go on a machine without AVX2,
// where the standard library's exponential has other last bits.
func TestLogitsKeepTheirBits(t *testing.T) {
	if tiers := cpu.Tiers(); runtime.GOARCH != "amd64" || tiers[0] == cpu.Generic {
		t.Skipf("there are no bits for %s with the tiers %v", runtime.GOARCH, tiers)
	}
	m, err := checkpoint.Open(checkpoint.Builtin)
	if err != nil {
		t.Fatal(err)
	}
	var got bytes.Buffer
	for _, tier := range cpu.Tiers() {
		if testing.Short() && tier == cpu.Generic {
			continue
		}
		t.Setenv(cpu.Variable, string(tier))
		for _, precision := range Precisions {
			seqs := sample.Sequences(77, m.Network, 3, 20)
			e := start(t, m.Network, Options{Threads: 2, Precision: precision})
			fmt.Fprintf(&got, "%s %s %s", runtime.GOARCH, tier, precision)
			for _, v := range logits(t, e, seqs) {
				fmt.Fprintf(&got, " %08x", math.Float32bits(v))
			}
			got.WriteString("\n")
		}
	}
	path := filepath.Join("testdata", "bits.txt")
	if *update {
		if err := os.WriteFile(path, got.Bytes(), 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for line := range strings.Lines(got.String()) {
		if !strings.Contains(string(want), line) {
			t.Errorf("got %swhich %s does not have:\n%s", line, path, want)
		}
	}
}

package cpu

import (
	"os"
	"strings"
	"testing"
)

// TestTiersAsExpected holds Tiers to what whoever runs the test knows of the machine, in CPU_TEST_TIERS: a capable machine
// that is taken for less would skip the tests of its best kernels in silence.
func TestTiersAsExpected(t *testing.T) {
	want := os.Getenv("CPU_TEST_TIERS")
	if want == "" {
		t.Skip("CPU_TEST_TIERS does not tell which tiers this machine has")
	}
	var got []string
	for _, tier := range Tiers() {
		got = append(got, string(tier))
	}
	if got := strings.Join(got, " "); got != want {
		t.Errorf("got the tiers %q, want %q", got, want)
	}
}

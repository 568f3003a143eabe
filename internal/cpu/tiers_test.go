package cpu

import (
	"os"
	"strings"
	"testing"
)

// TestTiersAsExpected compares Tiers with CPU_TEST_TIERS, the tiers that a machine is known to
// have. A machine that is recognised as less than it is would silently skip the tests of its best
// kernels.
func TestTiersAsExpected(t *testing.T) {
	want := os.Getenv("CPU_TEST_TIERS")
	if want == "" {
		t.Skip("CPU_TEST_TIERS does not name the tiers of this machine")
	}
	var got []string
	for _, tier := range Tiers() {
		got = append(got, string(tier))
	}
	if got := strings.Join(got, " "); got != want {
		t.Errorf("got the tiers %q, want %q", got, want)
	}
}

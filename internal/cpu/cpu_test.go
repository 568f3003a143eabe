package cpu

import (
	"slices"
	"testing"
)

func TestChoose(t *testing.T) {
	tiers := Tiers()
	if tiers[len(tiers)-1] != Generic {
		t.Fatalf("Tiers() = %v, want the generic tier last", tiers)
	}
	t.Setenv(Variable, "")
	if got, err := Choose(); err != nil || got != tiers[0] {
		t.Errorf("unset: got %q, %v, want the best, %q", got, err, tiers[0])
	}
	for _, tier := range tiers {
		t.Setenv(Variable, string(tier))
		if got, err := Choose(); err != nil || got != tier {
			t.Errorf("%s: got %q, %v", tier, got, err)
		}
	}
	t.Setenv(Variable, "GENERIC")
	if got, err := Choose(); err != nil || got != Generic {
		t.Errorf("upper case: got %q, %v", got, err)
	}
	t.Setenv(Variable, "avx1024")
	if got, err := Choose(); err == nil || slices.Contains(tiers, got) {
		t.Errorf("unknown tier: got %q, %v, want an error", got, err)
	}
}

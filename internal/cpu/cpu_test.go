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

// TestSupports: a tier runs exactly if CPU, system and build have it, and no system allows what the
// CPU lacks.
func TestSupports(t *testing.T) {
	all := Supports()
	if last := all[len(all)-1]; last.Tier != Generic || !last.Runs() {
		t.Errorf("the last is %+v, want the generic tier, which runs", last)
	}
	for _, s := range all {
		if s.System && !s.CPU {
			t.Errorf("%+v: the system allows what the CPU lacks", s)
		}
		if s.Runs() != slices.Contains(Tiers(), s.Tier) {
			t.Errorf("%+v: Tiers() has %v", s, Tiers())
		}
	}
}

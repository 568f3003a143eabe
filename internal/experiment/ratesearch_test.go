package experiment

import (
	"context"
	"math"
	"strings"
	"testing"
)

// border has goals pass up to a rate in probes, and up to another when confirmed.
type border struct{ probed, confirmed float64 }

// searchAll searches for borders, by the bounds 1, 2, … and counts the probes.
func searchAll(t *testing.T, capacity float64, lost func(rate float64) bool, borders ...border) (goals []*goal, probes int) {
	t.Helper()
	s := &rateSearch{needs: 1}
	for i := range borders {
		s.goals = append(s.goals, &goal{ms: float64(i)})
	}
	s.probe = func(_ context.Context, rate float64, goals []*goal, confirm bool) ([]verdict, error) {
		probes++
		var verdicts []verdict
		for _, g := range goals {
			b := borders[int(g.ms)]
			v := failed
			switch {
			case lost != nil && lost(rate):
				v = notOffered
			case rate <= b.confirmed || !confirm && rate <= b.probed:
				v = passed
			}
			verdicts = append(verdicts, v)
		}
		return verdicts, nil
	}
	if err := s.run(t.Context(), capacity); err != nil {
		t.Fatal(err)
	}
	return s.goals, probes
}

func (g *goal) at(border float64) bool {
	return g.note == "" && g.passing <= border && g.passing > border*0.93 && g.failing > g.passing && g.failing <= g.passing*(1+resolution+1e-9)
}

func TestSearchFindsTheBorder(t *testing.T) {
	for _, c := range []struct {
		what     string
		capacity float64
		border   border
	}{
		{"below the capacity", 100, border{70, 70}},
		{"far below, where the first probe fails", 100, border{3, 3}},
		{"above a capacity that was underrated", 100, border{350, 350}},
		{"with rates that pass by luck", 100, border{70, 60}},
	} {
		goals, probes := searchAll(t, c.capacity, nil, c.border)
		if g := goals[0]; !g.at(c.border.confirmed) || probes > 25 {
			t.Errorf("%s: found %+v with %d probes, want a passing rate just below %g", c.what, g, probes, c.border.confirmed)
		}
	}
	for limit, want := range map[float64]string{0: "no rate from 1.25/s on passed", math.Inf(1): "no rate up to 2.048e+04/s failed"} {
		goals, _ := searchAll(t, 100, nil, border{limit, limit})
		if goals[0].note != want {
			t.Errorf("a border at %g: got %+v, want a note %q", limit, goals[0], want)
		}
	}
	goals, _ := searchAll(t, 100, nil, border{70, 0})
	if g := goals[0]; g.passing != 0 || g.note != "no rate that passed could be confirmed" || g.failing == 0 {
		t.Errorf("what passes by luck alone: %+v", g)
	}
}

// Goals share their probes: three take fewer than three times those of one, and as many as one if
// they have one border.
func TestSearchSharesProbes(t *testing.T) {
	_, one := searchAll(t, 100, nil, border{70, 70})
	goals, three := searchAll(t, 100, nil, border{30, 30}, border{60, 60}, border{70, 70})
	for i, want := range []float64{30, 60, 70} {
		if !goals[i].at(want) {
			t.Errorf("goal %d: found %+v, want a border at %g", i, goals[i], want)
		}
	}
	if three > 2*one+3 {
		t.Errorf("three goals took %d probes, one takes %d", three, one)
	}
	if _, same := searchAll(t, 100, nil, border{70, 70}, border{70, 70}, border{70, 70}); same != one+2 {
		t.Errorf("three goals with one border took %d probes, want the %d of one and two more to confirm", same, one)
	}
}

// A rate that the generator could not offer is neither one that passed nor one that failed.
func TestSearchDoesNotCountWhatWasNotOffered(t *testing.T) {
	goals, _ := searchAll(t, 100, func(rate float64) bool { return rate > 50 }, border{70, 70}, border{30, 30})
	if g := goals[0]; g.failing != 0 || g.passing > 50 || g.passing < 45 || !strings.Contains(g.note, "were not tested") {
		t.Errorf("a border beyond what can be offered: %+v", g)
	}
	if g := goals[1]; !g.at(30) {
		t.Errorf("a border below: %+v", g)
	}
}

package chart

import (
	"math"
	"slices"
	"testing"
)

func TestScale(t *testing.T) {
	for _, c := range []struct {
		what      string
		values    []float64
		log, zero bool
		low, high float64
	}{
		{"figures", []float64{3, 1, 2}, false, false, 1, 3},
		{"from 0 if asked", []float64{3, 1, 2}, false, true, 0, 3},
		{"below 0 stays", []float64{-5, 2}, false, true, -5, 2},
		{"logarithms", []float64{1, 1000}, true, true, 0, 3},
		{"what has no logarithm is left out", []float64{-1, 0, 10, 100}, true, false, 1, 2},
		{"no numbers are left out", []float64{math.NaN(), math.Inf(1), 4, 8}, false, false, 4, 8},
		{"nothing", nil, false, false, 0, 1},
		{"one figure has a width", []float64{7, 7}, false, false, 7, 8},
	} {
		if s := newScale(c.values, c.log, c.zero, 0, 100); s.low != c.low || s.high != c.high {
			t.Errorf("%s: from %v to %v, want %v to %v", c.what, s.low, s.high, c.low, c.high)
		}
	}
	s := newScale([]float64{10, 20}, false, false, 100, 300)
	for v, want := range map[float64]float64{10: 100, 15: 200, 20: 300} {
		if got := s.at(v); got != want {
			t.Errorf("%v is at %v, want %v", v, got, want)
		}
	}
}

func TestTicks(t *testing.T) {
	for _, c := range []struct {
		what   string
		values []float64
		log    bool
		want   []string
	}{
		{"tens", []float64{0, 50}, false, []string{"0", "10", "20", "30", "40", "50"}},
		{"parts", []float64{0, 1}, false, []string{"0", "0.2", "0.4", "0.6", "0.8", "1"}},
		{"thousands", []float64{0, 5000}, false, []string{"0", "1,000", "2,000", "3,000", "4,000", "5,000"}},
		{"both sides of 0", []float64{-2, 2}, false, []string{"-2", "-1", "0", "1", "2"}},
		{"a few decades", []float64{1, 100}, true, []string{"1", "2", "5", "10", "20", "50", "100"}},
		{"many decades", []float64{1, 100000}, true, []string{"1", "10", "100", "1,000", "10,000", "100,000"}},
		{"less than a decade", []float64{2, 6}, true, []string{"2", "3", "4", "5", "6"}},
	} {
		var got []string
		for _, tick := range newScale(c.values, c.log, false, 0, 100).ticks() {
			got = append(got, tick.Text)
		}
		if !slices.Equal(got, c.want) {
			t.Errorf("%s: got %q, want %q", c.what, got, c.want)
		}
	}
}

// Whatever the range is, there are some marks and not too many, in order, within it.
func TestRoundNumbers(t *testing.T) {
	for exponent := -12.0; exponent <= 12; exponent++ {
		for _, width := range []float64{1, 1.3, 2, 3.7, 4.9, 5, 7.5, 9.99} {
			high := width * math.Pow(10, exponent)
			marks := round(0, high)
			if len(marks) < 3 || len(marks) > 20 || !slices.IsSorted(marks) || marks[0] != 0 || marks[len(marks)-1] > high*1.000001 {
				t.Errorf("from 0 to %v there are the marks %v", high, marks)
			}
		}
	}
}

func TestFigure(t *testing.T) {
	for v, want := range map[float64]string{
		0: "0", math.Copysign(0, -1): "0", 1: "1", 0.25: "0.25", 12.345: "12.35", 999: "999", 1000: "1,000", -1234: "-1,234",
		1234567: "1,234,567", 0.000012: "1.2e-05",
	} {
		if got := figure(v); got != want {
			t.Errorf("%v is written %q, want %q", v, got, want)
		}
	}
	for v, want := range map[float64]string{1234.5: "1,234", 123.45: "123", 12.345: "12.3", 1.2345: "1.23", 0.012345: "0.0123"} {
		if got := figure4(v); got != want {
			t.Errorf("%v is written %q behind a bar, want %q", v, got, want)
		}
	}
}

func TestShorten(t *testing.T) {
	for _, c := range []struct {
		s    string
		most int
		want string
	}{{"short", 10, "short"}, {"exactly ten", 11, "exactly ten"}, {"too long", 4, "too…"}, {"ähnlich", 3, "äh…"}} {
		if got := shorten(c.s, c.most); got != c.want {
			t.Errorf("%q in %d characters is %q, want %q", c.s, c.most, got, c.want)
		}
	}
}

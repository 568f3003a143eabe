package checkpoint

import (
	"math"
	"strconv"
	"testing"
)

func TestParseScore(t *testing.T) {
	quotient := func(a, b float64) float64 { return a / b } // rounded twice, unlike a constant
	if x := quotient(20122928619384766, 1e16); x == 2.0122928619384766 {
		t.Fatalf("%v is no example of a number that is rounded twice", x)
	}
	for _, c := range []struct {
		number string
		want   float64
	}{
		{"0", 0}, {"-0.0", math.Copysign(0, -1)}, {"1", 1}, {"-2.5", -2.5}, {"12e2", 1200}, {"1.5E-3", 0.0015}, {"1e400", math.Inf(1)}, {"1e-400", 0},
		{"100000000000000000000000", 1e23},
		{"-13.25", -13.25},
		// 17 digits do not fit into a float64, so the result is rounded twice: not the nearest
		// number, but the next.
		{"-2.0122928619384766", -quotient(20122928619384766, 1e16)},
		{"0.000000000000000000000000000001", quotient(1, 1e30)},
		{"0.12345678901234567890123", quotient(12345678901234567890, 1e20)},
	} {
		if got := parseScore(c.number); got != c.want || math.Signbit(got) != math.Signbit(c.want) {
			t.Errorf("%s: got %s, want %s", c.number, strconv.FormatFloat(got, 'g', -1, 64), strconv.FormatFloat(c.want, 'g', -1, 64))
		}
	}
}

package stats

import "testing"

func TestStable(t *testing.T) {
	for _, c := range []struct {
		what   string
		series []float64
		want   bool
	}{
		{"all the same", []float64{5, 5, 5}, true},
		{"within 10 % of the mean, which is 100", []float64{90, 100, 110}, true},
		{"one just beyond", []float64{89, 100, 111}, false},
		{"beyond on one side alone", []float64{100, 100, 120}, false},
		{"unstable at first, which is over", []float64{10, 50, 100, 102, 99}, true},
		{"stable at first", []float64{100, 100, 100, 150}, false},
		{"too few", []float64{5, 5}, false},
		{"one not measured", []float64{5, nan, 5}, false},
		{"nothing at all happens", []float64{0, 0, 0}, true},
		{"none", nil, false},
	} {
		if got := Stable(c.series); got != c.want {
			t.Errorf("%s: got %t", c.what, got)
		}
	}
}

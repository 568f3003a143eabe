package summary

import (
	"encoding/json"
	"math"
	"testing"
)

func TestValue(t *testing.T) {
	for _, c := range []struct {
		v        Value
		measured bool
		text     string
		json     string
	}{
		{0, true, "0.0", "0"}, {12.345, true, "12.3", "12.345"}, {-1, true, "-1.0", "-1"},
		{Unmeasured, false, "n/a", "null"}, {Value(math.Inf(1)), false, "n/a", "null"}, {Value(math.Inf(-1)), false, "n/a", "null"},
	} {
		b, err := json.Marshal(c.v)
		if c.v.Measured() != c.measured || c.v.Format("%.1f") != c.text || string(b) != c.json || err != nil {
			t.Errorf("%v: measured %t, printed %q, as JSON %s, %v", float64(c.v), c.v.Measured(), c.v.Format("%.1f"), b, err)
		}
	}
	if v := Optional(nil); v.Measured() {
		t.Errorf("a figure that is not there is %v", v)
	}
	if v := Optional(new(2.5)); v != 2.5 {
		t.Errorf("2.5 became %v", v)
	}
}

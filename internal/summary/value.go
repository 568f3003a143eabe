package summary

import (
	"encoding/json"
	"fmt"
	"math"
)

// NotMeasured stands for whatever is not known, in every text.
const NotMeasured = "n/a"

// Value is a figure. NaN means that it was not measured; it is null in JSON then.
type Value float64

// Unmeasured is the Value of what was not measured.
var Unmeasured = Value(math.NaN())

// Measured reports whether v is a figure at all.
func (v Value) Measured() bool { return !math.IsNaN(float64(v)) && !math.IsInf(float64(v), 0) }

// Format prints v with a verb for a float64, or [NotMeasured].
func (v Value) Format(format string) string {
	if !v.Measured() {
		return NotMeasured
	}
	return fmt.Sprintf(format, float64(v))
}

// MarshalJSON writes null for what was not measured.
func (v Value) MarshalJSON() ([]byte, error) {
	if !v.Measured() {
		return []byte("null"), nil
	}
	return json.Marshal(float64(v))
}

// Optional is the Value of a figure that is nil where it was not measured.
func Optional(p *float64) Value {
	if p == nil {
		return Unmeasured
	}
	return Value(*p)
}

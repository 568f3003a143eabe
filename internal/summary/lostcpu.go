package summary

import (
	"fmt"
	"strings"

	"github.com/crossrank/crossrank/internal/results"
)

// The names of what the server lacked among its [Usage].
const (
	StealUsage     = "CPU Steal (%)"
	ThrottledUsage = "CPU Throttled (%)"
)

// notableLoss is the part of the cores, in percent, that is notable when it is stolen or throttled.
const notableLoss = 1.0

// LostCPU says what CPU time the server lacked on a machine of so many cores, in words; it is empty
// where that was not measured or is not notable.
func (c *Configuration) LostCPU(cores int) string {
	var words []string
	for _, lost := range []struct {
		v    Value
		what string
	}{
		{c.Steal, "%.1f %% of a core was taken by others on the machine's host"},
		{c.Throttled, "%.1f %% of a core was held back by a CPU quota"},
	} {
		if lost.v.Measured() && float64(lost.v) >= notableLoss*float64(max(1, cores)) {
			words = append(words, fmt.Sprintf(lost.what, lost.v))
		}
	}
	return strings.Join(words, ", and ")
}

// Disturbed counts the configurations in which the CPU time that the server lacked was notable.
func Disturbed(s *Summary) int {
	n := 0
	for i := range s.Configurations {
		if s.Configurations[i].LostCPU(s.Run.Machine.Cores) != "" {
			n++
		}
	}
	return n
}

// meanOver is the mean of a figure over the time of the samples that have it.
func meanOver(samples []results.Sample, of func(*results.Sample) *float64) Value {
	s := results.SpreadOf(samples, of)
	if s == nil {
		return Unmeasured
	}
	return Value(s.Mean)
}

package metrics

import "time"

// usage is what the process has used so far; nil where the system does not tell.
type usage struct {
	cpu *time.Duration // by all threads, in the program and in the kernel on its behalf
	rss *int64         // bytes resident now
}

// percentSince is the share of a core that was used in the time since an earlier reading; 100 is one core.
func (u usage) percentSince(earlier usage, d time.Duration) *float64 {
	if u.cpu == nil || earlier.cpu == nil {
		return nil
	}
	return new(100 * (*u.cpu - *earlier.cpu).Seconds() / d.Seconds())
}

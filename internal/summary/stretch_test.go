package summary

import (
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/results"
)

// Of a load that moves from 12 to 36 requests per second over 12 s, each second is a stretch. The
// server answers 24 a second, one after another, so that callers wait from the middle on.
func TestStretches(t *testing.T) {
	m := &results.Measured{Configuration: results.Configuration{Arrival: "constant", Rate: 12, RampTo: 36, Duration: 12 * time.Second}}
	free := time.Duration(0)
	for second := range 12 {
		n := 13 + 2*second
		for i := range n {
			due := time.Duration(second)*time.Second + time.Duration(i)*time.Second/time.Duration(n)
			began := max(due, free)
			free = began + time.Second/24
			m.Requests = append(m.Requests, results.Request{Seq: len(m.Requests), Intended: due, Started: due, Finished: free, Pairs: 1, Code: "ok"})
		}
	}
	m.Requests[0].Code = "overloaded"
	res := &results.Results{Configurations: []*results.Measured{m}}
	got := Of(res).Configurations[0].Stretches
	if len(got) != 12 || got[0].Failed != 1 || got[0].Latency.N != 12 {
		t.Fatalf("stretches are %+v, want 12, the first with a failed request of 13", got)
	}
	for i, s := range got {
		if s.From != float64(i) || s.To != float64(i+1) || s.Due != Value(13+2*i) || s.Answered > 24.5 {
			t.Errorf("stretch %d is %+v", i, s)
		}
		if late := s.InFlight > 2; late != (i >= 7) {
			t.Errorf("stretch %d: %d requests are in flight at its end", i, s.InFlight)
		}
	}
	if got[11].Latency.P50 < 1000 || got[2].Latency.P50 > 50 {
		t.Errorf("P50 is %v ms at first and %v ms at last, want about 42 and above a second", got[2].Latency.P50, got[11].Latency.P50)
	}
	m.Configuration.RampTo = 0
	if got := Of(res).Configurations[0].Stretches; got != nil {
		t.Errorf("a load that stays has stretches: %+v", got)
	}
}

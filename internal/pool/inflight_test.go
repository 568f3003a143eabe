package pool

import (
	"math"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crossrank/crossrank/internal/network"
)

// device is an engine that prepares a batch for 10 ms, then computes it for 100 ms, when the one
// before it is computed.
type device struct{ turn chan struct{} }

func (d *device) Logits(seqs []network.Sequence, out []float32) error {
	time.Sleep(10 * time.Millisecond)
	d.turn <- struct{}{}
	defer func() { <-d.turn }()
	time.Sleep(100 * time.Millisecond)
	for i, s := range seqs {
		out[i] = hash(s.IDs)
	}
	return nil
}

// TestInFlight: an engine that takes two batches prepares the next one while it computes, and time
// that both of them had counts once.
func TestInFlight(t *testing.T) {
	for _, c := range []struct {
		routing  Routing
		inFlight int
		took     time.Duration // for five batches
	}{
		{FirstIdle, 0, 550 * time.Millisecond}, {FirstIdle, 2, 510 * time.Millisecond},
		{RoundRobin, 1, 550 * time.Millisecond}, {RoundRobin, 2, 510 * time.Millisecond},
	} {
		synctest.Test(t, func(t *testing.T) {
			p, err := New([]Engine{&device{make(chan struct{}, 1)}}, Options{Routing: c.routing, InFlight: c.inFlight, Options: pairsOfOne})
			if err != nil {
				t.Fatal(err)
			}
			defer p.Close()
			start := time.Now()
			items := request(1, 10, 10, 10, 10, 10)
			done := later(p, t.Context(), items)
			time.Sleep(300 * time.Millisecond)
			if got := p.Instances()[0]; got.Busy != 300*time.Millisecond || got.RunningPairs != max(1, c.inFlight) {
				t.Errorf("%s, %d in flight: midway got %+v", c.routing, c.inFlight, got)
			}
			if err := <-done; err != nil {
				t.Fatal(err)
			}
			took := time.Since(start)
			check(t, items)
			synctest.Wait()
			got := p.Instances()[0]
			if took != c.took || got.Busy != took || got.Batches != 5 || got.Tokens != 50 || got.RunningPairs != 0 || got.RunningTokens != 0 {
				t.Errorf("%s, %d in flight: took %v, want %v; %+v", c.routing, c.inFlight, took, c.took, got)
			}
			if want := 50 / took.Seconds(); math.Abs(got.Speed-want) > 0.05*want {
				t.Errorf("%s, %d in flight: got a speed of %v, want about %v", c.routing, c.inFlight, got.Speed, want)
			}
		})
	}
}

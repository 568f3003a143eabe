package webgpu

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/network/sample"
)

// departed is a batch that is submitted.
type departed struct {
	flight
	*slot
	count int
}

func (s *session) depart(t *testing.T, seqs []network.Sequence) departed {
	t.Helper()
	d, err := s.submitInTurn(seqs)
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func (s *session) submitInTurn(seqs []network.Sequence) (d departed, err error) {
	d = departed{slot: <-s.slots, count: len(seqs)}
	d.flight, err = s.submitLocked(inputOf(s, seqs), d.slot)
	return d, err
}

func (s *session) arrive(d departed) ([]float32, error) {
	defer func() { s.slots <- d.slot }()
	_, err := s.awaitResult(d.flight)
	if err = cmp.Or(err, s.failure()); err != nil {
		return nil, err
	}
	out := make([]float32, d.count)
	return out, s.readResult(d.slot, out, nil)
}

// openForTwo opens an engine that takes two batches at once.
func openForTwo(t testing.TB, n *network.Network) *Engine {
	t.Helper()
	e := open(t, n, Options{})
	if e.InFlight() != batchesInFlight {
		t.Skip("this library can only wait for all batches")
	}
	return e
}

// TestTwoInFlight submits a batch before the one in front of it is awaited. Both use the same
// memory of the device, and each has its own logits.
func TestTwoInFlight(t *testing.T) {
	testLibrary(t)
	n := small()
	e := openForTwo(t, n)
	s := e.session
	one, two := sample.Sequences(1, n, 100, 100, 3), sample.Sequences(2, n, 7, 120, 64, 65)
	wantOne, wantTwo := logits(t, e, one), logits(t, e, two)
	memory := e.Memory()
	for range 10 {
		first, second := s.depart(t, one), s.depart(t, two)
		got, err := s.arrive(first)
		if err != nil || !slices.Equal(got, wantOne) {
			t.Errorf("the first batch: got %v, %v, want %v", got, err, wantOne)
		}
		if got, err = s.arrive(second); err != nil || !slices.Equal(got, wantTwo) {
			t.Errorf("the second batch: got %v, %v, want %v", got, err, wantTwo)
		}
	}
	if got := e.Memory(); got != memory {
		t.Errorf("%d bytes allocated after the batches, %d before", got, memory)
	}
}

// TestMoreInFlight: as many batches are submitted at once as are asked for, but two at least.
func TestMoreInFlight(t *testing.T) {
	testLibrary(t)
	n := small()
	openForTwo(t, n)
	for asked, want := range map[int]int{0: 2, 1: 2, 3: 3} {
		e := open(t, n, Options{InFlight: asked})
		s, seqs := e.session, sample.Sequences(1, n, 7, 100)
		logit := logits(t, e, seqs)
		if e.InFlight() != want || cap(s.slots) != want {
			t.Fatalf("asked for %d: %d in flight with memory for %d, want %d", asked, e.InFlight(), cap(s.slots), want)
		}
		var all []departed
		for range want {
			all = append(all, s.depart(t, seqs))
		}
		for i, d := range all {
			if got, err := s.arrive(d); err != nil || !slices.Equal(got, logit) {
				t.Errorf("batch %d of %d: got %v, %v, want %v", i, want, got, err, logit)
			}
		}
	}
}

// TestLostWithTwoInFlight: both batches fail with the device, and it is opened anew once.
func TestLostWithTwoInFlight(t *testing.T) {
	testLibrary(t)
	n := small()
	e := openForTwo(t, n)
	s, seqs := e.session, sample.Sequences(1, n, 100, 100, 100)
	want := logits(t, e, seqs)
	first, second := s.depart(t, seqs), s.depart(t, seqs)
	lose(e)
	for i, f := range []departed{first, second} {
		if _, err := s.arrive(f); !errors.Is(err, errLost) {
			t.Errorf("batch %d: got %v, want an error that says that the device is lost", i, err)
		}
	}
	var again sync.WaitGroup
	for range 4 {
		again.Go(func() {
			got := make([]float32, len(seqs))
			if err := e.Logits(seqs, got); err != nil || !slices.Equal(got, want) {
				t.Errorf("afterwards: got %v, %v, want %v", got, err, want)
			}
		})
	}
	again.Wait()
	if got := e.reopens; got != 1 {
		t.Errorf("the device was opened anew %d times, want once", got)
	}
}

// BenchmarkInFlight computes batches one after another, and two at once. gap-µs is the median time
// from the end of a batch to the beginning of the next one, by the device's clock.
func BenchmarkInFlight(b *testing.B) {
	testLibrary(b)
	n := sample.Network(5, sample.Geometry{
		Hidden: 32, Blocks: 2, Heads: 2, Intermediate: 64, Tokens: 100, Positions: 20, Activation: network.GELU, Labels: 1,
	})
	seqs := sample.Sequences(1, n, slices.Repeat([]int{16}, 8)...)
	for _, callers := range []int{1, 2} {
		b.Run(fmt.Sprintf("batches=%d", callers), func(b *testing.B) {
			e := openForTwo(b, n)
			if !e.Timed() {
				b.Skip("the device has no clock")
			}
			var mu sync.Mutex
			var spans [][2]time.Duration
			b.ResetTimer()
			var all sync.WaitGroup
			for c := range callers {
				all.Go(func() {
					s, out := e.session, make([]float32, len(seqs))
					for range (b.N + c) / callers {
						if err := s.compute(inputOf(s, seqs), out, func(begin, end time.Duration) {
							mu.Lock()
							defer mu.Unlock()
							spans = append(spans, [2]time.Duration{begin, end})
						}); err != nil {
							b.Error(err)
						}
					}
				})
			}
			all.Wait()
			b.ReportMetric(medianGap(spans).Seconds()*1e6, "gap-µs")
		})
	}
}

// medianGap is the median time between spans.
func medianGap(spans [][2]time.Duration) time.Duration {
	slices.SortFunc(spans, func(x, y [2]time.Duration) int { return cmp.Compare(x[0], y[0]) })
	gaps := []time.Duration{0}
	for i := 1; i < len(spans); i++ {
		gaps = append(gaps, spans[i][0]-spans[i-1][1])
	}
	slices.Sort(gaps)
	return gaps[len(gaps)/2]
}

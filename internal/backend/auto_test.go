package backend

import (
	"errors"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/backend/catalog"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/network/sample"
)

// slowed is an engine that takes longer for a batch.
type slowed struct {
	Engine
	by     time.Duration
	closed *int
}

func (s slowed) Logits(seqs []network.Sequence, out []float32) error {
	time.Sleep(s.by)
	return s.Engine.Logits(seqs, out)
}

func (s slowed) Close() error {
	*s.closed++
	return s.Engine.Close()
}

// TestAutoTakesTheFastest: of engines that agree, the fastest is kept and the others are closed,
// whichever comes first; one that fails is passed over, and the reasons are kept.
func TestAutoTakesTheFastest(t *testing.T) {
	const fast, slow = 0, 100 * time.Millisecond
	for _, c := range []struct {
		name         string
		first, other time.Duration
		err          error
		fastest      int // 0 is the native one
		why          string
	}{
		{"the native one", fast, slow, nil, 0, "device computes"},
		{"the device", slow, fast, nil, 1, "native computes"},
		{"a device that fails", slow, fast, errors.New("the device was lost"), 0, "the device was lost"},
	} {
		n := small()
		var closed [2]int
		native, err := beginNative(n, Options{})
		if err != nil {
			t.Fatal(err)
		}
		device, err := beginNative(n, Options{})
		if err != nil {
			t.Fatal(err)
		}
		o := &autoOpening{n: n, Opening: deviceOpening{native, func(e Engine) Engine { return slowed{e, c.first, &closed[0]} }}}
		o.devices = []candidate{{"device", failing{deviceOpening{device, func(e Engine) Engine { return slowed{e, c.other, &closed[1]} }}, c.err}}}
		for i := range n.Blocks {
			o.Block(i)
		}
		e, err := o.Start(Options{Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		passed := e.Properties().Passed
		if len(passed) != 1 || !strings.Contains(passed[0], c.why) {
			t.Errorf("%s: got the reasons %q, want %q", c.name, passed, c.why)
		}
		want := [2]int{1, 1}
		want[c.fastest] = 0
		if c.err != nil {
			want = [2]int{}
		}
		if closed != want {
			t.Errorf("%s: got %v closings, want %v", c.name, closed, want)
		}
		if err := errors.Join(e.Logits(sample.Sequences(1, n, 3), make([]float32, 1)), e.Close()); err != nil {
			t.Error(err)
		}
	}
}

// failing is an opening that cannot start.
type failing struct {
	Opening
	err error
}

func (f failing) Start(opts Options) (Engine, error) {
	if f.err != nil {
		return nil, f.err
	}
	return f.Opening.Start(opts)
}

// TestAutoWorksEverywhere: without a device, the native backend computes, and each other one has a
// reason.
func TestAutoWorksEverywhere(t *testing.T) {
	n := small()
	e, err := Open(catalog.Auto, n, Options{Threads: 1, Precision: "int8"})
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	p := e.Properties()
	if p.Precision != "int8" || len(p.Passed) == 0 {
		t.Errorf("got the properties %+v", p)
	}
	if p.Backend == catalog.Native && !slices.ContainsFunc(p.Passed, func(why string) bool { return strings.Contains(why, "webgpu") }) {
		t.Errorf("native computes, but nothing says why webgpu does not: %q", p.Passed)
	}
}

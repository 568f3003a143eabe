package backend

import (
	"errors"
	"math"
	"slices"
	"sync"
	"testing"

	"github.com/crossrank/crossrank/internal/backend/catalog"
	"github.com/crossrank/crossrank/internal/dynlib"
	"github.com/crossrank/crossrank/internal/native"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/network/sample"
	"github.com/crossrank/crossrank/internal/onnx"
	"github.com/crossrank/crossrank/internal/webgpu"
)

// TestEngines runs the tests that every engine must pass on each backend, device and precision that
// tests can have. make test-devices has all of them: WebGPU through a driver that computes on the
// CPU, and ONNX Runtime's CPU provider. The tolerances are those of the self-test, see bound.
func TestEngines(t *testing.T) {
	for _, c := range []struct {
		backend, device string
		available       func(device string) error
	}{
		{catalog.Native, "cpu", func(string) error { return nil }},
		{catalog.WebGPU, webgpu.DeviceTesting, webgpu.Probe},
		{catalog.ONNX, "cpu", onnx.Available},
	} {
		for _, precision := range catalog.Precisions(c.backend) {
			t.Run(c.backend+"/"+precision, func(t *testing.T) {
				if c.backend != catalog.Native && !dynlib.Available {
					t.Skip("this build opens no libraries; go test -tags gpu does")
				}
				if err := c.available(c.device); err != nil {
					t.Skip("make test-devices runs this test: ", err)
				}
				testEngine(t, c.backend, Options{Device: c.device, Precision: precision, Threads: 2})
			})
		}
	}
}

// conformant is an engine under test, with the sequences that it computes and their logits in fp32
// on the native backend.
type conformant struct {
	Engine
	n      *network.Network
	seqs   []network.Sequence
	want   []float32
	limits bound
	padded bool // a logit may move with the batch, within the limits
}

func testEngine(t *testing.T, name string, opts Options) {
	n := sample.Network(11, sample.Geometry{
		Hidden: 48, Blocks: 2, Heads: 3, Intermediate: 70, Tokens: 90, Positions: 80, Activation: network.GELU, Labels: 2,
	})
	c := conformant{n: n, limits: bound{precision: opts.Precision}, padded: executors[name].padded}
	c.seqs = sample.Sequences(5, n, 1, 2, 80, 7, 16, 17, 33, 64, 65, 3, 79, 12)
	c.want = compute(t, native32(t, n), c.seqs)
	if opts.Precision == string(native.INT8) {
		quantized, err := Open(catalog.Native, n, Options{Precision: opts.Precision, Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		c.limits.measure(compute(t, quantized, c.seqs), c.want)
		if err := quantized.Close(); err != nil {
			t.Error(err)
		}
	}
	if p := native.Precision(opts.Precision); p == native.BF16 || p == native.BF16Dot {
		c.limits.precision = "fp16" // whose bound is wide enough for this network in them
	}
	var err error
	if c.Engine, err = Open(name, n, opts); err != nil {
		t.Fatal(err)
	}
	if p := c.Properties(); p.Backend != name || p.Precision != opts.Precision || p.OnCores != (p.Threads > 0) {
		t.Errorf("got the properties %+v", p)
	}
	t.Run("logits", c.testLogits)
	t.Run("batches", c.testBatches)
	t.Run("refusals", c.testRefusals)
	t.Run("at once", c.testAtOnce)
	t.Run("closing", c.testClosing)
}

func native32(t *testing.T, n *network.Network) Engine {
	t.Helper()
	e, err := Open(catalog.Native, n, Options{Threads: 1})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := e.Close(); err != nil {
			t.Error(err)
		}
	})
	return e
}

func compute(t *testing.T, e Engine, seqs []network.Sequence) []float32 {
	t.Helper()
	out := make([]float32, len(seqs))
	if err := e.Logits(seqs, out); err != nil {
		t.Fatal(err)
	}
	return out
}

// same reports whether a logit is that of another batch.
func (c *conformant) same(a, b float32) bool {
	return math.Float32bits(a) == math.Float32bits(b) || c.padded && distance(a, b) <= c.limits.of(b)
}

// testLogits compares sequences of all lengths with the native backend in fp32.
func (c *conformant) testLogits(t *testing.T) {
	for i, got := range compute(t, c, c.seqs) {
		if limit := c.limits.of(c.want[i]); !(distance(got, c.want[i]) <= limit) {
			t.Errorf("the logit of %d tokens is %g; native computes %g, and %g is allowed", len(c.seqs[i].IDs), got, c.want[i], limit)
		}
	}
}

// testBatches: a logit is the same alone, in another order, among copies and padded.
func (c *conformant) testBatches(t *testing.T) {
	whole := compute(t, c, c.seqs)
	reversed := slices.Clone(c.seqs)
	slices.Reverse(reversed)
	backwards := compute(t, c, reversed)
	slices.Reverse(backwards)
	copies := compute(t, c, slices.Repeat(c.seqs[:4], 20))
	padded := slices.Clone(c.seqs)
	for i := range padded {
		padded[i].Pad = 80 - len(padded[i].IDs)
	}
	long := compute(t, c, padded)
	for i, want := range whole {
		alone := compute(t, c, c.seqs[i:i+1])[0]
		for how, got := range map[string]float32{"alone": alone, "in reverse": backwards[i], "padded": long[i], "among copies": copies[i%4]} {
			if how == "among copies" {
				want = whole[i%4]
			} else {
				want = whole[i]
			}
			if !c.same(got, want) {
				t.Errorf("the logit of %d tokens is %g in a batch and %g %s", len(c.seqs[i].IDs), want, got, how)
			}
		}
	}
}

// testRefusals: bad sequences are refused as a whole, and the engine computes on.
func (c *conformant) testRefusals(t *testing.T) {
	good := c.seqs[1]
	for name, bad := range map[string]network.Sequence{
		"empty":            {},
		"too long":         {IDs: make([]int32, 81)},
		"negative token":   {IDs: []int32{1, -1, 2}},
		"token too large":  {IDs: []int32{90}},
		"padded too far":   {IDs: make([]int32, 70), Pad: 11},
		"padded backwards": {IDs: make([]int32, 5), Pad: -1},
	} {
		out := []float32{7, 7}
		if err := c.Logits([]network.Sequence{good, bad}, out); err == nil || out[0] != 7 || out[1] != 7 {
			t.Errorf("%s: got %v and the logits %v, want an error and none", name, err, out)
		}
	}
	if err := c.Logits([]network.Sequence{good, good}, make([]float32, 1)); err == nil {
		t.Error("memory for one logit of two: no error")
	}
	if err := c.Logits(nil, nil); err != nil {
		t.Errorf("no sequences: %v", err)
	}
	c.testLogits(t)
}

// replica is another engine on the same weights, or on a device, which has none, the engine itself.
func (c *conformant) replica(t *testing.T) Engine {
	t.Helper()
	if !c.Properties().OnCores {
		return c.Engine
	}
	r, err := c.Replica(1, nil)
	if err != nil {
		t.Fatal(err)
	}
	return r
}

// testAtOnce computes on the engine and a replica from several goroutines.
func (c *conformant) testAtOnce(t *testing.T) {
	replica := c.replica(t)
	want := compute(t, c, c.seqs)
	var all sync.WaitGroup
	for i := range 6 {
		all.Go(func() {
			e := []Engine{c, replica}[i%2]
			for range 3 {
				got := make([]float32, len(c.seqs))
				if err := e.Logits(c.seqs, got); err != nil {
					t.Error(err)
					return
				}
				for k := range got {
					if !c.same(got[k], want[k]) {
						t.Errorf("the logit of %d tokens is %g beside other batches, want %g", len(c.seqs[k].IDs), got[k], want[k])
					}
				}
			}
		})
	}
	all.Wait()
	if replica == c.Engine {
		return
	}
	if err := replica.Close(); err != nil {
		t.Error(err)
	}
}

// testClosing: the replica lives on when the engine is closed, and neither computes afterwards.
func (c *conformant) testClosing(t *testing.T) {
	replica := c.replica(t)
	if err := errors.Join(c.Close(), c.Close()); err != nil {
		t.Errorf("closing twice: %v", err)
	}
	if err := c.Logits(c.seqs, make([]float32, len(c.seqs))); err == nil {
		t.Error("a closed engine computes")
	}
	if replica == c.Engine {
		return
	}
	left := *c
	left.Engine = replica
	left.testLogits(t)
	if err := replica.Close(); err != nil {
		t.Error(err)
	}
	if err := replica.Logits(c.seqs, make([]float32, len(c.seqs))); err == nil {
		t.Error("a closed replica computes")
	}
}

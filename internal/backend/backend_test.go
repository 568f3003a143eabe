package backend

import (
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/backend/catalog"
	"github.com/crossrank/crossrank/internal/native"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/network/sample"
)

func small() *network.Network {
	return sample.Network(5, sample.Geometry{
		Hidden: 16, Blocks: 1, Heads: 2, Intermediate: 20, Tokens: 30, Positions: 40, Activation: network.ReLU, Labels: 2,
	})
}

// device is an executor on a device that is not there: it computes natively, and then wrong.
type device struct {
	Engine
	wrong  func(logits []float32)
	closed *int
}

func (d device) Logits(seqs []network.Sequence, out []float32) error {
	err := d.Engine.Logits(seqs, out)
	d.wrong(out[:len(seqs)])
	return err
}

func (d device) Close() error {
	*d.closed++
	return d.Engine.Close()
}

// newDevice is an executor whose logits are changed by wrong.
func newDevice(wrong func([]float32)) (x executor, opened, closed *int) {
	opened, closed = new(int), new(int)
	return executor{probe: func(string) error { return nil }, begin: func(n *network.Network, opts Options) (Opening, error) {
		o, err := beginNative(n, opts)
		return deviceOpening{o, func(e Engine) Engine { *opened++; return device{e, wrong, closed} }}, err
	}}, opened, closed
}

// deviceOpening opens a device.
type deviceOpening struct {
	Opening
	wrap func(Engine) Engine
}

func (o deviceOpening) Start(opts Options) (Engine, error) {
	e, err := o.Opening.Start(opts)
	return o.wrap(e), err
}

// openOn opens the small network on an executor.
func openOn(x executor) (Engine, error) {
	return open(small(), Options{}, func(n *network.Network, opts Options) (Opening, error) { return x.open("device", n, opts) })
}

func TestOpen(t *testing.T) {
	n := small()
	for _, name := range []string{"", catalog.Native} {
		e, err := Open(name, n, Options{Threads: 2, Precision: "int8", MaxTokens: 20})
		if err != nil {
			t.Fatal(err)
		}
		p := e.Properties()
		if p.Backend != catalog.Native || p.Device != "cpu" || p.Tier == "" || p.Precision != "int8" || p.Threads != 2 || !p.OnCores {
			t.Errorf("%q: got the properties %+v", name, p)
		}
		r, err := e.Replica(1, nil)
		if err != nil {
			t.Fatal(err)
		}
		seqs, a, b := sample.Sequences(1, n, 3, 20), make([]float32, 2), make([]float32, 2)
		if err := errors.Join(e.Logits(seqs, a), r.Logits(seqs, b)); err != nil || !slices.Equal(a, b) {
			t.Errorf("%q: got %v and, from the replica, %v, %v", name, a, b, err)
		}
		if err := errors.Join(e.Close(), r.Close()); err != nil {
			t.Error(err)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	for _, c := range []struct{ name, precision, want string }{
		{"cuda", "", "choosing a backend: cuda needs the CUDA backend, which this build does not have (this build has native"},
		{"tpu", "", "choosing a backend: tpu is not known; this build has native"},
		{"native", "fp8", "choosing a backend: the native backend has no fp8; it computes in fp32, fp16, bf16, bf16-dot, int8, cascade"},
	} {
		if _, err := Open(c.name, small(), Options{Precision: c.precision}); err == nil || !strings.HasPrefix(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
	x := executor{begin: beginNative, probe: func(string) error { return errors.New("no driver was found") }}
	want := "the device backend cannot be used on this machine, use native: no driver was found"
	if _, err := openOn(x); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestCatalogIsTrue: every backend that the catalog says this build has can be opened, in all its
// precisions, and no other.
func TestCatalogIsTrue(t *testing.T) {
	for _, b := range catalog.All {
		if _, ok := executors[b.Name]; ok != (b.Lacks == "") && b.Name != catalog.Auto {
			t.Errorf("%s: an executor is there: %v; the catalog says %q", b.Name, ok, b.Missing())
		}
	}
	b, _ := catalog.Find("")
	if want := fmt.Sprint(append(slices.Clone(native.Precisions), catalog.Cascade)); b.Name != catalog.Native || fmt.Sprint(b.Precisions) != want {
		t.Errorf("the default is %+v, want native in %s", b, want)
	}
}

// TestWrongDeviceIsRefused: a device whose logits are off, not numbers, or different in a batch is
// never used.
func TestWrongDeviceIsRefused(t *testing.T) {
	for _, c := range []struct {
		name, want string
		wrong      func(logits []float32)
	}{
		{"an error above the tolerance", "the native backend computes", func(l []float32) {
			for i := range l {
				l[i] += 0.002
			}
		}},
		{"not a number", "is NaN", func(l []float32) {
			for i := range l {
				l[i] = float32(math.NaN())
			}
		}},
		{"other bits in a batch", "in a batch and", func(l []float32) {
			if len(l) > 1 {
				l[3] += 1e-4
			}
		}},
	} {
		x, opened, closed := newDevice(c.wrong)
		_, err := openOn(x)
		if err == nil || !strings.Contains(err.Error(), c.want) || !strings.Contains(err.Error(), "use native") {
			t.Errorf("%s: got %v, want an error with %q", c.name, err, c.want)
		}
		if *opened != 1 || *closed != 1 {
			t.Errorf("%s: %d engines opened and %d closed, want the self-test's alone", c.name, *opened, *closed)
		}
	}
}

// TestRightDeviceIsOpened: an error within the tolerance passes, and the network that was asked for
// is opened.
func TestRightDeviceIsOpened(t *testing.T) {
	x, opened, _ := newDevice(func(l []float32) {
		for i := range l {
			l[i] += 1e-4
		}
	})
	e, err := openOn(x)
	if err != nil {
		t.Fatal(err)
	}
	defer e.Close()
	if *opened != 2 {
		t.Errorf("%d engines opened, want the self-test's and the one asked for", *opened)
	}
}

// deviceWithMatrices opens a device that computes something wrong on its matrix units.
type deviceWithMatrices struct {
	deviceOpening
	without *bool
}

func (o deviceWithMatrices) WithoutMatrices(string) bool {
	had := !*o.without
	*o.without = true
	return had
}

// TestMatricesAreForgone: a device whose matrix units compute something wrong is used without them,
// whether its self-test finds that or the comparison with the model.
func TestMatricesAreForgone(t *testing.T) {
	for _, c := range []struct {
		name   string
		wrong  func(n *network.Network) bool
		opened int // by then: the self-test's, and those of the model
	}{
		{"in the self-test", func(*network.Network) bool { return true }, 3},
		{"in the model", func(n *network.Network) bool { return n.Hidden == small().Hidden }, 3},
		{"nowhere", func(*network.Network) bool { return false }, 2},
	} {
		opened, closed := new(int), new(int)
		x := executor{matrices: true, probe: func(string) error { return nil }, begin: func(n *network.Network, opts Options) (Opening, error) {
			o, err := beginNative(n, opts)
			without := opts.withoutMatrices != ""
			wrong := func(l []float32) {
				if !without && c.wrong(n) {
					l[0]++
				}
			}
			return deviceWithMatrices{deviceOpening{o, func(e Engine) Engine { *opened++; return device{e, wrong, closed} }}, &without}, err
		}}
		e, err := openOn(x)
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if *opened != c.opened || *closed != c.opened-1 {
			t.Errorf("%s: %d engines opened and %d closed, want %d and all but one", c.name, *opened, *closed, c.opened)
		}
		e.Close()
	}
}

package backend

import (
	"errors"
	"fmt"
	"math"
	"time"

	"github.com/crossrank/crossrank/internal/backend/catalog"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/network/sample"
)

// candidates are the devices that the backend auto tries, those of one backend in the order of
// preference: of each backend, it opens the first that passes its self-test. ONNX Runtime's CPU
// provider is none: the native executor has the same cores.
var candidates = []struct {
	backend string
	devices []string
}{
	{catalog.WebGPU, []string{"gpu"}},
	{catalog.ONNX, []string{"tensorrt", "cuda", "coreml", "directml", "openvino", "webgpu"}},
}

// autoOpening opens the native executor and every device that can be used side by side, measures
// their speed, and keeps the fastest.
type autoOpening struct {
	Opening // the native one
	n       *network.Network
	devices []candidate
	passed  []string // why others were not opened
}

// candidate is a device that is being opened.
type candidate struct {
	name string
	Opening
}

// beginAuto begins to open a network on all of them. Of the options it uses Precision.
func beginAuto(n *network.Network, opts Options) (Opening, error) {
	first, err := executors[catalog.Native].open(catalog.Native, n, opts)
	if err != nil {
		return nil, err
	}
	o := &autoOpening{Opening: first, n: n}
	for _, c := range candidates {
		x, ok := executors[c.backend]
		if !ok {
			b, _ := catalog.Find(c.backend)
			o.pass(b.Name + " " + b.Missing())
			continue
		}
		for _, device := range c.devices {
			opts := Options{Device: device, Precision: opts.Precision}
			opening, err := beginCandidate(x, c.backend, n, opts)
			if err != nil {
				o.pass(err.Error())
				continue
			}
			o.devices = append(o.devices, candidate{c.backend + " on " + device, opening})
			break
		}
	}
	return o, nil
}

func beginCandidate(x executor, name string, n *network.Network, opts Options) (Opening, error) {
	if _, why := catalog.Check(name, opts.Device, opts.Precision); why != "" {
		return nil, errors.New(why)
	}
	return x.open(name, n, opts)
}

// pass notes why a backend is not used. The same reason for several devices is noted once.
func (o *autoOpening) pass(why string) {
	if n := len(o.passed); n == 0 || o.passed[n-1] != why {
		o.passed = append(o.passed, why)
	}
}

// Block implements [network.Receiver].
func (o *autoOpening) Block(i int) {
	o.Opening.Block(i)
	for _, d := range o.devices {
		d.Block(i)
	}
}

// Tokens implements [network.Receiver]: several executors read the token embeddings where they are.
func (o *autoOpening) Tokens() func(int, network.Table) {
	if len(o.devices) == 0 {
		return o.Opening.Tokens()
	}
	return nil
}

// Start starts all of them, and closes all but the fastest.
func (o *autoOpening) Start(opts Options) (Engine, error) {
	best, err := o.Opening.Start(opts)
	if err != nil || len(o.devices) == 0 {
		return autoEngine{best, o.passed}, err
	}
	name := catalog.Native
	speed, err := pairsPerSecond(best, o.n, opts.MaxTokens)
	if err != nil {
		return nil, errors.Join(err, best.Close())
	}
	for _, d := range o.devices {
		e, its, err := d.start(o.n, opts)
		if err != nil {
			o.pass(err.Error())
			continue
		}
		loser, why := e, fmt.Sprintf("%s computes %.0f pairs/s, %s %.0f", d.name, its, name, speed)
		if its > speed {
			loser, why = best, fmt.Sprintf("%s computes %.0f pairs/s, %s %.0f", name, speed, d.name, its)
			best, name, speed = e, d.name, its
		}
		o.pass(why)
		if err := loser.Close(); err != nil {
			return nil, errors.Join(err, best.Close())
		}
	}
	return autoEngine{best, o.passed}, nil
}

// start starts a device and measures its speed.
func (c candidate) start(n *network.Network, opts Options) (e Engine, speed float64, err error) {
	if e, err = c.Start(opts); err != nil {
		return nil, 0, err
	}
	if speed, err = pairsPerSecond(e, n, opts.MaxTokens); err != nil {
		return nil, 0, errors.Join(fmt.Errorf("%s: %w", c.name, err), e.Close())
	}
	return e, speed, nil
}

// A speed is that of the fastest of some batches, of which there are at least two: a first one may
// be slow.
const (
	measuredPairs  = 32
	measuredTokens = 64
	measuredTime   = 500 * time.Millisecond
)

func pairsPerSecond(e Engine, n *network.Network, maxTokens int) (float64, error) {
	length := measuredTokens
	for _, most := range []int{maxTokens, n.MaxTokens()} {
		if most > 0 {
			length = min(length, most)
		}
	}
	lengths := make([]int, measuredPairs)
	for i := range lengths {
		lengths[i] = length
	}
	seqs, out := sample.Sequences(7, n, lengths...), make([]float32, measuredPairs)
	fastest := time.Duration(math.MaxInt64)
	for batch, begin := 0, time.Now(); batch < 2 || time.Since(begin) < measuredTime; batch++ {
		start := time.Now()
		if err := e.Logits(seqs, out); err != nil {
			return 0, fmt.Errorf("measuring the speed: %w", err)
		}
		fastest = min(fastest, time.Since(start))
	}
	return measuredPairs / fastest.Seconds(), nil
}

// autoEngine is the engine that was taken.
type autoEngine struct {
	Engine
	passed []string
}

// Properties implements [Engine].
func (e autoEngine) Properties() Properties {
	p := e.Engine.Properties()
	p.Passed = e.passed
	return p
}

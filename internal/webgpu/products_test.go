package webgpu

import (
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/dynlib"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/network/sample"
)

// benchmarkEngine opens a block of the sizes of MiniLM-L6 on the GPU, or on a device for tests, which
// gets few rows.
func benchmarkEngine(b *testing.B, precision Precision) (e *Engine, rows int) {
	if !dynlib.Available {
		b.Skip("this build opens no libraries; go test -tags gpu does")
	}
	n := sample.Network(1, sample.Geometry{
		Hidden: 384, Blocks: 2, Heads: 12, Intermediate: 1536, Tokens: 100, Positions: 512, Activation: network.GELU, Labels: 1,
	})
	for _, device := range Devices {
		e, err := New(n, Options{Device: device, Precision: precision, tuning: &tuning{least: 1 << 30}})
		if err != nil {
			b.Logf("%s: %v", device, err)
			continue
		}
		b.Cleanup(func() { e.Close() })
		if e.session.adapter.cpu {
			return e, 128
		}
		return e, e.session.rows
	}
	b.Skip("no device can be used")
	return nil, 0
}

// BenchmarkProducts measures the products of a block with each tile, by the clock of the device.
func BenchmarkProducts(b *testing.B) {
	for _, precision := range Precisions {
		e, rows := benchmarkEngine(b, precision)
		s := e.session
		b.Logf("%s in %s: %s", e.Device(), precision, e.Tuning())
		p := &planner{session: s}
		p.allocate()
		for _, tile := range s.tiles() {
			if !tile.fits(&s.adapter.limits) {
				continue
			}
			b.Run("precision="+string(precision)+"/tile="+tile.String(), func(b *testing.B) {
				s.steps, s.opData = nil, nil
				if err := (&tuner{planner: p}).productsOf(tile); err != nil {
					b.Fatal(err)
				}
				s.ops.write(0, bytesOf(s.opData))
				if _, err := s.timeOf(rows); err != nil { // the driver compiles late
					b.Fatal(err)
				}
				var took time.Duration
				for b.Loop() {
					once, err := s.timeOf(rows)
					if err != nil {
						b.Fatal(err)
					}
					took += once
				}
				b.ReportMetric(2*float64(s.m.productsOfRow())*float64(rows)*float64(b.N)/took.Seconds()/1e12, "TFLOP/s")
			})
		}
	}
}

// BenchmarkAttention measures the attention of a block, of sequences of 80 tokens, on matrix units
// where the device has them, and by threads.
func BenchmarkAttention(b *testing.B) {
	for _, precision := range Precisions {
		e, rows := benchmarkEngine(b, precision)
		s := e.session
		byThreads, err := chooseThreadAttention(s.m.headSize, &s.adapter.limits)
		if err != nil {
			b.Fatal(err)
		}
		tiles := []attentionTile{byThreads}
		if s.tile != byThreads {
			tiles = append(tiles, s.tile)
		}
		p := &planner{session: s}
		p.allocate()
		for _, s.tile = range tiles {
			b.Run("precision="+string(precision)+"/shader="+s.tile.shader(), func(b *testing.B) { benchmarkAttention(b, p, rows) })
		}
	}
}

func benchmarkAttention(b *testing.B, p *planner, rows int) {
	const tokens = 80
	s := p.session
	s.steps, s.opData = nil, nil
	p.attention(0, p.qkv, s.m.queries+2*s.m.keys, p.context, items)
	if p.err != nil {
		b.Fatal(p.err)
	}
	s.ops.write(0, bytesOf(s.opData))
	in := newInput(s)
	for q := (network.Sequence{IDs: make([]int32, tokens)}); len(in.tokens)+tokens <= rows && in.fits(q); {
		in.add(q)
	}
	out, took := make([]float32, len(in.reads)), time.Duration(0)
	count := func(begin, end time.Duration) { took += end - begin }
	if err := s.compute(in, out, nil); err != nil { // the driver compiles late
		b.Fatal(err)
	}
	for b.Loop() {
		if err := s.compute(in, out, count); err != nil {
			b.Fatal(err)
		}
	}
	if took > 0 { // the device has a clock
		b.ReportMetric(4*tokens*float64(s.m.queries)*float64(len(in.tokens))*float64(b.N)/took.Seconds()/1e12, "TFLOP/s")
	}
}

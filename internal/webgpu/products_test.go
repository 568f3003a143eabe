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

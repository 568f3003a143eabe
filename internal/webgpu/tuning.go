package webgpu

import (
	"cmp"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"time"
)

// Which tile is the fastest depends on the device and the sizes of the layers. So a session times
// the products of one block with each of its tiles when it starts, as many as fit the budget,
// and keeps the times in a file. The next start on the same device measures those that are left.
// All tiles have the same results, so the choice changes nothing but the speed.

// tuning says how tiles are chosen.
type tuning struct {
	budget  time.Duration // for measuring at one start; one tile is measured in any case
	least   int           // products of a row in a block; with fewer nothing is measured
	dir     string        // where times are kept
	nowhere error         // why there is no dir
	onCPU   bool          // measure a device for tests too, on which one tile may take seconds
}

// defaultTuning measures for no network that is as small as those of self-tests.
func defaultTuning() tuning {
	t := tuning{budget: 300 * time.Millisecond, least: 1 << 20}
	t.dir, t.nowhere = os.UserCacheDir()
	t.dir = filepath.Join(t.dir, "crossrank")
	return t
}

// tuned is a choice, and in words how it was made.
type tuned struct {
	tile productTile
	how  string

	matrices matrices // that compute them, or why not
}

// tuner measures tiles.
type tuner struct {
	*planner
	times map[productTile]time.Duration
	taken int // tiles that were measured at this start
}

// tune chooses the tile of products. It makes no steps and comes before those that do.
func (p *planner) tune() {
	if p.err != nil {
		return
	}
	if p.m.tuned == nil { // otherwise a lost device is opened anew
		p.m.tuned = &tuned{tile: p.smallTile(), how: "the products are too small to measure"}
		switch {
		case p.m.productsOfRow() < p.m.tuning.least:
		case p.adapter.cpu && !p.m.tuning.onCPU:
			p.m.tuned.how = "a device on the CPU is not measured"
		default:
			t := &tuner{planner: p, times: map[productTile]time.Duration{}}
			p.m.tuned = t.choose()
		}
	}
	p.m.tuned.matrices = p.matrices
	p.products = p.m.tuned.tile
	if small := p.smallTile(); small != p.products {
		p.few = small
	}
}

// choose returns the fastest of the tiles whose times are known, after it has measured as many of
// the others as the budget allows.
func (t *tuner) choose() *tuned {
	key, begin := t.m.tuningKey(t.device), time.Now()
	path, unkept := key.path(t.m.tuning.dir), t.m.tuning.nowhere
	var damage error
	if unkept == nil {
		t.times, damage = key.read(path, t.tiles())
	}
	var fitting []productTile
	for _, tile := range t.tiles() {
		if tile.fits(&t.adapter.limits) {
			fitting = append(fitting, tile)
		}
	}
	t.measureAll(fitting, begin)
	best := t.smallTile()
	for _, tile := range fitting {
		if took, ok := t.times[tile]; ok && took < cmp.Or(t.times[best], took+1) {
			best = tile
		}
	}
	how := fmt.Sprintf("the fastest of %d of %d", len(t.times), len(fitting))
	if t.taken == 0 {
		return &tuned{tile: best, how: how + " by " + path}
	}
	how += fmt.Sprintf(", %d of them measured in %d ms", t.taken, time.Since(begin).Milliseconds())
	if damage != nil {
		how += fmt.Sprintf("; %s is written anew: %v", path, damage)
	}
	if unkept == nil {
		unkept = key.write(path, t.times)
	}
	if unkept != nil {
		how += "; the times are not kept: " + unkept.Error()
	}
	return &tuned{tile: best, how: how}
}

// measureAll measures the tiles whose times are not known. A tile that the device refuses has none.
func (t *tuner) measureAll(tiles []productTile, begin time.Time) {
	var last time.Duration
	for _, tile := range tiles {
		if _, known := t.times[tile]; known {
			continue
		}
		start := time.Now()
		if t.taken > 0 && start.Sub(begin)+last > t.m.tuning.budget || t.failure() != nil {
			return
		}
		if took, err := t.measure(tile); err == nil && took > 0 {
			t.times[tile] = took
			t.taken++
		}
		last = time.Since(start)
	}
}

// A tile is measured with as many rows as make about so many products; on matrix units, which are
// fast and need many workgroups, with more. A device that idled is slow at first, so it computes for
// a while before. Clocks may have steps of 0.1 ms, so what is faster than that allows is measured
// several times in a row.
const (
	tunedProducts = 1 << 30
	tunedMatrices = 1 << 34
	tunedRowsMin  = fewRows
	tunedRowsMax  = 1024
	tunedWarmUp   = 10 * time.Millisecond
	tunedTime     = 4 * time.Millisecond
	tunedTimes    = 16
)

// measure returns how long the products of the first block take with a tile, on numbers that mean
// nothing.
func (t *tuner) measure(tile productTile) (took time.Duration, err error) {
	s := t.session
	before := len(s.groups)
	defer func() {
		for _, g := range s.groups[before:] {
			call(s.lib.BindGroupRelease, uintptr(g))
		}
		s.groups, s.steps, s.opData = s.groups[:before], nil, nil
	}()
	if err := t.productsOf(tile); err != nil {
		return 0, err
	}
	s.ops.write(0, bytesOf(s.opData))
	rows := s.tunedRows()
	for start := time.Now(); err == nil && time.Since(start) < tunedWarmUp; {
		took, err = s.timeOf(rows)
	}
	n := max(1, min(tunedTimes, int(tunedTime/max(took, 1))))
	if n > 1 && err == nil {
		s.steps = slices.Repeat(s.steps, n)
		took, err = s.timeOf(rows)
	}
	return took / time.Duration(n), err
}

func (s *session) tunedRows() int {
	if s.matrices.used() {
		return min(s.rows, max(tunedRowsMin, tunedMatrices/s.m.productsOfRow()))
	}
	return min(s.rows, max(tunedRowsMin, min(tunedRowsMax, tunedProducts/s.m.productsOfRow())))
}

// productsOf makes the steps of the first block's products.
func (t *tuner) productsOf(tile productTile) error {
	t.products = tile
	m, b, width := t.m, &t.m.blocks[0], t.m.queries+2*t.m.keys
	for _, q := range []product{
		{layer: &b.qkv, input: t.h, out: t.qkv, n: width, stride: width},
		{layer: &b.output, input: t.context, out: t.h, n: m.hidden, stride: m.hidden},
		{layer: &b.up, input: t.h, out: t.up, n: m.intermediate, stride: m.intermediate},
		{layer: &b.down, input: t.up, out: t.h, n: m.hidden, stride: m.hidden},
	} {
		q.layer = &linear{weight: q.layer.weight, in: q.layer.in} // without bias: one shader for all
		t.product(rows, q)
	}
	err := t.err
	t.err = nil
	return err
}

// timeOf computes the steps of the session on so many rows, and returns how long that took, by the
// device's clock if it has one.
func (s *session) timeOf(rows int) (took time.Duration, err error) {
	in := newInput(s)
	in.tokens, in.reads = make([][4]uint32, rows), make([][4]uint32, 1)
	start := time.Now()
	err = s.compute(in, make([]float32, 1), func(begin, end time.Duration) { took = end - begin })
	if took == 0 {
		took = time.Since(start)
	}
	return took, errors.Join(err, s.failure())
}

// productsOfRow is how many products of two numbers a block takes for each row.
func (m *model) productsOfRow() int {
	sum := 0
	for _, s := range m.shapes() {
		sum += s[0] * s[1]
	}
	return sum
}

// shapes are the outputs and inputs of the layers that are measured.
func (m *model) shapes() [][2]int {
	return [][2]int{
		{m.queries + 2*m.keys, m.hidden}, {m.hidden, m.queries}, {m.intermediate, m.hidden}, {m.hidden, m.intermediate},
	}
}

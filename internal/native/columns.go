package native

import (
	"github.com/crossrank/crossrank/internal/kernel"
)

// Where a team has more workers than a few rows each, they share columns too. The workers of a team
// are a grid: those of one row of it have the same rows of the block, those of one column of it the
// same columns of every product and the same heads. So each reads only its columns' weights, but it
// reads what others have written at every step, and waits for them five times a layer instead of
// once.

// columnRows is how many rows of a block there are at most, for each worker, if they share columns.
// With so many rows of its own, a worker is as fast without the waits.
const columnRows = 16

// columns is what one column of the grid computes of a layer.
type columns struct {
	heads, to int // its heads, from and up to

	queryProj, keyProj, valueProj, outProj, upProj, downProj *kernel.Panels
	relative                                                 *kernel.Relative

	out, up int // its first columns of outProj and downProj, and of upProj
}

// sharesColumns reports whether workers can share the columns of a model. Others share rows alone:
// those whose heads are not computed apart, and whose blocks need more than a product at a step.
func (m *model) sharesColumns() bool {
	if m.preNorm || m.causal || m.embeddingProj != nil || m.heads.KV != m.heads.Count {
		return false
	}
	for i := range m.layers {
		if l := &m.layers[i]; l.rotary != nil || l.gateProj != nil || l.queryNorm.gain != nil || l.keyNorm.gain != nil {
			return false
		}
	}
	return true
}

// cutColumns cuts the whole layers for a grid of n columns: first by column, then by layer.
func (m *model) cutColumns(n int) [][]columns {
	all := make([][]columns, n)
	for i := range all {
		for k := range m.whole() {
			all[i] = append(all[i], m.columnsOf(&m.layers[k], part{index: i, count: n}))
		}
	}
	return all
}

// columnsOf is one column's part of a layer.
func (m *model) columnsOf(l *layer, p part) columns {
	c := columns{relative: l.relative}
	c.heads, c.to = p.of(m.heads.Count)
	low, high := c.heads*m.heads.Size, c.to*m.heads.Size
	c.queryProj, c.keyProj = l.qkProj.Columns(low, high), l.qkProj.Columns(m.attention+low, m.attention+high)
	c.valueProj = l.vProj.Columns(low, high)
	if l.relative != nil {
		r := *l.relative
		if r.Keys != nil {
			r.Keys = r.Keys[c.heads:c.to]
		}
		if r.Queries != nil {
			r.Queries = r.Queries[c.heads:c.to]
		}
		c.relative = &r
	}
	c.out, c.outProj = cutPanels(l.outProj, p)
	_, c.downProj = cutPanels(l.downProj, p)
	c.up, c.upProj = cutPanels(l.upProj, p)
	return c
}

// cutPanels returns a column's part of weights, in whole panels, and its first column.
func cutPanels(w *kernel.Panels, p part) (int, *kernel.Panels) {
	low, high := p.of(kernel.Pad(w.Out) / kernel.Width)
	if low == high {
		return 0, nil
	}
	return low * kernel.Width, w.Columns(low*kernel.Width, min(high*kernel.Width, w.Out))
}

// grid is a worker's place in a team that shares columns.
type grid struct {
	part
	rows, columns part // its part of the rows, and of the columns
	cut           []columns
}

// gridOf is the place of the worker of a part.
func gridOf(p part) grid {
	n := len(p.cut)
	return grid{
		part: p, rows: part{index: p.index / n, count: p.count / n}, columns: part{index: p.index % n, count: n},
		cut: p.cut[p.index%n],
	}
}

// layersByColumns takes a block through the whole layers, as layersByRows does where workers share
// rows alone. What a row of the grid embeds and norms, each of its workers does by itself for all
// rows, in memory of its own: that is less work than a wait.
func (m *model) layersByColumns(s *scratch, w *workspace, g grid, seqs []input, rows int) {
	low, high := m.rowsOf(g.rows, seqs, rows)
	n, x, sum := high-low, w.out, s.sum[low*m.hidden:]
	m.embedRows(x, w, seqs, low, high)
	for i := range g.cut {
		l, c := &m.layers[i], &g.cut[i]
		m.projectColumns(s, w, c, x, low, high)
		g.wait() // for the keys and values of other rows
		m.attendColumns(s, w, l, c, seqs, low, high)
		g.wait() // for the other heads
		m.product(sum[c.out:], m.hidden, s.context[low*m.attention:], m.attention, n, c.outProj, kernel.None, w)
		g.wait()
		m.add(x, sum, n, &l.attentionNorm)
		m.product(s.feed[low*m.intermediate+c.up:], m.intermediate, x, m.hidden, n, c.upProj, m.act, w)
		g.wait()
		m.product(sum[c.out:], m.hidden, s.feed[low*m.intermediate:], m.intermediate, n, c.downProj, kernel.None, w)
		g.wait()
		m.add(x, sum, n, &l.feedForwardNorm)
	}
	from, to := g.columns.of(n)
	copy(s.x[(low+from)*m.hidden:(low+to)*m.hidden], x[from*m.hidden:])
	g.wait()
}

// product is a product with a column's part of weights; nil means that it has none.
func (m *model) product(c []float32, ldc int, a []float32, lda, rows int, p *kernel.Panels, act kernel.Act, w *workspace) {
	if p != nil {
		m.kernels.MatMul(c, ldc, a, lda, rows, p, act, w.buffers)
	}
}

// projectColumns computes a column's queries, keys and values of rows low to high, which are x.
func (m *model) projectColumns(s *scratch, w *workspace, c *columns, x []float32, low, high int) {
	ld, at := 3*m.attention, c.heads*m.heads.Size
	qkv := s.qkv[low*ld+at:]
	m.product(qkv, ld, x, m.hidden, high-low, c.queryProj, kernel.None, w)
	m.product(qkv[m.attention:], ld, x, m.hidden, high-low, c.keyProj, kernel.None, w)
	m.product(qkv[2*m.attention:], ld, x, m.hidden, high-low, c.valueProj, kernel.None, w)
}

// attendColumns computes the outputs of a column's heads for some rows.
func (m *model) attendColumns(s *scratch, w *workspace, l *layer, c *columns, seqs []input, low, high int) {
	ld, at := 3*m.attention, c.heads*m.heads.Size
	part := layer{window: l.window, relative: c.relative}
	heads := m.heads
	heads.Count, heads.KV = c.to-c.heads, c.to-c.heads
	start := 0
	for _, q := range seqs {
		from, to := max(low, start), min(high, start+q.Rows())
		if from < to {
			m.attendHeads(w, &part, heads, s.context[from*m.attention+at:], s.qkv[from*ld+at:], s.qkv[start*ld+at:], to-from, from-start, len(q.IDs))
		}
		start += q.Rows()
	}
}

package native

import "github.com/crossrank/crossrank/internal/kernel"

// finish computes what follows the last layer's attention for the rows of n sequences that the head
// reads, and the logits: with a part, only those of that part. The attention of all is complete.
func (m *model) finish(s *scratch, w *workspace, p part, n int, logits []float32) {
	if p.tails != nil && sharesTail(n, p.count) {
		m.finishByColumns(s, w, p, n, logits)
		return
	}
	low, high := p.of(n)
	if low == high {
		return
	}
	read := s.read[low*m.hidden:]
	if !m.readsAll() {
		m.afterAttention(w, &m.layers[len(m.layers)-1], read, s.readContext[low*m.attention:], high-low)
		m.normRows(read, read, high-low, &m.finalNorm)
	}
	m.classify(w, read, logits[low:high])
}

// sharesTail reports whether so many workers share the columns of what follows the last layer's
// attention for n rows. With more rows of its own a worker is as fast without the waits.
func sharesTail(n, workers int) bool { return workers > 1 && n <= min(chunkRows, tailRows*workers) }

const (
	tailRows  = 16
	tailWaits = 4 // between its products, and before the head
)

// tail is what one worker of a team computes, of all rows that the head reads, after the last
// layer's attention: its columns of each product. They are few rows, so what takes time is to read
// the weights, and this way the workers read them once together.
type tail struct {
	outProj, gateProj, upProj, downProj *kernel.Panels
	dense                               *kernel.Panels // of the head

	out, up, head int // its first columns of outProj and downProj, of gateProj and upProj, and of dense
}

// cutTails cuts what follows the last layer's attention for n workers; nil where there are none to
// share it, or the head reads all rows.
func (m *model) cutTails(n int) []tail {
	if n <= 1 || m.readsAll() {
		return nil
	}
	l, tails := &m.layers[len(m.layers)-1], make([]tail, n)
	for i := range tails {
		t, p := &tails[i], part{index: i, count: n}
		t.out, t.outProj = cutPanels(l.outProj, p)
		_, t.downProj = cutPanels(l.downProj, p)
		t.up, t.upProj = cutPanels(l.upProj, p)
		if l.gateProj != nil {
			_, t.gateProj = cutPanels(l.gateProj, p)
		}
		if m.head.dense != nil {
			t.head, t.dense = cutPanels(m.head.dense, p)
		}
	}
	return tails
}

// finishByColumns is finish where workers share columns. Each norms all rows by itself, in memory
// of its own: that is less work than a wait.
func (m *model) finishByColumns(s *scratch, w *workspace, p part, n int, logits []float32) {
	l, t, x := &m.layers[len(m.layers)-1], &p.tails[p.index], w.out
	copy(x, s.read[:n*m.hidden])
	m.product(s.readSum[t.out:], m.hidden, s.readContext, m.attention, n, t.outProj, kernel.None, w)
	p.wait()
	m.add(x, s.readSum, n, &l.attentionNorm)
	m.tailUp(s, w, t, l, x, n)
	p.wait()
	m.product(s.readSum[t.out:], m.hidden, s.readFeed, m.intermediate, n, t.downProj, kernel.None, w)
	p.wait()
	m.add(x, s.readSum, n, &l.feedForwardNorm)
	m.normRows(x, x, n, &m.finalNorm)
	if m.head.dense != nil {
		m.product(s.readFeed[t.head:], m.head.ld, x, m.hidden, n, t.dense, kernel.None, w)
		x = s.readFeed
		p.wait()
	}
	for i, to := p.of(n); i < to; i++ {
		logits[i] = m.logit(x[i*m.head.ld : (i+1)*m.head.ld])
	}
}

// tailUp computes a tail's columns of the feed-forward layer's first product.
func (m *model) tailUp(s *scratch, w *workspace, t *tail, l *layer, x []float32, n int) {
	if t.upProj == nil {
		return
	}
	in := m.normed(w, x, n, &l.feedForwardNorm)
	if t.gateProj == nil {
		m.product(s.readFeed[t.up:], m.intermediate, in, m.hidden, n, t.upProj, m.act, w)
		return
	}
	m.product(w.gate, m.intermediate, in, m.hidden, n, t.gateProj, m.act, w)
	m.kernels.MatMulGated(s.readFeed[t.up:], m.intermediate, in, m.hidden, n, t.upProj, w.gate, m.intermediate, w.buffers)
}

package native

import (
	"github.com/crossrank/crossrank/internal/kernel"
	"github.com/crossrank/crossrank/internal/network"
)

// forward writes one logit a sequence: with a part, only those of that part; other workers write
// the rest. The caller has checked the sequences: each has at least one token, its rows fit the
// scratch and the workspace, and its ids and its length lie within the embeddings. The scratch is
// reserved for them.
func (m *model) forward(s *scratch, w *workspace, p part, seqs []network.Sequence, logits []float32) {
	for first := 0; first < len(seqs); {
		n, rows := block(seqs[first:])
		m.block(s, w, p, seqs[first:first+n], rows, first)
		first += n
	}
	low, high := p.of(len(seqs), 1)
	if low < high {
		read := s.read[low*m.hidden:]
		m.afterAttention(w, &m.layers[len(m.layers)-1], read, s.readContext[low*m.attention:], high-low)
		m.head(w, read, logits[low:high])
	}
}

// block returns how many of seqs make the next block, at least one, and their rows.
func block(seqs []network.Sequence) (n, rows int) {
	for _, q := range seqs {
		if n > 0 && rows+q.Rows() > blockTokens {
			break
		}
		n++
		rows += q.Rows()
	}
	return n, rows
}

// block takes sequences of so many rows in total through the layers, up to the last one's
// attention, which leaves one row a sequence, from row first on.
func (m *model) block(s *scratch, w *workspace, p part, seqs []network.Sequence, rows, first int) {
	low, high := p.of(rows, 2) // pairs of rows: finer than a tile, since a lower tile costs less than an idle core
	m.embed(s, w, seqs, low, high)
	for i := range m.layers[:len(m.layers)-1] {
		l := &m.layers[i]
		m.project(s, w, l, low, high)
		p.wait() // for the others' keys and values
		m.attend(s, w, seqs, low, high)
		m.afterAttention(w, l, s.x[low*m.hidden:], s.context[low*m.attention:], high-low)
		p.wait() // until the others no longer read this worker's
	}
	if len(m.layers) == 1 {
		p.wait() // for the others' embeddings
	}
	m.attendRead(s, w, p, seqs, first)
	p.wait()
}

// project computes rows low to high of qkv.
func (m *model) project(s *scratch, w *workspace, l *layer, low, high int) {
	if low >= high {
		return
	}
	ld, n := 3*m.attention, high-low
	qkv, x := s.qkv[low*ld:], s.x[low*m.hidden:]
	m.kernels.MatMul(qkv, ld, x, m.hidden, n, l.qkProj, kernel.None, w.quantized)
	m.kernels.MatMul(qkv[2*m.attention:], ld, x, m.hidden, n, l.vProj, kernel.None, w.quantized)
}

// attend computes the heads' outputs of rows low to high, each over the tokens of its own sequence.
func (m *model) attend(s *scratch, w *workspace, seqs []network.Sequence, low, high int) {
	width, ld := m.attention, 3*m.attention
	start := 0
	for _, q := range seqs {
		from, to := max(low, start), min(high, start+q.Rows())
		if from < to {
			all := s.qkv[start*ld:]
			m.kernels.Attention(s.context[from*width:], width, s.qkv[from*ld:], ld, all[width:], all[2*width:], ld,
				to-from, len(q.IDs), m.heads, w.attention)
		}
		start += q.Rows()
	}
}

// afterAttention is what a layer computes after attention, in place on rows of x. It takes few
// enough rows at a time that they stay in the caches throughout.
func (m *model) afterAttention(w *workspace, l *layer, x, context []float32, rows int) {
	for low := 0; low < rows; low += chunkRows {
		n := min(chunkRows, rows-low)
		m.attentionOutput(w, l, x[low*m.hidden:], context[low*m.attention:], n)
		m.feedForward(w, l, x[low*m.hidden:], n)
	}
}

// attentionOutput projects the heads' outputs and adds them to x, with a norm.
func (m *model) attentionOutput(w *workspace, l *layer, x, context []float32, rows int) {
	m.kernels.MatMul(w.out, m.hidden, context, m.attention, rows, l.outProj, kernel.None, w.quantized)
	m.addNorm(x, w.out, rows, &l.attentionNorm)
}

// feedForward computes the feed-forward layer of x and adds it to x, with a norm.
func (m *model) feedForward(w *workspace, l *layer, x []float32, rows int) {
	m.kernels.MatMul(w.feed, m.intermediate, x, m.hidden, rows, l.upProj, m.act, w.quantized)
	m.kernels.MatMul(w.out, m.hidden, w.feed, m.intermediate, rows, l.downProj, kernel.None, w.quantized)
	m.addNorm(x, w.out, rows, &l.feedForwardNorm)
}

// addNorm replaces x by the norm of x + y.
func (m *model) addNorm(x, y []float32, rows int, n *norm) {
	for r := range rows {
		at := r * m.hidden
		m.kernels.LayerNorm(x[at:], y[at:], x[at:], n.gain, n.bias, m.width, n.eps)
	}
}

// head computes the logits of rows that it reads, one a sequence: dense layer, activation,
// classifier.
func (m *model) head(w *workspace, read, logits []float32) {
	width := m.pooler.Out
	for low := 0; low < len(logits); low += chunkRows {
		n := min(chunkRows, len(logits)-low)
		m.kernels.MatMul(w.out, m.headDense, read[low*m.hidden:], m.hidden, n, m.pooler, kernel.None, nil)
		for i := range n {
			sum := float64(m.classifierBias)
			for j, v := range w.out[i*m.headDense : i*m.headDense+width] {
				sum += m.headAct(float64(v)) * float64(m.classifier[j])
			}
			logits[low+i] = float32(sum)
		}
	}
}

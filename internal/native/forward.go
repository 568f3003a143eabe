package native

import (
	"math"

	"github.com/crossrank/crossrank/internal/kernel"
	"github.com/crossrank/crossrank/internal/network"
)

// Forward writes one logit a sequence: with a share, those of the worker's own part, the others' being written by them. Each
// sequence has 1 to maxLength rows of the scratch and work, a token at least, ids within the vocabulary and a length within the
// positions, and the scratch has been reserved for them: the caller has seen to that.
func (m *model) forward(s *scratch, w *workspace, share part, seqs []network.Sequence, logits []float32) {
	for first := 0; first < len(seqs); {
		n, rows := block(seqs[first:])
		m.block(s, w, share, seqs[first:first+n], rows, first)
		first += n
	}
	low, high := share.of(len(seqs), 1)
	if low < high {
		m.mix(w, &m.layers[len(m.layers)-1], s.cls[low*m.hidden:], s.clsContext[low*m.attention:], high-low)
		m.head(w, s.cls[low*m.hidden:], logits[low:high])
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

// block takes sequences of so many rows in all through the layers, up to the last one's attention, which leaves one row a
// sequence, from row first on.
func (m *model) block(s *scratch, w *workspace, share part, seqs []network.Sequence, rows, first int) {
	low, high := share.of(rows, 2) // pairs of rows: finer than a tile, since a lower tile costs less than an idle core
	m.embed(s, w, seqs, low, high)
	for i := range m.layers[:len(m.layers)-1] {
		l := &m.layers[i]
		m.project(s, w, l, low, high)
		share.wait() // for the others' keys and values
		m.attend(s, w, seqs, low, high)
		m.mix(w, l, s.x[low*m.hidden:], s.context[low*m.attention:], high-low)
		share.wait() // for the others to be done with this worker's
	}
	if len(m.layers) == 1 {
		share.wait() // for the others' embeddings
	}
	m.attendCLS(s, w, share, seqs, first)
	share.wait()
}

// embed fills rows low to high of x with the embeddings of the sequences' tokens.
func (m *model) embed(s *scratch, w *workspace, seqs []network.Sequence, low, high int) {
	start := 0
	for _, q := range seqs {
		for i := max(low-start, 0); i < min(high-start, q.Rows()); i++ {
			id, place := rowAt(q, i, m.config.Positions)
			m.kernels.LayerNorm(s.x[(start+i)*m.hidden:], m.words.row(id, w.out), m.places[place*m.hidden:],
				m.norm.gain, m.norm.bias, m.config.Hidden, m.config.NormEps)
		}
		start += q.Rows()
	}
}

// project computes rows low to high of qkv.
func (m *model) project(s *scratch, w *workspace, l *layer, low, high int) {
	if low >= high {
		return
	}
	ld, n := 3*m.attention, high-low
	qkv, x := s.qkv[low*ld:], s.x[low*m.hidden:]
	m.kernels.MatMul(qkv, ld, x, m.hidden, n, l.scores, kernel.None, w.quantized)
	m.kernels.MatMul(qkv[2*m.attention:], ld, x, m.hidden, n, l.values, kernel.None, w.quantized)
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

// mix is what a layer does after attention, in place on rows of x: output projection, residual and norm, then feed-forward,
// residual and norm.
func (m *model) mix(w *workspace, l *layer, x, context []float32, rows int) {
	for low := 0; low < rows; low += chunkRows {
		n := min(chunkRows, rows-low)
		x := x[low*m.hidden:]
		m.kernels.MatMul(w.out, m.hidden, context[low*m.attention:], m.attention, n, l.attention, kernel.None, w.quantized)
		m.addNorm(x, w.out, n, l.attentionNorm)
		m.kernels.MatMul(w.feed, m.intermediate, x, m.hidden, n, l.up, m.act, w.quantized)
		m.kernels.MatMul(w.out, m.hidden, w.feed, m.intermediate, n, l.down, kernel.None, w.quantized)
		m.addNorm(x, w.out, n, l.norm)
	}
}

// addNorm replaces x by the norm of x + y.
func (m *model) addNorm(x, y []float32, rows int, n norm) {
	for r := range rows {
		at := r * m.hidden
		m.kernels.LayerNorm(x[at:], y[at:], x[at:], n.gain, n.bias, m.config.Hidden, m.config.NormEps)
	}
}

// head is BertForSequenceClassification's, on one row a sequence: pooler, tanh, classifier.
func (m *model) head(w *workspace, cls, logits []float32) {
	for low := 0; low < len(logits); low += chunkRows {
		n := min(chunkRows, len(logits)-low)
		m.kernels.MatMul(w.out, m.hidden, cls[low*m.hidden:], m.hidden, n, m.pooler, kernel.None, nil)
		for i := range n {
			sum := float64(m.classifierBias)
			for j, v := range w.out[i*m.hidden : i*m.hidden+m.config.Hidden] {
				sum += math.Tanh(float64(v)) * float64(m.classifier[j])
			}
			logits[low+i] = float32(sum)
		}
	}
}

package native

import (
	"github.com/crossrank/crossrank/internal/kernel"
	"github.com/crossrank/crossrank/internal/network"
)

// lastAttention is the last layer's attention where the head reads one row of a sequence. For one
// query per head it is less work to bring the query to the tokens than to make keys and values of
// all tokens:
//
//	score_j = q·(K·x_j + b) = (Kᵀ·q)·x_j + q·b       softmax cancels q·b, the same for all j
//	output  = Σ p_j·(V·x_j + c) = V·(Σ p_j·x_j) + c  since Σ p_j = 1
//
// Kᵀ·q is the projected query and Σ p_j·x_j the attended input. For each head that is one product
// with Kᵀ and one with V a sequence, and two of the width of x a token, instead of two products a
// token.
//
// Rotary positions stand between Kᵀ and q, another rotation for each token, so there is no one
// projected query; relative positions add another vector to q for each token; norms of keys are no
// product. Such layers, one that reads norms of x, one with a window and one that is causal compute
// the keys and values of all tokens, as any layer does (layer.keyProj and vProj), and only the
// query here.
//
// With INT8 the weights here are float32, and with BF16Dot the activations: they are little work.
type lastAttention struct {
	query  *kernel.Panels   // Hidden → all heads
	keys   []*kernel.Panels // each head's Kᵀ: HeadSize → Hidden; nil: the layer has its own keys
	values []*kernel.Panels // each head's V: Hidden → HeadSize

	queries [][]*kernel.Panels // query for a part of the heads: by the number of parts, and the part
}

func (m *model) packLast(l *layer, b *network.Block) {
	weight, bias := m.padHeads(l.order(), &b.Query)
	m.last.query = m.packFloat(weight, bias, m.width, len(bias))
	if m.preNorm || m.causal || l.rotary != nil || l.keyNorm.gain != nil || l.window > 0 || m.relativeRows != nil {
		l.keyProj, l.vProj = m.packQueriesKeys(l, &b.Key), m.packValues(&b.Value)
		return
	}
	m.packAttendedInput(b)
}

func (m *model) packAttendedInput(b *network.Block) {
	in, size := m.width, m.headSize
	zeros, transposed, buffer := make([]float32, in), make([]float32, in*size), make([]float32, in*size)
	valueBias := biasOf(&b.Value)
	for h := range m.heads.Count {
		kv := h / (m.heads.Count / m.heads.KV)
		for i, w := range b.Key.Rows(kv*size, (kv+1)*size, buffer) {
			transposed[i%in*size+i/in] = w
		}
		values := b.Value.Rows(kv*size, (kv+1)*size, buffer)
		m.last.keys = append(m.last.keys, m.packFloat(kernel.Matrix{In: size, Data: transposed}, zeros, size, in))
		m.last.values = append(m.last.values, m.packFloat(kernel.Matrix{In: in, Data: values}, valueBias[kv*size:], in, size))
	}
	m.last.queries = make([][]*kernel.Panels, m.heads.Count+1)
	for count := 2; count <= m.heads.Count; count++ {
		for index := range count {
			low, high := part{index: index, count: count}.of(m.heads.Count)
			m.last.queries[count] = append(m.last.queries[count], m.last.query.Columns(low*m.heads.Size, high*m.heads.Size))
		}
	}
}

// rowRead is the row that the head reads, of those that a sequence has.
func (m *model) rowRead(q input) int {
	if m.pooling == network.LastToken {
		return len(q.IDs) - 1 - q.from
	}
	return 0
}

// attendRead copies the row of x that the head reads of each sequence into s.read, and puts the
// heads' outputs for it into s.readContext, from row first on. x is complete, and so are the keys
// and values of a layer that has them; workers split the sequences, and the heads of each.
func (m *model) attendRead(s *scratch, w *workspace, p part, qkv []float32, seqs []input, first int) {
	low, high, heads := m.readers(p, len(seqs))
	start := 0
	for i, q := range seqs {
		if i >= low && i < high {
			at := first + i
			row := s.x[(start+m.rowRead(q))*m.hidden:][:m.hidden]
			if heads.index == 0 {
				copy(s.read[at*m.hidden:], row)
			}
			context := s.readContext[at*m.attention : (at+1)*m.attention]
			if m.last.keys == nil {
				m.attendKeys(w, q, row, qkv[start*m.projected:], context)
			} else {
				m.attendInput(w, heads, row, s.x[start*m.hidden:], len(q.IDs), context)
			}
		}
		start += q.Rows()
	}
}

// readers returns the sequences of a block whose rows a worker computes in the last layer's
// attention, and its part of their heads. Where there are more workers than sequences, several
// share the heads of one.
func (m *model) readers(p part, sequences int) (low, high int, heads part) {
	each := min(p.count/max(1, sequences), len(m.last.keys))
	if each <= 1 {
		low, high = p.of(sequences)
		return low, high, part{}
	}
	low = min(p.index/each, sequences)
	return low, min(low+1, sequences), part{index: p.index % each, count: each}
}

// attendKeys computes the heads' outputs for the row that the head reads of a sequence, over the
// keys and values of its tokens.
func (m *model) attendKeys(w *workspace, q input, row, qkv, context []float32) {
	l := &m.layers[len(m.layers)-1]
	x := m.normed(w, row, 1, &l.attentionNorm)
	m.kernels.MatMul(w.query, m.attention, x, m.hidden, 1, m.last.query, kernel.None, w.buffers)
	m.normEach(w.query, &l.queryNorm)
	if l.rotary != nil {
		size := m.heads.Size
		m.kernels.Rotate(w.query, m.attention, 1, m.heads.Count, size, l.rotary.table[(q.from+m.rowRead(q))*size:])
	}
	m.attendRows(w, l, q, context, w.query, qkv, 1, m.rowRead(q))
}

// attendInput computes the outputs of a part of the heads for one row over the tokens rows of x.
func (m *model) attendInput(w *workspace, p part, row, x []float32, tokens int, context []float32) {
	size := m.heads.Size
	low, high := p.of(m.heads.Count)
	query := m.last.query
	if p.count > 1 {
		query = m.last.queries[p.count][p.index]
	}
	m.kernels.MatMul(w.query[low*size:], m.attention, row, m.hidden, 1, query, kernel.None, w.buffers)
	for h := low; h < high; h++ {
		m.kernels.MatMul(w.projectedQuery[h*m.hidden:], m.hidden, w.query[h*size:], m.attention, 1, m.last.keys[h], kernel.None, w.buffers)
	}
	m.kernels.AttentionFew(w.attendedInput[low*m.hidden:], m.hidden, w.projectedQuery[low*m.hidden:], m.hidden, x, x, m.hidden,
		high-low, tokens, m.hidden, m.heads.Scale, w.attention)
	for h := low; h < high; h++ {
		m.kernels.MatMul(context[h*size:], m.attention, w.attendedInput[h*m.hidden:], m.hidden, 1, m.last.values[h], kernel.None, w.buffers)
	}
}

// meanRead puts the mean of each sequence's rows, after the final norm, into s.read, from row first
// on. x is complete; workers split the sequences.
func (m *model) meanRead(s *scratch, w *workspace, p part, seqs []input, first int) {
	low, high := p.of(len(seqs))
	start := 0
	for i, q := range seqs {
		if i >= low && i < high {
			m.mean(w, s.x[start*m.hidden:], len(q.IDs), s.read[(first+i)*m.hidden:(first+i+1)*m.hidden])
		}
		start += q.Rows()
	}
}

// mean writes the mean of rows of x, after the final norm, to dst.
func (m *model) mean(w *workspace, x []float32, rows int, dst []float32) {
	sums := w.sums
	clear(sums)
	for r := range rows {
		row := x[r*m.hidden : (r+1)*m.hidden]
		m.normRows(row, row, 1, &m.finalNorm)
		for i, v := range row {
			sums[i] += float64(v)
		}
	}
	for i, v := range sums {
		dst[i] = float32(v / float64(rows))
	}
}

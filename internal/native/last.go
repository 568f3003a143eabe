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
// token. The weights are float32 in every precision: they are little work.
type lastAttention struct {
	query  *kernel.Panels   // Hidden → all heads
	keys   []*kernel.Panels // each head's Kᵀ: HeadSize → Hidden
	values []*kernel.Panels // each head's V: Hidden → HeadSize
}

func (m *model) packLast(b *network.Block) lastAttention {
	in, size := m.width, m.headSize
	weight, bias := m.padHeads(b.Query)
	a := lastAttention{query: m.packer.Pack(weight, bias, in, len(bias))}
	zeros, transposed := make([]float32, in), make([]float32, in*size)
	valueBias := biasOf(&b.Value)
	for h := range m.heads.Count {
		for i := range size {
			for o, w := range b.Key.Weight[(h*size+i)*in : (h*size+i+1)*in] {
				transposed[o*size+i] = w
			}
		}
		a.keys = append(a.keys, m.packer.Pack(transposed, zeros, size, in))
		a.values = append(a.values, m.packer.Pack(b.Value.Weight[h*size*in:], valueBias[h*size:], in, size))
	}
	return a
}

// rowRead is the row of a sequence that the head reads.
func (m *model) rowRead(q network.Sequence) int {
	if m.readsLast {
		return len(q.IDs) - 1
	}
	return 0
}

// attendRead copies the row of x that the head reads of each sequence into s.read, and puts the
// heads' outputs for it into s.readContext, from row first on. x is complete; workers split the
// sequences.
func (m *model) attendRead(s *scratch, w *workspace, p part, seqs []network.Sequence, first int) {
	low, high := p.of(len(seqs), 1)
	start := 0
	for i, q := range seqs {
		if i >= low && i < high {
			at := first + i
			row := s.read[at*m.hidden : (at+1)*m.hidden]
			copy(row, s.x[(start+m.rowRead(q))*m.hidden:])
			m.attendOne(w, row, s.x[start*m.hidden:], len(q.IDs), s.readContext[at*m.attention:(at+1)*m.attention])
		}
		start += q.Rows()
	}
}

// attendOne computes the heads' outputs for one row over the tokens rows of x.
func (m *model) attendOne(w *workspace, row, x []float32, tokens int, context []float32) {
	whole := kernel.Heads{Count: 1, Size: m.hidden, Scale: m.heads.Scale}
	m.kernels.MatMul(w.query, m.attention, row, m.hidden, 1, m.last.query, kernel.None, nil)
	for h, keys := range m.last.keys {
		m.kernels.MatMul(w.projectedQuery[h*m.hidden:], m.hidden, w.query[h*m.heads.Size:], m.attention, 1, keys, kernel.None, nil)
	}
	m.kernels.Attention(w.attendedInput, m.hidden, w.projectedQuery, m.hidden, x, x, m.hidden,
		m.heads.Count, tokens, whole, w.attention)
	for h, values := range m.last.values {
		m.kernels.MatMul(context[h*m.heads.Size:], m.attention, w.attendedInput[h*m.hidden:], m.hidden, 1, values, kernel.None, nil)
	}
}

package native

import (
	"github.com/crossrank/crossrank/internal/checkpoint"
	"github.com/crossrank/crossrank/internal/kernel"
	"github.com/crossrank/crossrank/internal/network"
)

// lastAttention is the last layer's attention, of which only each sequence's first row is wanted. For one query per head it is
// less work to bring the query to the tokens than to make keys and values of all tokens:
//
//	score_j = q·(K·x_j + b) = (Kᵀ·q)·x_j + q·b      where q·b is the same for all j, so that softmax takes it away
//	output  = Σ p_j·(V·x_j + c) = V·(Σ p_j·x_j) + c  since the p_j sum to 1
//
// For each head that is one product with Kᵀ and one with V a sequence, and two of the width of x a token, instead of two
// products a token. The weights are float32 in every precision: they are little work.
type lastAttention struct {
	query  *kernel.Panels   // Hidden → all heads
	keys   []*kernel.Panels // each head's Kᵀ: head size → Hidden
	values []*kernel.Panels // each head's V: Hidden → head size
}

func (m *model) packLast(l checkpoint.Layer) lastAttention {
	in, size := m.config.Hidden, m.config.Hidden/m.config.Heads
	weight, bias := m.padHeads(l.Query)
	a := lastAttention{query: m.packer.Pack(weight, bias, in, len(bias))}
	zeros, transposed := make([]float32, in), make([]float32, in*size)
	for h := range m.config.Heads {
		for i := range size {
			for o, w := range l.Key.Weight[(h*size+i)*in : (h*size+i+1)*in] {
				transposed[o*size+i] = w
			}
		}
		a.keys = append(a.keys, m.packer.Pack(transposed, zeros, size, in))
		a.values = append(a.values, m.packer.Pack(l.Value.Weight[h*size*in:], l.Value.Bias[h*size:], in, size))
	}
	return a
}

// attendCLS leaves each sequence's first row of x, and the heads' outputs for it, at the sequence's place from first on. x is
// complete; workers split the sequences.
func (m *model) attendCLS(s *scratch, w *workspace, share part, seqs []network.Sequence, first int) {
	low, high := share.of(len(seqs), 1)
	whole := kernel.Heads{Count: 1, Size: m.hidden, Scale: m.heads.Scale}
	start := 0
	for i, q := range seqs {
		if i >= low && i < high {
			at, x := first+i, s.x[start*m.hidden:]
			cls := s.cls[at*m.hidden : (at+1)*m.hidden]
			copy(cls, x)
			m.kernels.MatMul(w.query, m.attention, cls, m.hidden, 1, m.last.query, kernel.None, nil)
			for h, keys := range m.last.keys {
				m.kernels.MatMul(w.seek[h*m.hidden:], m.hidden, w.query[h*m.heads.Size:], m.attention, 1, keys, kernel.None, nil)
			}
			m.kernels.Attention(w.found, m.hidden, w.seek, m.hidden, x, x, m.hidden, m.heads.Count, len(q.IDs), whole, w.attention)
			context := s.clsContext[at*m.attention : (at+1)*m.attention]
			for h, values := range m.last.values {
				m.kernels.MatMul(context[h*m.heads.Size:], m.attention, w.found[h*m.hidden:], m.hidden, 1, values, kernel.None, nil)
			}
		}
		start += q.Rows()
	}
}

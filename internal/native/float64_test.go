package native

import (
	"math"
	"math/cmplx"

	"github.com/crossrank/crossrank/internal/network"
)

// float64Logit is the forward pass of one sequence in float64, written from the definition: every
// layer in full, no packing, no shortcuts.
func float64Logit(n *network.Network, q network.Sequence) float64 {
	x := float64Embeddings(&n.Embeddings, q)
	for i := range n.Blocks {
		x = float64Block(n, &n.Blocks[i], x)
	}
	for i := range x {
		x[i] = float64Norm(x[i], n.FinalNorm)
	}
	read := float64Read(n.Head.Pooling, x)
	if n.Head.Dense != nil {
		read = float64Linear(n.Head.Dense, read)
	}
	for i, v := range read {
		read[i] = float64Act(n.Head.Activation, v)
	}
	logits := float64Linear(&n.Head.Output, float64Norm(read, n.Head.Norm))
	if len(logits) == 2 {
		return logits[1] - logits[0]
	}
	return logits[0]
}

func float64Read(pooling network.Pooling, x [][]float64) []float64 {
	switch pooling {
	case network.LastToken:
		return x[len(x)-1]
	case network.MeanToken:
		mean := make([]float64, len(x[0]))
		for _, row := range x {
			for j, v := range row {
				mean[j] += v / float64(len(x))
			}
		}
		return mean
	}
	return x[0]
}

func float64Embeddings(e *network.Embeddings, q network.Sequence) [][]float64 {
	x, counted := make([][]float64, len(q.IDs)), 0
	for i, id := range q.IDs {
		x[i] = make([]float64, e.Tokens.Width)
		add := func(t *network.Table, row int) {
			for j := range x[i] {
				x[i][j] += float64(t.Data[row*t.Width+j])
			}
		}
		for j, v := range e.Tokens.Row(int(id), make([]float32, e.Tokens.Width)) {
			x[i][j] = float64(v)
		}
		if p := e.Positions; p != nil && p.Offset > 0 && int(id) == p.Offset-1 {
			add(&p.Table, int(id))
		} else if p != nil {
			add(&p.Table, p.Offset+counted)
			counted++
		}
		if t := e.Types; t != nil && t.Rows > 1 && i >= q.TypeBoundary {
			add(t, 1)
		} else if t != nil {
			add(t, 0)
		}
		switch {
		case e.ProjectFirst:
			x[i] = float64Norm(float64Linear(e.Projection, x[i]), e.Norm)
		case e.Projection != nil:
			x[i] = float64Linear(e.Projection, float64Norm(x[i], e.Norm))
		default:
			x[i] = float64Norm(x[i], e.Norm)
		}
	}
	return x
}

func float64Block(n *network.Network, b *network.Block, x [][]float64) [][]float64 {
	before, after := func(x []float64, norm *network.Norm) []float64 { return x }, float64Norm
	if n.PreNorm {
		before, after = after, before
	}
	var q, k, v [][]float64
	for i, row := range x {
		h := before(row, b.AttentionNorm)
		q = append(q, float64Turn(n, b.Rotary, float64HeadNorms(n, b.QueryNorm, float64Linear(&b.Query, h)), i))
		k = append(k, float64Turn(n, b.Rotary, float64HeadNorms(n, b.KeyNorm, float64Linear(&b.Key, h)), i))
		v = append(v, float64Linear(&b.Value, h))
	}
	out, relative := make([][]float64, len(x)), float64Relative(n, b)
	for i := range x {
		low, high := 0, len(x)
		if b.Window > 0 {
			low, high = max(low, i-b.Window), min(high, i+b.Window+1)
		}
		if n.Causal {
			high = i + 1
		}
		context := float64Attention(n, q[i], k[low:high], v[low:high], func(h, j int) float64 { return relative(q[i], k[low+j], h, i-low-j) })
		a := after(float64Add(float64Linear(&b.AttentionOutput, context), x[i]), b.AttentionNorm)
		h := before(a, b.FeedForwardNorm)
		f := float64Linear(&b.Up, h)
		if b.Gate == nil {
			for j, v := range f {
				f[j] = float64Act(n.Activation, v)
			}
		} else {
			for j, v := range float64Linear(b.Gate, h) {
				f[j] *= float64Act(n.Activation, v)
			}
		}
		out[i] = after(float64Add(float64Linear(&b.Down, f), a), b.FeedForwardNorm)
	}
	return out
}

// float64HeadNorms norms the heads of x, each by itself.
func float64HeadNorms(n *network.Network, norm *network.Norm, x []float64) []float64 {
	for h := 0; h < len(x); h += n.HeadSize {
		copy(x[h:], float64Norm(x[h:h+n.HeadSize], norm))
	}
	return x
}

// float64Turn turns the heads of x, at a position, as complex numbers.
func float64Turn(n *network.Network, r *network.Rotary, x []float64, position int) []float64 {
	if r == nil {
		return x
	}
	half := len(r.Frequencies)
	for h := 0; h < len(x); h += n.HeadSize {
		for k, f := range r.Frequencies {
			turned := complex(x[h+k], x[h+half+k]) * cmplx.Rect(1, float64(position)*f)
			x[h+k], x[h+half+k] = real(turned), imag(turned)
		}
	}
	return x
}

// float64Relative gives what relative positions add to the product of a query and a key, for the
// head that begins at column h.
func float64Relative(n *network.Network, b *network.Block) func(q, k []float64, h, distance int) float64 {
	r := n.Relative
	if r == nil {
		return func([]float64, []float64, int, int) float64 { return 0 }
	}
	var keys, queries [][]float64
	for row := range r.Table.Rows {
		entry := make([]float64, n.Hidden)
		for i := range entry {
			entry[i] = float64(r.Table.Data[row*n.Hidden+i])
		}
		entry = float64Norm(entry, r.Norm)
		if r.ContentToPosition {
			keys = append(keys, float64Linear(b.PositionKey, entry))
		}
		if r.PositionToContent {
			queries = append(queries, float64Linear(b.PositionQuery, entry))
		}
	}
	most := (len(r.Rows) - 1) / 2
	return func(q, k []float64, h, distance int) (sum float64) {
		row := r.Rows[most+min(max(distance, -most), most)]
		for d := h; d < h+n.HeadSize; d++ {
			if r.ContentToPosition {
				sum += q[d] * keys[row][d]
			}
			if r.PositionToContent {
				sum += k[d] * queries[row][d]
			}
		}
		return sum
	}
}

// float64Attention is attention of one query; relative is added to the product with key j of the
// head that begins at column h.
func float64Attention(n *network.Network, q []float64, k, v [][]float64, relative func(h, j int) float64) []float64 {
	context := make([]float64, n.Heads*n.HeadSize)
	for h := 0; h < len(context); h += n.HeadSize {
		p, sum := make([]float64, len(k)), 0.0
		shared := h/n.HeadSize/(n.Heads/n.KVHeads)*n.HeadSize - h // from a query's element to the key's
		for j := range k {
			for d := h; d < h+n.HeadSize; d++ {
				p[j] += q[d] * k[j][d+shared]
			}
			p[j] = math.Exp((p[j] + relative(h, j)) * float64(n.AttentionScale))
			sum += p[j]
		}
		for j := range k {
			for d := h; d < h+n.HeadSize; d++ {
				context[d] += p[j] / sum * v[j][d+shared]
			}
		}
	}
	return context
}

func float64Act(act network.Activation, x float64) float64 {
	switch act {
	case network.GELU:
		return 0.5 * x * math.Erfc(-x/math.Sqrt2)
	case network.GELUTanh:
		return 0.5 * x * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
	case network.Tanh:
		return math.Tanh(x)
	case network.SiLU:
		return x / (1 + math.Exp(-x))
	case network.ReLU:
		return max(x, 0)
	}
	return x
}

func float64Linear(p *network.Linear, x []float64) []float64 {
	y := make([]float64, p.Out)
	for o := range y {
		if p.Bias != nil {
			y[o] = float64(p.Bias[o])
		}
		for i, v := range x {
			y[o] += v * float64(p.Weight[o*p.In+i])
		}
	}
	return y
}

func float64Add(x, y []float64) []float64 {
	for i := range x {
		x[i] += y[i]
	}
	return x
}

// float64Norm returns the norm of x, or x where there is no norm.
func float64Norm(x []float64, n *network.Norm) []float64 {
	if n == nil {
		return x
	}
	var mean, variance float64
	if !n.RMS {
		for _, v := range x {
			mean += v / float64(len(x))
		}
	}
	for _, v := range x {
		variance += (v - mean) * (v - mean) / float64(len(x))
	}
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = (v - mean) / math.Sqrt(variance+float64(n.Eps)) * float64(n.Weight[i])
		if n.Bias != nil {
			y[i] += float64(n.Bias[i])
		}
	}
	return y
}

package native

import (
	"math"
	"math/rand/v2"

	"github.com/crossrank/crossrank/internal/checkpoint"
	"github.com/crossrank/crossrank/internal/network"
)

// randomModel makes a checkpoint of the given geometry with random weights, large enough that attention is peaked.
func randomModel(seed uint64, c checkpoint.Config) *checkpoint.Model {
	rng := rand.New(rand.NewPCG(seed, 1))
	values := func(n int, scale float64) []float32 {
		x := make([]float32, n)
		for i := range x {
			x[i] = float32(rng.NormFloat64() * scale)
		}
		return x
	}
	linear := func(in, out int) checkpoint.Linear {
		return checkpoint.Linear{Weight: values(in*out, 1.5/math.Sqrt(float64(in))), Bias: values(out, 0.2), In: in, Out: out}
	}
	norm := func() checkpoint.Norm {
		n := checkpoint.Norm{Weight: values(c.Hidden, 0.1), Bias: values(c.Hidden, 0.1)}
		for i := range n.Weight {
			n.Weight[i]++
		}
		return n
	}
	w := checkpoint.Weights{
		WordEmbeddings:     values(c.VocabSize*c.Hidden, 1),
		PositionEmbeddings: values(c.Positions*c.Hidden, 0.5),
		TypeEmbeddings:     values(c.TypeVocab*c.Hidden, 0.5),
		EmbeddingNorm:      norm(),
		Pooler:             linear(c.Hidden, c.Hidden),
		Classifier:         linear(c.Hidden, c.Labels),
	}
	for range c.Layers {
		w.Layers = append(w.Layers, checkpoint.Layer{
			Query: linear(c.Hidden, c.Hidden), Key: linear(c.Hidden, c.Hidden), Value: linear(c.Hidden, c.Hidden),
			AttentionOutput: linear(c.Hidden, c.Hidden), AttentionNorm: norm(),
			Intermediate: linear(c.Hidden, c.Intermediate), Output: linear(c.Intermediate, c.Hidden), OutputNorm: norm(),
		})
	}
	return &checkpoint.Model{Config: c, Weights: w, Reading: checkpoint.Reading{MaxLength: c.Positions}}
}

// reference is the forward pass of one sequence in float64, written from the definition: every layer in full, no packing, no
// shortcuts.
func reference(m *checkpoint.Model, q network.Sequence) float64 {
	c, w := m.Config, m.Weights
	x := make([][]float64, len(q.IDs))
	for i, id := range q.IDs {
		kind := 0
		if i >= q.TypeBoundary {
			kind = 1
		}
		x[i] = make([]float64, c.Hidden)
		for j := range x[i] {
			x[i][j] = float64(w.WordEmbeddings[int(id)*c.Hidden+j]) + float64(w.PositionEmbeddings[i*c.Hidden+j]) +
				float64(w.TypeEmbeddings[kind*c.Hidden+j])
		}
		x[i] = refNorm(x[i], w.EmbeddingNorm, c.NormEps)
	}
	for _, l := range w.Layers {
		x = refLayer(c, l, x)
	}
	pooled := refLinear(w.Pooler, x[0])
	for i, v := range pooled {
		pooled[i] = math.Tanh(v)
	}
	logits := refLinear(w.Classifier, pooled)
	if c.Labels == 2 {
		return logits[1] - logits[0]
	}
	return logits[0]
}

func refLayer(c checkpoint.Config, l checkpoint.Layer, x [][]float64) [][]float64 {
	var q, k, v [][]float64
	for _, row := range x {
		q, k, v = append(q, refLinear(l.Query, row)), append(k, refLinear(l.Key, row)), append(v, refLinear(l.Value, row))
	}
	size := c.Hidden / c.Heads
	out := make([][]float64, len(x))
	for i := range x {
		context := make([]float64, c.Hidden)
		for h := 0; h < c.Hidden; h += size {
			p, sum := make([]float64, len(x)), 0.0
			for j := range x {
				for d := h; d < h+size; d++ {
					p[j] += q[i][d] * k[j][d]
				}
				p[j] = math.Exp(p[j] / math.Sqrt(float64(size)))
				sum += p[j]
			}
			for j := range x {
				for d := h; d < h+size; d++ {
					context[d] += p[j] / sum * v[j][d]
				}
			}
		}
		a := refNorm(refAdd(refLinear(l.AttentionOutput, context), x[i]), l.AttentionNorm, c.NormEps)
		f := refLinear(l.Intermediate, a)
		for j, v := range f {
			f[j] = refAct(c.HiddenAct, v)
		}
		out[i] = refNorm(refAdd(refLinear(l.Output, f), a), l.OutputNorm, c.NormEps)
	}
	return out
}

func refAct(act checkpoint.HiddenAct, x float64) float64 {
	switch act {
	case checkpoint.GELU:
		return 0.5 * x * math.Erfc(-x/math.Sqrt2)
	case checkpoint.GELUTanh:
		return 0.5 * x * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
	}
	return max(x, 0)
}

func refLinear(p checkpoint.Linear, x []float64) []float64 {
	y := make([]float64, p.Out)
	for o := range y {
		y[o] = float64(p.Bias[o])
		for i, v := range x {
			y[o] += v * float64(p.Weight[o*p.In+i])
		}
	}
	return y
}

func refAdd(x, y []float64) []float64 {
	for i := range x {
		x[i] += y[i]
	}
	return x
}

func refNorm(x []float64, n checkpoint.Norm, eps float32) []float64 {
	var mean, variance float64
	for _, v := range x {
		mean += v / float64(len(x))
	}
	for _, v := range x {
		variance += (v - mean) * (v - mean) / float64(len(x))
	}
	y := make([]float64, len(x))
	for i, v := range x {
		y[i] = (v-mean)/math.Sqrt(variance+float64(eps))*float64(n.Weight[i]) + float64(n.Bias[i])
	}
	return y
}

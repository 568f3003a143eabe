package onnx

import (
	"fmt"
	"math"

	"github.com/crossrank/crossrank/internal/network"
)

// rows are the tokens whose queries, attention outputs and feed-forward layers a block computes:
// all, or in the last block the one of each sequence that the head reads.
type rows struct {
	t      *translator
	picked bool
}

func (t *translator) rowsOf(block int) rows {
	return rows{t, block == len(t.n.Blocks)-1 && t.picksEarly()}
}

// picksEarly reports whether the last block computes only what the head reads.
func (t *translator) picksEarly() bool {
	return t.n.Head.Pooling != network.MeanToken && t.n.Relative == nil
}

// of is the rows of the residual stream.
func (r rows) of(x string) string {
	if !r.picked {
		return x
	}
	return r.t.once("picked of "+x, func() string { return r.t.pick(x) })
}

// perToken is the rows of a table with a row for each place in a sequence, as a table that is
// multiplied with B × rows × heads × elements.
func (r rows) perToken(table string) string {
	if !r.picked {
		return r.t.once("by token "+table, func() string { return r.t.unsqueeze(table, 1) })
	}
	return r.t.once("picked by token "+table, func() string {
		return r.t.unsqueeze(r.t.gather(table, r.t.pickedAt(), 0), 1, 2)
	})
}

// pick is the token of each sequence that the head reads, B × 1 × Hidden.
func (t *translator) pick(x string) string {
	all := t.reshape(x, -1, int64(t.n.Hidden))
	return t.unsqueeze(t.gather(all, t.input(inputPicked, int64s, batchDim), 0), 1)
}

func (t *translator) pickedAt() string { return t.input(inputPickedAt, int64s, batchDim) }

// attention is the attention output of a block. Its products have the axes B × heads × rows ×
// elements; where query heads share keys, heads are two axes, KVHeads × the queries of each.
func (t *translator) attention(at string, b *network.Block, x string, r rows) string {
	q := t.heads(at+"query", &b.Query, r.of(x), t.n.Heads)
	q = t.turn(b.Rotary, t.norm(at+"query_norm", b.QueryNorm, q), r)
	q = t.grouped(t.transpose(t.mul(q, t.scalar(t.float(), t.n.AttentionScale)), 0, 2, 1, 3))

	k := t.heads(at+"key", &b.Key, x, t.n.KVHeads)
	k = t.turn(b.Rotary, t.norm(at+"key_norm", b.KeyNorm, k), rows{t: t})
	v := t.shared(t.transpose(t.heads(at+"value", &b.Value, x, t.n.KVHeads), 0, 2, 1, 3))

	products := t.op("MatMul", []string{q, t.shared(t.transpose(k, 0, 2, 3, 1))})
	products = t.relative(at, b, products, q, k)
	weights := t.softmax(products, b, r)
	context := t.op("MatMul", []string{weights, v})
	if t.groups() > 1 {
		context = t.reshape(context, 0, int64(t.n.Heads), -1, int64(t.n.HeadSize))
	}
	context = t.reshape(t.transpose(context, 0, 2, 1, 3), 0, 0, int64(t.n.Heads*t.n.HeadSize))
	return t.linear(at+"attention_output", &b.AttentionOutput, context)
}

func (t *translator) groups() int { return t.n.Heads / t.n.KVHeads }

// heads is a projection as B × rows × heads × elements.
func (t *translator) heads(role string, l *network.Linear, x string, heads int) string {
	return t.reshape(t.linear(role, l, x), 0, 0, int64(heads), int64(t.n.HeadSize))
}

// grouped gives queries their second axis of heads, where they have one.
func (t *translator) grouped(q string) string {
	if t.groups() == 1 {
		return q
	}
	return t.reshape(q, 0, int64(t.n.KVHeads), int64(t.groups()), -1, int64(t.n.HeadSize))
}

// shared gives keys or values an axis on which the queries of a group share them.
func (t *translator) shared(x string) string {
	if t.groups() == 1 {
		return x
	}
	return t.unsqueeze(x, 2)
}

// softmax turns products into weights. Tokens that are not attended to get the lowest number, so
// that their weight is exactly 0.
func (t *translator) softmax(products string, b *network.Block, r rows) string {
	lowest := float32(-math.MaxFloat32)
	if t.precision == FP16 {
		lowest = -65504
	}
	masked := t.op("Where", []string{t.attended(b, r), products, t.scalar(t.float(), lowest)})
	return t.op("Softmax", []string{masked}, intAttribute("axis", -1))
}

// attended says which products count, B × 1 × rows × S, or with one row for all.
func (t *translator) attended(b *network.Block, r rows) string {
	return t.once(fmt.Sprint("attended ", b.Window, r.picked), func() string {
		axes := []int64{1, 2}
		if t.groups() > 1 {
			axes = append(axes, 3)
		}
		there := t.unsqueeze(t.input(inputMask, bools, batchDim, tokenDim), axes...)
		for _, near := range t.reach(b) {
			if r.picked {
				near = t.unsqueeze(t.gather(near, t.pickedAt(), 0), axes...)
			}
			there = t.op("And", []string{there, near})
		}
		return there
	})
}

// reach says which tokens are near enough to be attended to, S × S; it has no entry without a rule.
func (t *translator) reach(b *network.Block) (rules []string) {
	steps := t.input(inputSteps, int64s, tokenDim)
	if t.n.Causal {
		rules = append(rules, t.once("causal", func() string {
			return t.op("LessOrEqual", []string{t.unsqueeze(steps, 0), t.unsqueeze(steps, 1)})
		}))
	}
	if b.Window > 0 {
		rules = append(rules, t.once(fmt.Sprint("window ", b.Window), func() string {
			distance := t.op("Sub", []string{t.unsqueeze(steps, 1), t.unsqueeze(steps, 0)})
			return t.op("LessOrEqual", []string{t.op("Abs", []string{distance}), t.integer(int64(b.Window))})
		}))
	}
	return rules
}

// turn applies rotary positions to B × rows × heads × elements; nil changes nothing.
func (t *translator) turn(rotary *network.Rotary, x string, r rows) string {
	if rotary == nil {
		return x
	}
	n, table := len(rotary.Frequencies), turnTable(t.n, rotary)
	dims := []dimension{tokenDim, {size: int64(n)}}
	cos := r.perToken(t.cast(t.input(inputTurn("cos", table), float32s, dims...), float32s, t.float()))
	sin := r.perToken(t.cast(t.input(inputTurn("sin", table), float32s, dims...), float32s, t.float()))
	first, second := t.slice(x, 0, n), t.slice(x, n, 2*n)
	parts := []string{
		t.op("Sub", []string{t.mul(first, cos), t.mul(second, sin)}),
		t.add(t.mul(second, cos), t.mul(first, sin)),
	}
	if rest := t.n.HeadSize; 2*n < rest {
		parts = append(parts, t.slice(x, 2*n, rest))
	}
	return t.op("Concat", parts, intAttribute("axis", -1))
}

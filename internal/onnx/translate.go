package onnx

import (
	"fmt"

	"github.com/crossrank/crossrank/internal/network"
)

// translator writes the graph of a network. Batches have B sequences, padded to S tokens.
//
// The residual stream is B × S × Hidden. A mask says which tokens are there: attention gives the
// others a weight that is exactly 0, so that what they hold reaches no logit.
type translator struct {
	*graph
	n         *network.Network
	precision Precision
	weights   *weights
}

var (
	batchDim = dimension{name: "sequences"}
	tokenDim = dimension{name: "tokens"}
)

// The inputs and the output; feeds make the inputs.
const (
	inputIDs       = "ids"       // B × S
	inputMask      = "mask"      // B × S: which tokens are there
	inputTypes     = "types"     // B × S
	inputPositions = "positions" // B × S: rows of the learned positions
	inputSteps     = "steps"     // S: 0, 1, 2, …
	inputPicked    = "picked"    // B: the token that the head reads, among all B·S
	inputPickedAt  = "picked_at" // B: the same, within its sequence
	inputShares    = "shares"    // B × 1 × S: the share of each token in the mean
	inputQueryRows = "query_row" // S × S: where a query finds the row of its distance to a key
	inputKeyRows   = "key_row"   // S × S: where a key finds it
	outputName     = "logits"    // B × the rows of the head's output
)

// inputTurn is an input of rotary positions: S × the elements that turn together.
func inputTurn(part string, table int) string { return fmt.Sprintf("%s_%d", part, table) }

// translate writes the ONNX file of a network whose weights are known by role.
func translate(n *network.Network, w *weights) (file []byte, used *graph) {
	t := &translator{graph: newGraph(), n: n, precision: w.precision, weights: w}
	x := t.embeddings()
	for i := range n.Blocks {
		x = t.block(x, i)
	}
	logits := t.cast(t.head(x), w.precision.float(), float32s)
	return t.encode(logits, float32s, batchDim, dimension{size: int64(n.Head.Output.Out)}), t.graph
}

func (t *translator) float() element { return t.precision.float() }

// weightOf is a tensor by its role; "" if there is none.
func (t *translator) weightOf(role string) string {
	stored, ok := t.weights.tensors[role]
	if !ok {
		return ""
	}
	return t.weight(role, stored)
}

func (t *translator) add(a, b string) string { return t.op("Add", []string{a, b}) }
func (t *translator) mul(a, b string) string { return t.op("Mul", []string{a, b}) }

// embeddings is the first value of the residual stream.
func (t *translator) embeddings() string {
	e := &t.n.Embeddings
	x := t.lookUp("embeddings.tokens", inputIDs)
	if e.Positions != nil {
		x = t.add(x, t.lookUp("embeddings.positions", inputPositions))
	}
	if e.Types != nil {
		x = t.add(x, t.lookUp("embeddings.types", inputTypes))
	}
	if e.ProjectFirst {
		return t.norm("embeddings.norm", e.Norm, t.linear("embeddings.projection", e.Projection, x))
	}
	x = t.norm("embeddings.norm", e.Norm, x)
	return t.linear("embeddings.projection", e.Projection, x)
}

// lookUp is the rows of a table that an input names.
func (t *translator) lookUp(role, input string) string {
	stored := t.weights.tensors[role]
	rows := t.gather(t.weightOf(role), t.input(input, int64s, batchDim, tokenDim), 0)
	return t.cast(rows, stored.kind, t.float())
}

// norm is a layer norm or a root mean square norm over the last axis; nil changes nothing.
func (t *translator) norm(role string, n *network.Norm, x string) string {
	switch {
	case n == nil:
		return x
	case n.RMS:
		return t.rmsNorm(role, n, x)
	}
	inputs := []string{x, t.weightOf(role + ".weight")}
	if bias := t.weightOf(role + ".bias"); bias != "" {
		inputs = append(inputs, bias)
	}
	return t.op("LayerNormalization", inputs, intAttribute("axis", -1), floatAttribute("epsilon", n.Eps))
}

// rmsNorm squares in float32: squares exceed float16.
func (t *translator) rmsNorm(role string, n *network.Norm, x string) string {
	wide := t.cast(x, t.float(), float32s)
	mean := t.op("ReduceMean", []string{t.mul(wide, wide), t.ints(-1)}, intAttribute("keepdims", 1))
	root := t.op("Sqrt", []string{t.add(mean, t.scalar(float32s, n.Eps))})
	scaled := t.cast(t.op("Div", []string{wide, root}), float32s, t.float())
	scaled = t.mul(scaled, t.weightOf(role+".weight"))
	if bias := t.weightOf(role + ".bias"); bias != "" {
		scaled = t.add(scaled, bias)
	}
	return scaled
}

// linear is a linear layer over the last axis; nil changes nothing.
func (t *translator) linear(role string, l *network.Linear, x string) string {
	if l == nil {
		return x
	}
	product := ""
	if t.weights.tensors[role+".weight"].kind == int8s {
		product = t.int8Product(role+".weight", x)
	} else {
		product = t.op("MatMul", []string{x, t.weightOf(role + ".weight")})
	}
	if bias := t.weightOf(role + ".bias"); bias != "" {
		product = t.add(product, bias)
	}
	return product
}

// int8Product multiplies in 8 bits. Each token's row is rounded by its own largest element, so that
// a sequence's logit does not depend on those beside it.
func (t *translator) int8Product(role, x string) string {
	scale := t.once("scale of "+x, func() string {
		top := t.op("ReduceMax", []string{t.op("Abs", []string{x}), t.ints(-1)}, intAttribute("keepdims", 1))
		top = t.op("Max", []string{top, t.scalar(float32s, 1e-30)})
		return t.mul(top, t.scalar(float32s, 1.0/127))
	})
	rounded := t.once("8 bits of "+x, func() string {
		return t.cast(t.op("Round", []string{t.op("Div", []string{x, scale})}), float32s, int8s)
	})
	sums := t.op("MatMulInteger", []string{rounded, t.weightOf(role)})
	scaled := t.mul(t.cast(sums, int32s, float32s), scale)
	return t.mul(scaled, t.weightOf(role+scaleSuffix))
}

func (t *translator) activation(a network.Activation, x string) string {
	switch a {
	case network.GELU:
		return t.op("Gelu", []string{x}, stringAttribute("approximate", "none"))
	case network.GELUTanh:
		return t.op("Gelu", []string{x}, stringAttribute("approximate", "tanh"))
	case network.ReLU:
		return t.op("Relu", []string{x})
	case network.SiLU:
		return t.mul(x, t.op("Sigmoid", []string{x}))
	case network.Tanh:
		return t.op("Tanh", []string{x})
	}
	return x
}

// block is the residual stream after block i.
func (t *translator) block(x string, i int) string {
	b, at := &t.n.Blocks[i], fmt.Sprintf("blocks[%d].", i)
	rows := t.rowsOf(i)
	read := x
	if t.n.PreNorm {
		read = t.norm(at+"attention_norm", b.AttentionNorm, x)
	}
	x = t.add(rows.of(x), t.attention(at, b, read, rows))
	if !t.n.PreNorm {
		x = t.norm(at+"attention_norm", b.AttentionNorm, x)
	}
	read = x
	if t.n.PreNorm {
		read = t.norm(at+"feed_forward_norm", b.FeedForwardNorm, x)
	}
	x = t.add(x, t.feedForward(at, b, read))
	if !t.n.PreNorm {
		x = t.norm(at+"feed_forward_norm", b.FeedForwardNorm, x)
	}
	return x
}

func (t *translator) feedForward(at string, b *network.Block, x string) string {
	inner := t.linear(at+"up", &b.Up, x)
	if b.Gate != nil {
		inner = t.mul(t.activation(t.n.Activation, t.linear(at+"gate", b.Gate, x)), inner)
	} else {
		inner = t.activation(t.n.Activation, inner)
	}
	return t.linear(at+"down", &b.Down, inner)
}

// head is the logits of the sequences, B × 1 or B × 2.
func (t *translator) head(x string) string {
	h := &t.n.Head
	x = t.norm("final_norm", t.n.FinalNorm, x)
	if h.Pooling == network.MeanToken {
		shares := t.input(inputShares, float32s, batchDim, dimension{size: 1}, tokenDim)
		x = t.op("MatMul", []string{t.cast(shares, float32s, t.float()), x})
	} else if !t.picksEarly() {
		x = t.pick(x)
	}
	x = t.reshape(x, 0, -1)
	x = t.activation(h.Activation, t.linear("head.dense", h.Dense, x))
	x = t.norm("head.norm", h.Norm, x)
	return t.linear("head.output", &h.Output, x)
}

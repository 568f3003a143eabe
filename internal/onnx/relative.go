package onnx

import "github.com/crossrank/crossrank/internal/network"

// relative adds the products with relative positions, where the network has them. A projection of
// the table is the same for all batches: the library computes it once, when it opens the graph.
//
// Queries are multiplied with the rows of all distances, and then each pair of tokens finds its own
// among them; the same for keys. q is scaled and has the axes of products, k is B × S × heads ×
// elements.
func (t *translator) relative(at string, b *network.Block, products, q, k string) string {
	r := t.n.Relative
	if r == nil {
		return products
	}
	if r.ContentToPosition {
		rows := t.distances(t.positionRole(at, "key", b.PositionKey == &b.Key), b.PositionKey, 1)
		products = t.add(products, t.perPair(t.op("MatMul", []string{q, rows}), inputQueryRows))
	}
	if r.PositionToContent {
		keys := t.shared(t.transpose(t.mul(k, t.scalar(t.float(), t.n.AttentionScale)), 0, 2, 1, 3))
		rows := t.distances(t.positionRole(at, "query", b.PositionQuery == &b.Query), b.PositionQuery, t.groups())
		products = t.add(products, t.perPair(t.op("MatMul", []string{keys, rows}), inputKeyRows))
	}
	return products
}

// positionRole is the role of a projection of positions. One that is the block's own of contents is
// kept a second time where that one is in 8 bits: positions are projected in floats.
func (t *translator) positionRole(at, name string, own bool) string {
	if own && t.precision != INT8 {
		return at + name
	}
	return at + "position_" + name
}

// distances is the projected table, heads × elements × rows, heads being the two axes of grouped
// products where those have two: then each key head has so many of its own.
func (t *translator) distances(role string, l *network.Linear, each int) string {
	table := t.once("relative", func() string {
		return t.norm("relative.norm", t.n.Relative.Norm, t.weightOf("relative"))
	})
	projected := t.linear(role, l, table)
	size := int64(t.n.HeadSize)
	if t.groups() == 1 {
		return t.transpose(t.reshape(projected, -1, int64(t.n.Heads), size), 1, 2, 0)
	}
	return t.transpose(t.reshape(projected, -1, int64(t.n.KVHeads), int64(each), size), 1, 2, 3, 0)
}

// perPair finds the product of each pair of tokens among those of each token with all rows. An
// input says where it is among the products of all tokens of a head.
func (t *translator) perPair(all, input string) string {
	flat := []int64{0, 0, -1}
	if t.groups() > 1 {
		flat = []int64{0, 0, 0, -1}
	}
	return t.gather(t.reshape(all, flat...), t.input(input, int64s, tokenDim, tokenDim), -1)
}

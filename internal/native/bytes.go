package native

import "github.com/crossrank/crossrank/internal/network"

// WeightBytes is about how much memory an engine's weights take, padding aside. The network need
// not have its weights yet; without them, embeddings of tokens count as if they were in 16 bits.
func WeightBytes(n *network.Network, precision Precision) int64 {
	size := func(l *network.Linear, each int64) int64 {
		if l == nil {
			return 0
		}
		return each * int64(l.In) * int64(l.Out)
	}
	linear, queries := int64(4), int64(4) // bytes a weight
	tokens := int64(n.Embeddings.Tokens.Rows) * int64(n.Embeddings.Tokens.Width)
	switch {
	case precision == INT8:
		linear, queries = 1, 2
		if n.Causal { // see packQueriesKeys
			queries = 1
		}
	case halfFormats[precision] != "":
		linear, queries, tokens = 2, 2, 2*tokens
	case n.Embeddings.Tokens.Data != nil:
		tokens *= 4
	default:
		tokens *= 2
	}
	sum := tokens + size(n.Head.Dense, 4) + size(n.Embeddings.Projection, 4)
	if p := n.Embeddings.Positions; p != nil {
		sum += 4 * int64(p.Table.Rows) * int64(p.Table.Width)
	}
	for i := range n.Blocks {
		b := &n.Blocks[i]
		sum += size(&b.Query, queries) + size(&b.Key, queries) + size(&b.Value, linear) + size(&b.AttentionOutput, linear)
		sum += size(b.Gate, linear) + size(&b.Up, linear) + size(&b.Down, linear)
	}
	return sum
}

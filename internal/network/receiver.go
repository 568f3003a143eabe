package network

import "iter"

// Receiver takes the weights of a network while they are read, so that not all of them have to be
// in memory at once.
type Receiver interface {
	// Block takes the weights of block i, all of which are there; those of linear layers are in the
	// type of the file, see [Linear]. When it returns, the weights of the block's linear layers are
	// dropped, and their memory is used for others. Calls for several blocks may be made at once.
	// Everything outside of the blocks is complete only after all calls.
	Block(i int)

	// Tokens returns what takes the rows of the token embeddings as they are read, in their order
	// and before the last call of Block returns: rows from number first on, valid during the call.
	// The network does not keep them then. nil means that it keeps them.
	Tokens() func(first int, rows Table)
}

// Loaded reports whether all linear layers of a block have their weights.
func (b *Block) Loaded() bool {
	for _, l := range b.Linears() {
		if l.Weight == nil && l.Bits == nil {
			return false
		}
	}
	return true
}

// Drop removes the weights of the block's linear layers, but not their biases.
func (b *Block) Drop() {
	for _, l := range b.Linears() {
		l.Weight, l.Format, l.Bits = nil, "", nil
	}
}

// Linears lists the linear layers of a block by their roles in it.
func (b *Block) Linears() iter.Seq2[string, *Linear] {
	return func(yield func(string, *Linear) bool) {
		for _, l := range []struct {
			role   string
			linear *Linear
		}{
			{"query", &b.Query}, {"key", &b.Key}, {"value", &b.Value}, {"attention_output", &b.AttentionOutput},
			{"gate", b.Gate}, {"up", &b.Up}, {"down", &b.Down},
			{"position_key", b.PositionKey}, {"position_query", b.PositionQuery},
		} {
			if l.linear != nil && !yield(l.role, l.linear) {
				return
			}
		}
	}
}

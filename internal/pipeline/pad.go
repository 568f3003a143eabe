package pipeline

import (
	"slices"

	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/pool"
)

// padding is an engine that pads every batch to its longest sequence before it hands it on.
type padding struct{ next pool.Engine }

var _ pool.Engine = (*padding)(nil)

// Logits implements [pool.Engine].
func (p *padding) Logits(seqs []network.Sequence, out []float32) error {
	longest := 0
	for _, q := range seqs {
		longest = max(longest, len(q.IDs))
	}
	padded := slices.Clone(seqs) // a batch is not changed: what fails of it is run again alone, without padding
	for i := range padded {
		padded[i].Pad = longest - len(padded[i].IDs)
	}
	return p.next.Logits(padded, out)
}

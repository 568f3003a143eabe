package pipeline

import (
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/pool"
)

// padding is an engine that pads every batch to its longest sequence before it hands it on. Its
// pool calls it from one goroutine at a time.
type padding struct {
	next pool.Engine
	seqs []network.Sequence
}

var _ pool.Engine = (*padding)(nil)

// Logits implements [pool.Engine].
func (p *padding) Logits(seqs []network.Sequence, out []float32) error {
	longest := 0
	for _, q := range seqs {
		longest = max(longest, len(q.IDs))
	}
	p.seqs = append(p.seqs[:0], seqs...) // a batch is not changed: what fails of it is run again alone, without padding
	for i := range p.seqs {
		p.seqs[i].Pad = longest - len(p.seqs[i].IDs)
	}
	defer func() { clear(p.seqs) }() // they refer to the ids of requests
	return p.next.Logits(p.seqs, out)
}

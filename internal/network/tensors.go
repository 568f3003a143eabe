package network

import (
	"fmt"

	"github.com/crossrank/crossrank/internal/half"
)

// Tensor is one tensor of a network: its role, the shape that the description gives it, and where
// its numbers are. A vector has one row.
type Tensor struct {
	Role       string // such as "blocks[3].query.weight"
	Rows, Cols int
	Data       *[]float32
	Bits       *[]uint16 // instead of Data, see [Table] and [Linear]
}

// len is the number of elements.
func (t *Tensor) len() int {
	if t.Bits != nil {
		return len(*t.Bits)
	}
	return len(*t.Data)
}

// Tensors lists the tensors of n by role, the embeddings first and the head last. A bias that is
// nil is not listed, and neither is a projection of positions that is the block's own of contents.
func (n *Network) Tensors() []Tensor {
	var c collector
	e := &n.Embeddings
	c.table("embeddings.tokens", &e.Tokens)
	if e.Positions != nil {
		c.table("embeddings.positions", &e.Positions.Table)
	}
	c.table("embeddings.types", e.Types)
	c.norm("embeddings.norm", e.Norm, e.NormWidth(n.Hidden))
	c.linear("embeddings.projection", e.Projection)
	if n.Relative != nil {
		c.table("relative", &n.Relative.Table)
		c.norm("relative.norm", n.Relative.Norm, n.Hidden)
	}
	for i := range n.Blocks {
		c.block(fmt.Sprintf("blocks[%d].", i), &n.Blocks[i], n)
	}
	c.norm("final_norm", n.FinalNorm, n.Hidden)
	c.linear("head.dense", n.Head.Dense)
	c.norm("head.norm", n.Head.Norm, n.Head.width(n.Hidden))
	c.linear("head.output", &n.Head.Output)
	return c.tensors
}

// width is that of what the head's norm and output read.
func (h *Head) width(hidden int) int {
	if h.Dense != nil {
		return h.Dense.Out
	}
	return hidden
}

type collector struct{ tensors []Tensor }

func (c *collector) block(at string, b *Block, n *Network) {
	c.norm(at+"attention_norm", b.AttentionNorm, n.Hidden)
	c.linear(at+"query", &b.Query)
	c.linear(at+"key", &b.Key)
	c.linear(at+"value", &b.Value)
	c.norm(at+"query_norm", b.QueryNorm, n.HeadSize)
	c.norm(at+"key_norm", b.KeyNorm, n.HeadSize)
	if b.PositionKey != &b.Key {
		c.linear(at+"position_key", b.PositionKey)
	}
	if b.PositionQuery != &b.Query {
		c.linear(at+"position_query", b.PositionQuery)
	}
	c.linear(at+"attention_output", &b.AttentionOutput)
	c.norm(at+"feed_forward_norm", b.FeedForwardNorm, n.Hidden)
	c.linear(at+"gate", b.Gate)
	c.linear(at+"up", &b.Up)
	c.linear(at+"down", &b.Down)
}

func (c *collector) add(role string, rows, cols int, data *[]float32) {
	c.tensors = append(c.tensors, Tensor{Role: role, Rows: rows, Cols: cols, Data: data})
}

func (c *collector) table(role string, t *Table) {
	if t != nil {
		c.matrix(role, t.Rows, t.Width, &t.Data, t.Format, &t.Bits)
	}
}

// matrix adds a tensor whose numbers are in bits, if it has a format, or else in data.
func (c *collector) matrix(role string, rows, cols int, data *[]float32, format half.Format, bits *[]uint16) {
	if format == "" {
		c.add(role, rows, cols, data)
		return
	}
	c.tensors = append(c.tensors, Tensor{Role: role, Rows: rows, Cols: cols, Bits: bits})
}

func (c *collector) linear(role string, l *Linear) {
	if l == nil {
		return
	}
	c.matrix(role+".weight", l.Out, l.In, &l.Weight, l.Format, &l.Bits)
	if l.Bias != nil {
		c.add(role+".bias", 1, l.Out, &l.Bias)
	}
}

func (c *collector) norm(role string, n *Norm, width int) {
	if n == nil {
		return
	}
	c.add(role+".weight", 1, width, &n.Weight)
	if n.Bias != nil {
		c.add(role+".bias", 1, width, &n.Bias)
	}
}

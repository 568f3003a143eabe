package network

import "fmt"

// Validate checks that the parts of n fit each other: every tensor has the shape that the
// dimensions ask for, and nothing contradicts. An executor may rely on it. The error names the part
// by its role.
func (n *Network) Validate() error {
	if err := n.ValidateStructure(); err != nil {
		return err
	}
	v := &validator{}
	for _, t := range n.Tensors() {
		v.check(t.len() == t.Rows*t.Cols, t.Role, "it has %d elements, not %d × %d", t.len(), t.Rows, t.Cols)
	}
	return v.err
}

// ValidateStructure is Validate without the numbers of the tensors, which need not be there.
func (n *Network) ValidateStructure() error {
	v := &validator{}
	n.validateDimensions(v)
	n.validateEmbeddings(v)
	n.validateRelative(v)
	v.check(len(n.Blocks) > 0, "blocks", "there are none")
	for i := range n.Blocks {
		n.validateBlock(v, fmt.Sprintf("blocks[%d].", i), &n.Blocks[i])
	}
	n.validateHead(v)
	for _, norm := range n.norms() {
		v.check(norm.Eps > 0 && norm.Eps < 1, "norm", "eps is %g; it must lie between 0 and 1", norm.Eps)
	}
	for _, t := range n.Tensors() {
		v.check(t.Rows > 0 && t.Cols > 0, t.Role, "its shape is %d × %d", t.Rows, t.Cols)
	}
	return v.err
}

// validator keeps the first fault.
type validator struct{ err error }

func (v *validator) check(ok bool, role, format string, args ...any) {
	if !ok && v.err == nil {
		v.err = fmt.Errorf("network: %s: %w", role, fmt.Errorf(format, args...))
	}
}

func (v *validator) linear(role string, l *Linear, in, out int) {
	if l != nil {
		v.check(l.In == in && l.Out == out, role, "it maps %d to %d elements, not %d to %d", l.In, l.Out, in, out)
	}
}

func (v *validator) table(role string, t *Table, width int) {
	if t != nil {
		v.check(t.Width == width, role, "its rows have %d elements, not %d", t.Width, width)
		v.check(t.Format == "", role, "only the tokens' embeddings may have 16 bits")
	}
}

func (n *Network) validateDimensions(v *validator) {
	for _, d := range []struct {
		role string
		size int
	}{
		{"hidden", n.Hidden}, {"heads", n.Heads}, {"kv_heads", n.KVHeads}, {"head_size", n.HeadSize},
		{"intermediate", n.Intermediate},
	} {
		v.check(d.size > 0, d.role, "it is %d", d.size)
	}
	if v.err == nil {
		v.check(n.Heads%n.KVHeads == 0, "kv_heads", "%d do not divide %d query heads", n.KVHeads, n.Heads)
	}
	v.check(n.AttentionScale > 0, "attention_scale", "it is %g", n.AttentionScale)
}

func (n *Network) validateEmbeddings(v *validator) {
	e := &n.Embeddings
	width := e.Tokens.Width
	if e.Projection == nil {
		v.check(width == n.Hidden, "embeddings.tokens", "its rows have %d elements, not %d", width, n.Hidden)
	}
	v.linear("embeddings.projection", e.Projection, width, n.Hidden)
	v.check(!e.ProjectFirst || e.Projection != nil, "embeddings.projection", "it stands before the norm, but there is none")
	v.table("embeddings.types", e.Types, width)
	if p := e.Positions; p != nil {
		v.table("embeddings.positions", &p.Table, width)
		v.check(p.Offset >= 0 && p.Offset < p.Table.Rows, "embeddings.positions", "offset %d with %d rows", p.Offset, p.Table.Rows)
	}
}

func (n *Network) validateRelative(v *validator) {
	r := n.Relative
	if r == nil {
		return
	}
	v.table("relative", &r.Table, n.Hidden)
	v.check(r.ContentToPosition || r.PositionToContent, "relative", "it adds nothing to attention")
	v.check(len(r.Rows)%2 == 1, "relative", "it has rows for %d distances; the number must be odd", len(r.Rows))
	for i, row := range r.Rows {
		v.check(row >= 0 && int(row) < r.Table.Rows, "relative", "row %d of %d", row, r.Table.Rows)
		v.check(i == 0 || row >= r.Rows[i-1], "relative", "row %d follows row %d; they must not fall", row, r.Rows[max(i-1, 0)])
	}
}

func (n *Network) validateBlock(v *validator, at string, b *Block) {
	queries, keys := n.Heads*n.HeadSize, n.KVHeads*n.HeadSize
	v.linear(at+"query", &b.Query, n.Hidden, queries)
	v.linear(at+"key", &b.Key, n.Hidden, keys)
	v.linear(at+"value", &b.Value, n.Hidden, keys)
	v.linear(at+"attention_output", &b.AttentionOutput, queries, n.Hidden)
	v.linear(at+"gate", b.Gate, n.Hidden, n.Intermediate)
	v.linear(at+"up", &b.Up, n.Hidden, n.Intermediate)
	v.linear(at+"down", &b.Down, n.Intermediate, n.Hidden)
	v.check(n.PreNorm || b.AttentionNorm != nil, at+"attention_norm", "a post-norm block needs it")
	v.check(n.PreNorm || b.FeedForwardNorm != nil, at+"feed_forward_norm", "a post-norm block needs it")
	v.check(b.Window >= 0, at+"window", "it is %d", b.Window)
	if b.Rotary != nil {
		turned := 2 * len(b.Rotary.Frequencies)
		v.check(turned > 0 && turned <= n.HeadSize, at+"rotary", "it turns %d of a head's %d elements", turned, n.HeadSize)
	}
	n.validateRelativeProjections(v, at, b)
}

func (n *Network) validateRelativeProjections(v *validator, at string, b *Block) {
	v.linear(at+"position_key", b.PositionKey, n.Hidden, n.KVHeads*n.HeadSize)
	v.linear(at+"position_query", b.PositionQuery, n.Hidden, n.Heads*n.HeadSize)
	r := n.Relative
	v.check((b.PositionKey != nil) == (r != nil && r.ContentToPosition), at+"position_key",
		"it belongs to content-to-position attention, and only there")
	v.check((b.PositionQuery != nil) == (r != nil && r.PositionToContent), at+"position_query",
		"it belongs to position-to-content attention, and only there")
}

func (n *Network) validateHead(v *validator) {
	h := &n.Head
	if h.Dense != nil {
		v.linear("head.dense", h.Dense, n.Hidden, h.Dense.Out)
	}
	v.linear("head.output", &h.Output, h.width(n.Hidden), h.Output.Out)
	v.check(h.Output.Out == 1 || h.Output.Out == 2, "head.output", "it has %d rows; one or two make a logit", h.Output.Out)
	v.check(h.Tokens == nil || len(h.Tokens) == h.Output.Out, "head", "it names %d tokens for %d rows", len(h.Tokens), h.Output.Out)
	v.check(h.Pooling == FirstToken || h.Pooling == LastToken || h.Pooling == MeanToken, "head",
		"it reads %q; it must say which token", string(h.Pooling))
}

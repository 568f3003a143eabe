package native

import "github.com/crossrank/crossrank/internal/kernel"

// forward writes one logit a sequence: with a part, only those of that part; other workers write
// the rest. The caller has checked the sequences: each has at least one token, its rows fit the
// scratch and the workspace, and its ids and its length lie within the embeddings. The scratch is
// reserved for them.
func (m *model) forward(s *scratch, w *workspace, p part, seqs []input, logits []float32) {
	for first := 0; first < len(seqs); {
		n, rows := block(seqs[first:], s.block)
		m.block(s, w, p, seqs[first:first+n], rows, first)
		first += n
	}
	if len(seqs) > 0 && seqs[0].fill == nil {
		m.finish(s, w, p, len(seqs), logits)
	}
}

// block returns how many of seqs make the next block, at least one, and their rows; more than one
// only up to most rows.
func block(seqs []input, most int) (n, rows int) {
	for _, q := range seqs {
		if n > 0 && rows+q.Rows() > most {
			break
		}
		n++
		rows += q.Rows()
	}
	return n, rows
}

// block takes sequences of so many rows in total through the layers, and leaves one row a sequence
// for the head, from row first on. Unless that is the mean, the last layer is computed up to its
// attention.
func (m *model) block(s *scratch, w *workspace, p part, seqs []input, rows, first int) {
	if p.cut != nil {
		m.layersByColumns(s, w, gridOf(p), seqs, rows)
	} else {
		m.layersByRows(s, w, p, seqs, rows)
	}
	low, high := m.rowsOf(p, seqs, rows)
	at := len(m.whole()) // the last layer, if it is not whole
	qkv := m.qkvOf(s, p, rows, at)
	switch {
	case seqs[0].fill != nil: // then all of them: only keys and values are wanted
		m.project(s, w, &m.layers[at], qkv, seqs, low, high)
	case m.readsAll():
		m.meanRead(s, w, p, seqs, first)
	case m.last.keys == nil:
		m.project(s, w, &m.layers[at], qkv, seqs, low, high)
		p.wait() // for the others' keys and values
		m.attendRead(s, w, p, qkv, seqs, first)
	default:
		m.attendRead(s, w, p, nil, seqs, first)
	}
	p.wait()
}

// layersByRows takes a worker's rows of a block through the whole layers. It returns when all
// workers have.
func (m *model) layersByRows(s *scratch, w *workspace, p part, seqs []input, rows int) {
	low, high := m.rowsOf(p, seqs, rows)
	m.embed(s, w, seqs, low, high)
	layers := m.whole()
	for i := range layers {
		l, qkv := &layers[i], m.qkvOf(s, p, rows, i)
		m.project(s, w, l, qkv, seqs, low, high)
		p.wait() // for the others' keys and values
		m.attend(s, w, l, qkv, seqs, low, high)
		m.afterAttention(w, l, s.x[low*m.hidden:], s.context[low*m.attention:], high-low)
		if !m.takesTurns(s, rows) && i+1 < len(layers) {
			p.wait() // until the others no longer read this worker's keys and values
		}
	}
	p.wait()
}

// takesTurns reports whether the memory for queries, keys and values holds those of two layers of a
// block. Then workers that are done with a layer write those of the next while others still read:
// before anyone writes to the same memory again, all have passed the wait of the layer between.
func (m *model) takesTurns(s *scratch, rows int) bool {
	return 2*(rows+kernel.Width)*m.projected <= len(s.qkv)
}

// qkvOf is the memory for the queries, keys and values of a layer of a block.
func (m *model) qkvOf(s *scratch, p part, rows, layer int) []float32 {
	if p.count > 1 && layer%2 == 1 && m.takesTurns(s, rows) {
		return s.qkv[(rows+kernel.Width)*m.projected:]
	}
	return s.qkv
}

// project computes rows low to high of qkv. Of the last layer that is keys and values alone.
func (m *model) project(s *scratch, w *workspace, l *layer, qkv []float32, seqs []input, low, high int) {
	step := high - low
	if m.preNorm {
		step = chunkRows
	}
	ld := m.projected
	for at := low; at < high; at += step {
		n := min(step, high-at)
		x, out := m.normed(w, s.x[at*m.hidden:], n, &l.attentionNorm), qkv[at*ld:]
		if l.keyProj != nil {
			m.kernels.MatMul(out[m.attention:], ld, x, m.hidden, n, l.keyProj, kernel.None, w.buffers)
		} else {
			m.kernels.MatMul(out, ld, x, m.hidden, n, l.qkProj, kernel.None, w.buffers)
		}
		m.kernels.MatMul(out[m.attention+m.keyValues:], ld, x, m.hidden, n, l.vProj, kernel.None, w.buffers)
		m.normHeads(out, ld, n, l)
		m.rotate(qkv, l, seqs, at, at+n)
	}
	m.keep(qkv, l, seqs, low, high)
}

// attend computes the heads' outputs of rows low to high, each over the tokens of its own sequence.
func (m *model) attend(s *scratch, w *workspace, l *layer, qkv []float32, seqs []input, low, high int) {
	width, ld := m.attention, m.projected
	start := 0
	for _, q := range seqs {
		from, to := max(low, start), min(high, start+q.Rows())
		if from < to {
			m.attendRows(w, l, q, s.context[from*width:], qkv[from*ld:], qkv[start*ld:], to-from, from-start)
		}
		start += q.Rows()
	}
}

// attendRows computes the heads' outputs of queries in a row, the first of which has a row of the
// sequence, over its tokens. Keys and values are in qkv, from the sequence's first row on, and in
// its prefix.
func (m *model) attendRows(w *workspace, l *layer, q input, context, queries, qkv []float32, rows, row int) {
	if !m.causal {
		m.attendHeads(w, l, m.heads, context, queries, qkv, rows, row, len(q.IDs))
		return
	}
	width, ld := m.attention, m.projected
	parts := [2]kernel.KeyValues{{}, {K: qkv[width:], V: qkv[width+m.keyValues:], LD: ld, Rows: len(q.IDs) - q.from}}
	if q.from > 0 {
		parts[0] = m.prefixOf(q.prefix, l, q.from)
	}
	m.kernels.AttentionCausal(context, width, queries, ld, parts[:], rows, q.from+row, m.heads, w.attention)
}

// attendHeads computes the outputs of some heads in a row, from the first of which on context,
// queries and qkv begin, where attention is not causal. The first query is at a position.
func (m *model) attendHeads(w *workspace, l *layer, heads kernel.Heads, context, queries, qkv []float32, rows, position, tokens int) {
	width, ld := m.attention, m.projected
	k, v := qkv[width:], qkv[width+m.keyValues:]
	if l.window > 0 && tokens > l.window+1 { // else every token sees all
		m.kernels.AttentionWindow(context, width, queries, ld, k, v, ld, rows, position, tokens, l.window, heads, w.attention)
		return
	}
	m.kernels.AttentionRelative(context, width, queries, ld, k, v, ld, rows, position, tokens, heads, l.relative, w.attention)
}

// afterAttention is what a layer computes after attention, in place on rows of x. It takes few
// enough rows at a time that they stay in the caches throughout.
func (m *model) afterAttention(w *workspace, l *layer, x, context []float32, rows int) {
	for low := 0; low < rows; low += chunkRows {
		n := min(chunkRows, rows-low)
		m.attentionOutput(w, l, x[low*m.hidden:], context[low*m.attention:], n)
		m.feedForward(w, l, x[low*m.hidden:], n)
	}
}

// attentionOutput projects the heads' outputs and adds them to x.
func (m *model) attentionOutput(w *workspace, l *layer, x, context []float32, rows int) {
	m.kernels.MatMul(w.out, m.hidden, context, m.attention, rows, l.outProj, kernel.None, w.buffers)
	m.add(x, w.out, rows, &l.attentionNorm)
}

// feedForward computes the feed-forward layer of x and adds it to x.
func (m *model) feedForward(w *workspace, l *layer, x []float32, rows int) {
	in := m.normed(w, x, rows, &l.feedForwardNorm)
	if l.gateProj == nil {
		m.kernels.MatMul(w.feed, m.intermediate, in, m.hidden, rows, l.upProj, m.act, w.buffers)
	} else {
		m.kernels.MatMul(w.gate, m.intermediate, in, m.hidden, rows, l.gateProj, m.act, w.buffers)
		m.kernels.MatMulGated(w.feed, m.intermediate, in, m.hidden, rows, l.upProj, w.gate, m.intermediate, w.buffers)
	}
	m.kernels.MatMul(w.out, m.hidden, w.feed, m.intermediate, rows, l.downProj, kernel.None, w.buffers)
	m.add(x, w.out, rows, &l.feedForwardNorm)
}

// normed returns what a layer reads of rows of x: in a pre-norm block that has the norm, their
// norms in w.normed, which has chunkRows rows; else x itself.
func (m *model) normed(w *workspace, x []float32, rows int, n *norm) []float32 {
	if !m.preNorm || n.gain == nil {
		return x
	}
	m.normRows(w.normed, x, rows, n)
	return w.normed
}

// add adds y to x; in a post-norm block with a norm.
func (m *model) add(x, y []float32, rows int, n *norm) {
	if m.preNorm || n.rms {
		m.kernels.Add(x, y, m.hidden, rows, m.hidden)
		if !m.preNorm {
			m.normRows(x, x, rows, n)
		}
		return
	}
	for r := range rows {
		at := r * m.hidden
		m.kernels.LayerNorm(x[at:], y[at:], x[at:], n.gain, n.bias, m.width, n.eps)
	}
}

// normRows writes the norms of rows of x to dst, which may be x. Without a norm it does nothing.
func (m *model) normRows(dst, x []float32, rows int, n *norm) {
	if n.gain == nil {
		return
	}
	for at := 0; at < rows*m.hidden; at += m.hidden {
		m.normRow(dst[at:], x[at:], n)
	}
}

// normRow writes the norm of a row of x to dst, which may be x.
func (m *model) normRow(dst, x []float32, n *norm) {
	if n.rms {
		m.kernels.RMSNorm(dst, x, n.gain, n.width, n.eps)
		return
	}
	m.kernels.LayerNorm(dst, x, m.zeros, n.gain, n.bias, n.width, n.eps)
}

// normHeads norms each head of rows of qkv by itself, where the layer has norms of them. Of the
// last layer, which has only keys there, it norms these.
func (m *model) normHeads(qkv []float32, ld, rows int, l *layer) {
	for r := range rows {
		row := qkv[r*ld:]
		if l.keyProj == nil {
			m.normEach(row[:m.attention], &l.queryNorm)
		}
		m.normEach(row[m.attention:m.attention+m.keyValues], &l.keyNorm)
	}
}

// normEach norms heads that lie side by side, each by itself.
func (m *model) normEach(heads []float32, n *norm) {
	if n.gain == nil {
		return
	}
	for at := 0; at < len(heads); at += m.heads.Size {
		m.normRow(heads[at:], heads[at:], n)
	}
}

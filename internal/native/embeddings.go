package native

import (
	"math"

	"github.com/crossrank/crossrank/internal/kernel"
	"github.com/crossrank/crossrank/internal/network"
)

// tokenEmbeddings are the embeddings of the vocabulary: the network's own table, in whatever it
// holds it; a copy in 16 bits, with FP16, BF16 and BF16Dot, if it is float32; or with INT8 a copy
// in bytes with one scale a row. For MiniLM they are half of all parameters, for the small
// multilingual models four fifths; a pair reads some dozens of rows.
type tokenEmbeddings struct {
	table  network.Table
	bytes  []int8 // instead of the table's elements
	scales []float32
}

// packTokens packs the embeddings of a network, unless takeTokens has taken them.
func (m *model) packTokens(t network.Table) {
	if m.tokenEmbeddings.table.Rows > 0 {
		return
	}
	take := m.takeTokens(t.Rows, t.Width)
	if take == nil || m.precision != INT8 && t.Format != "" {
		m.tokenEmbeddings = tokenEmbeddings{table: t}
		return
	}
	const rows = 4096
	var jobs []func()
	for low := 0; low < t.Rows; low += rows {
		jobs = append(jobs, func() { take(low, t.Slice(low, min(low+rows, t.Rows))) })
	}
	inParallel(jobs)
}

// takeTokens makes memory for token embeddings in 16 bits or in bytes, and returns what takes rows
// of them; nil: they stay as they are.
func (m *model) takeTokens(rows, width int) func(first int, rows network.Table) {
	e := &m.tokenEmbeddings
	table := network.Table{Rows: rows, Width: width, Format: m.format}
	switch {
	case m.precision == INT8:
		*e = tokenEmbeddings{table: table, bytes: make([]int8, rows*width), scales: make([]float32, rows)}
		return e.quantize
	case m.format != "":
		table.Bits = make([]uint16, rows*width)
		*e = tokenEmbeddings{table: table}
		return e.narrow
	}
	return nil
}

// narrow packs rows, the first of which has the number low, in the 16 bits that they have, or else
// rounded.
func (e *tokenEmbeddings) narrow(low int, rows network.Table) {
	bits := e.table.Bits[low*rows.Width:][:rows.Rows*rows.Width]
	if rows.Format != "" {
		e.table.Format = rows.Format
		copy(bits, rows.Bits)
		return
	}
	e.table.Format.Narrow(bits, rows.Data)
}

// quantize packs rows, the first of which has the number low.
func (e *tokenEmbeddings) quantize(low int, rows network.Table) {
	buffer := make([]float32, rows.Width)
	for r := range rows.Rows {
		at := low + r
		e.scales[at] = quantizeRow(e.bytes[at*rows.Width:(at+1)*rows.Width], rows.Row(r, buffer))
	}
}

// quantizeRow writes a row in bytes and returns the scale that it has then.
func quantizeRow(dst []int8, row []float32) (scale float32) {
	top := uint32(0)
	for _, v := range row {
		top = max(top, math.Float32bits(v)&^(1<<31)) // magnitudes are in the order of their bits
	}
	if top == 0 {
		return 0
	}
	scale = math.Float32frombits(top) / math.MaxInt8
	const shift = 3 << 22 // added to a small number, it leaves the rounded number in the low bits
	dst = dst[:len(row)]
	for i, v := range row {
		dst[i] = int8(math.Float32bits(v/scale + shift))
	}
	return scale
}

// row returns the embedding of a token, padded with zeros to a multiple of kernel.Width, in buffer
// if it has to be converted or padded.
func (e *tokenEmbeddings) row(id int32, buffer []float32) []float32 {
	width := e.table.Width
	if e.bytes == nil {
		row := e.table.Row(int(id), buffer)
		if width%kernel.Width == 0 {
			return row
		}
		copy(buffer, row)
	} else {
		scale, row := e.scales[id], buffer[:width]
		for i, b := range e.bytes[int(id)*width:][:len(row)] {
			row[i] = float32(b) * scale
		}
	}
	clear(buffer[width:kernel.Pad(width)])
	return buffer
}

// packPositions adds each position's embedding to that of each type: they are always looked up
// together. The table holds all positions of type 0, then all of type 1 if the types differ. A
// network without learned positions has one there, of zeros.
func (m *model) packPositions(e *network.Embeddings) {
	width, kinds := e.Tokens.Width, 1
	positions := network.Table{Rows: 1, Width: width, Data: make([]float32, width)}
	if e.Positions != nil {
		positions, m.positions = e.Positions.Table, positionRule{learned: true, offset: e.Positions.Offset}
	}
	types := e.Types
	if types == nil {
		types = &network.Table{Rows: 1, Width: width, Data: make([]float32, width)}
	}
	if types.Rows > 1 {
		kinds, m.typeStride = 2, positions.Rows
	}
	sum := make([]float32, 0, kinds*len(positions.Data))
	for kind := range kinds {
		row := types.Data[kind*width : (kind+1)*width]
		for i, v := range positions.Data {
			sum = append(sum, v+row[i%width])
		}
	}
	m.positionEmbeddings = padRows(sum, width)
}

// positionRule says which row of the position embeddings a token has, see [network.Positions].
type positionRule struct {
	learned bool // without it, all tokens have row 0
	offset  int
}

// count is how many of the first n tokens of a sequence are counted as positions, its padding
// included.
func (r positionRule) count(q input, n int) int {
	if r.offset == 0 {
		return n
	}
	counted := n
	for _, id := range q.IDs[:min(n, len(q.IDs))] {
		if r.isPadding(id) {
			counted--
		}
	}
	return counted
}

// isPadding reports whether a token is padding by the rule of an offset.
func (r positionRule) isPadding(id int32) bool { return r.offset > 0 && int(id) == r.offset-1 }

// row is the row of a token before which so many were counted.
func (r positionRule) row(id int32, counted int) int {
	switch {
	case !r.learned:
		return 0
	case r.isPadding(id):
		return r.offset - 1
	}
	return counted + r.offset
}

// embed fills rows low to high of x with the embeddings of the sequences' tokens.
func (m *model) embed(s *scratch, w *workspace, seqs []input, low, high int) {
	if m.embeddingProj == nil {
		m.embedRows(s.x[low*m.hidden:], w, seqs, low, high)
		return
	}
	for ; low < high; low += chunkRows {
		n := min(chunkRows, high-low)
		m.embedRows(w.embedded, w, seqs, low, low+n)
		x := s.x[low*m.hidden:]
		m.kernels.MatMul(x, m.hidden, w.embedded, m.embedding, n, m.embeddingProj, kernel.None, nil)
		m.normRows(x, x, n, &m.projectedNorm)
	}
}

// embedRows writes the embeddings of rows low to high to dst, before the projection.
func (m *model) embedRows(dst []float32, w *workspace, seqs []input, low, high int) {
	start := 0
	for _, q := range seqs {
		first, last := max(low-start, 0), min(high-start, q.Rows())
		if first < last {
			counted := m.positions.count(q, q.from+first)
			for i := q.from + first; i < q.from+last; i++ {
				token, types := m.tokenAt(q, i)
				at := types + m.positions.row(token, counted)
				m.embedRow(dst, m.tokenEmbeddings.row(token, w.token), m.positionEmbeddings[at*m.embedding:])
				if dst = dst[m.embedding:]; !m.positions.isPadding(token) {
					counted++
				}
			}
		}
		start += q.Rows()
	}
}

// embedRow writes the norm of the sum of two rows to dst.
func (m *model) embedRow(dst, token, position []float32) {
	n := &m.embeddingNorm
	if n.gain != nil && !n.rms {
		m.kernels.LayerNorm(dst, token, position, n.gain, n.bias, n.width, n.eps)
		return
	}
	copy(dst[:m.embedding], token)
	m.kernels.Add(dst, position, m.embedding, 1, m.embedding)
	if n.gain != nil {
		m.normRow(dst, dst, n)
	}
}

// tokenAt returns the token at position i of a sequence, and where positionEmbeddings has the rows
// of its type. Padding is token 0, of type 0.
func (m *model) tokenAt(q input, i int) (token int32, types int) {
	switch {
	case i >= len(q.IDs):
		return 0, 0
	case i >= q.TypeBoundary:
		return q.IDs[i], m.typeStride
	}
	return q.IDs[i], 0
}

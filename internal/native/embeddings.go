package native

import (
	"math"

	"github.com/crossrank/crossrank/internal/kernel"
	"github.com/crossrank/crossrank/internal/network"
)

// tokenEmbeddings are the embeddings of the vocabulary, rows padded to a multiple of kernel.Width,
// as float32 or as bytes with one scale a row. For MiniLM they are half of all parameters; a pair
// reads some dozens of rows.
type tokenEmbeddings struct {
	width  int
	rows   []float32
	bytes  []int8 // instead of rows
	scales []float32
}

func packTokens(t network.Table, precision Precision) tokenEmbeddings {
	e := tokenEmbeddings{width: kernel.Pad(t.Width)}
	if precision != INT8 {
		e.rows = padRows(t.Data, t.Width)
		return e
	}
	e.bytes, e.scales = make([]int8, t.Rows*e.width), make([]float32, t.Rows)
	for r := range t.Rows {
		row, top := t.Data[r*t.Width:(r+1)*t.Width], float32(0)
		for _, v := range row {
			top = max(top, float32(math.Abs(float64(v))))
		}
		if top == 0 {
			continue
		}
		e.scales[r] = top / math.MaxInt8
		for i, v := range row {
			e.bytes[r*e.width+i] = int8(math.RoundToEven(float64(v / e.scales[r])))
		}
	}
	return e
}

// row returns the embedding of a token, in buffer if it has to be decoded.
func (e *tokenEmbeddings) row(id int32, buffer []float32) []float32 {
	at := int(id) * e.width
	if e.bytes == nil {
		return e.rows[at : at+e.width]
	}
	buffer = buffer[:e.width]
	scale := e.scales[id]
	for i, b := range e.bytes[at : at+e.width] {
		buffer[i] = float32(b) * scale
	}
	return buffer
}

// packPositions adds each position's embedding to that of each type: they are always looked up
// together. The table holds all positions of type 0, then all of type 1 if the types differ.
func (m *model) packPositions(e *network.Embeddings) {
	m.embeddingNorm = padNorm(e.Norm)
	positions, types := e.Positions.Table, e.Types
	width, kinds := positions.Width, 1
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

// embeddingRows returns the token at row i of a sequence, and the row of positionEmbeddings that
// goes with it. Padding is token 0, of type 0.
func (m *model) embeddingRows(q network.Sequence, i int) (token int32, position int) {
	switch {
	case i >= len(q.IDs):
		return 0, i
	case i >= q.TypeBoundary:
		return q.IDs[i], i + m.typeStride
	}
	return q.IDs[i], i
}

package native

import (
	"math"

	"github.com/crossrank/crossrank/internal/kernel"
	"github.com/crossrank/crossrank/internal/network"
)

// words are the embeddings of the vocabulary, rows padded to a multiple of kernel.Width, as float32 or as bytes with one
// scale a row: for MiniLM half of all parameters, of which a pair reads some dozens of rows.
type words struct {
	width  int
	rows   []float32
	bytes  []int8 // instead of rows
	scales []float32
}

func packWords(x []float32, hidden int, precision Precision) words {
	w := words{width: kernel.Pad(hidden)}
	if precision != INT8 {
		w.rows = padRows(x, hidden)
		return w
	}
	n := len(x) / hidden
	w.bytes, w.scales = make([]int8, n*w.width), make([]float32, n)
	for r := range n {
		row, top := x[r*hidden:(r+1)*hidden], float32(0)
		for _, v := range row {
			top = max(top, float32(math.Abs(float64(v))))
		}
		if top == 0 {
			continue
		}
		w.scales[r] = top / math.MaxInt8
		for i, v := range row {
			w.bytes[r*w.width+i] = int8(math.RoundToEven(float64(v / w.scales[r])))
		}
	}
	return w
}

// row returns the embedding of a token, in buffer if it has to be read back from bytes.
func (w *words) row(id int32, buffer []float32) []float32 {
	at := int(id) * w.width
	if w.bytes == nil {
		return w.rows[at : at+w.width]
	}
	buffer = buffer[:w.width]
	scale := w.scales[id]
	for i, b := range w.bytes[at : at+w.width] {
		buffer[i] = float32(b) * scale
	}
	return buffer
}

// rowAt is the token at row i of a sequence, and the row of the places that goes with it, in tables of that many
// positions. Padding is token 0, of type 0.
func rowAt(q network.Sequence, i, positions int) (id int32, place int) {
	switch {
	case i >= len(q.IDs):
		return 0, i
	case i >= q.TypeBoundary:
		return q.IDs[i], i + positions
	}
	return q.IDs[i], i
}

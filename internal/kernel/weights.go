package kernel

// Weights is a matrix that is packed, Out × In as checkpoints store it (y = W·x + b). It is read a
// few rows at a time, so it need not be in memory in one piece, nor in float32.
type Weights interface {
	// Rows returns rows low to high side by side, in buffer if they have to be made. The caller
	// changes them only in buffer.
	Rows(low, high int, buffer []float32) []float32
}

// Matrix is weights in memory.
type Matrix struct {
	In   int
	Data []float32
}

// Rows implements [Weights].
func (m Matrix) Rows(low, high int, _ []float32) []float32 { return m.Data[low*m.In : high*m.In] }

// panelRows returns the rows of the panel that begins with row o, in buffer if they are fewer than
// Width: those beyond the last row are zero.
func panelRows(weight Weights, o, in, out int, buffer []float32) []float32 {
	n := min(Width, out-o)
	rows := weight.Rows(o, o+n, buffer)
	if n == Width {
		return rows
	}
	copy(buffer, rows)
	clear(buffer[n*in:])
	return buffer
}

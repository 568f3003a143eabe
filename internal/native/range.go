package native

import (
	"fmt"

	"github.com/crossrank/crossrank/internal/network"
)

// RangeError says that a weight is too large for a precision of 16 bits.
type RangeError struct {
	Precision Precision
	Tensor    string // by its role in the network
	Element   int
	Value     float32
}

func (e *RangeError) Error() string {
	use := FP32
	if e.Precision == FP16 {
		use = BF16
	}
	return fmt.Sprintf("element %d of %s is %g, and the largest number of %s is %g; use %s",
		e.Element, e.Tensor, e.Value, e.Precision, halfFormats[e.Precision].Max(), use)
}

// layerInRange is inRange for the weights of a linear layer.
func (o *Opening) layerInRange(tensor string, l *network.Linear) {
	switch format := o.model.format; {
	case format == "" || l.Format == format:
	case l.Format == "":
		o.inRange(tensor, 0, l.Weight)
	default:
		row := make([]float32, l.In)
		for r := range l.Out {
			o.inRange(tensor, r*l.In, l.Rows(r, r+1, row))
		}
	}
}

// inRange notes the first weight that is too large for the model's 16 bits, if it has such. x are
// elements of a tensor from number first on.
func (o *Opening) inRange(tensor string, first int, x []float32) {
	format := o.model.format
	if format == "" {
		return
	}
	if i := format.Overflow(x); i >= 0 {
		o.tooLarge.CompareAndSwap(nil, &RangeError{o.model.precision, tensor, first + i, x[i]})
	}
}

package native

import "fmt"

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

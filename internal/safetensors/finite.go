package safetensors

import (
	"encoding/binary"
	"fmt"
	"math"

	"github.com/crossrank/crossrank/internal/half"
)

// NotFiniteError says that an element is infinite or no number.
type NotFiniteError struct {
	Tensor  string
	Element int
	Value   float32
}

func (e *NotFiniteError) Error() string {
	return fmt.Sprintf("tensor %q: element %d is %v", e.Tensor, e.Element, e.Value)
}

// lanes are the numbers of one type in 8 bytes. An element is finite unless all bits of its
// exponent are set. Adding one to the exponent of its magnitude then carries into the sign's bit,
// and in no other case.
type lanes struct{ magnitude, one, sign uint64 }

var lanesOf = map[DType]lanes{
	F32:  {0x7fffffff7fffffff, 0x0080000000800000, 0x8000000080000000},
	F16:  {0x7fff7fff7fff7fff, 0x0400040004000400, 0x8000800080008000},
	BF16: {0x7fff7fff7fff7fff, 0x0080008000800080, 0x8000800080008000},
}

// notFinite is the index of the first infinity or NaN among the elements in src, or -1.
func notFinite(src []byte, t DType) int {
	l := lanesOf[t]
	const step = 32 // bytes
	at := 0
	for ; at+step <= len(src); at += step {
		b := src[at : at+step]
		carries := (binary.LittleEndian.Uint64(b)&l.magnitude + l.one) | (binary.LittleEndian.Uint64(b[8:])&l.magnitude + l.one) |
			(binary.LittleEndian.Uint64(b[16:])&l.magnitude + l.one) | (binary.LittleEndian.Uint64(b[24:])&l.magnitude + l.one)
		if carries&l.sign != 0 {
			break
		}
	}
	size := int(bitsOf[t] / 8)
	for ; at < len(src); at += size {
		if v := float64(element(src[at:], t)); math.IsNaN(v) || math.IsInf(v, 0) {
			return at / size
		}
	}
	return -1
}

// element is the first number in src.
func element(src []byte, t DType) float32 {
	if t == F32 {
		return math.Float32frombits(binary.LittleEndian.Uint32(src))
	}
	var value [1]float32
	half.Format(t).Widen(value[:], []uint16{binary.LittleEndian.Uint16(src)})
	return value[0]
}

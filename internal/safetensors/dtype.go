package safetensors

import "github.com/crossrank/crossrank/internal/half"

// DType is an element type as the header spells it.
type DType string

// The types that [File.Load] can read.
const (
	F32  DType = "F32"
	F16        = DType(half.F16)
	BF16       = DType(half.BF16)
)

// Loadable reports whether [File.Load] can read tensors of the type.
func (t DType) Loadable() bool { return t == F32 || t == F16 || t == BF16 }

// bitsOf holds every type of the format; the others are skipped over, never read.
var bitsOf = map[DType]uint64{
	"F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
	"BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
	"I16": 16, "U16": 16, F16: 16, BF16: 16,
	"I32": 32, "U32": 32, F32: 32,
	"I64": 64, "U64": 64, "F64": 64, "C64": 64,
}

package native

import (
	"math"
	"math/rand/v2"
	"testing"
)

// TestQuantizeRow compares each byte with its definition: the nearest step, and of two the even
// one.
func TestQuantizeRow(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 6))
	for trial := range 2000 {
		row := make([]float32, rng.IntN(50))
		for i := range row {
			switch v := float32(rng.NormFloat64()); trial % 4 {
			case 0:
				row[i] = v
			case 1:
				row[i] = v * 1e-38 // subnormal steps
			case 2:
				row[i] = float32(rng.IntN(255)-127) / 2 // ties, where the largest is 63.5
			case 3:
				row[i] = v * 1e30
			}
		}
		top := float32(0)
		for _, v := range row {
			top = max(top, v, -v)
		}
		got := make([]int8, len(row))
		scale := quantizeRow(got, row)
		if want := top / math.MaxInt8; scale != want {
			t.Fatalf("%v: got the scale %v, want %v", row, scale, want)
		}
		for i, v := range row {
			want := int8(0)
			if scale > 0 {
				want = int8(math.RoundToEven(float64(v / scale)))
			}
			if got[i] != want {
				t.Errorf("%v with scale %v: got %d, want %d", v, scale, got[i], want)
			}
		}
	}
}

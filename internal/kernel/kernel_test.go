package kernel

import (
	"math"
	"math/rand/v2"
	"os"
	"runtime"
	"slices"
	"testing"

	"github.com/crossrank/crossrank/internal/cpu"
)

// eachTier runs a test for every tier that this machine has, or only for that which CROSSRANK_CPU
// names: on an emulated CPU the others take long, and this machine tests them.
func eachTier(t *testing.T, test func(t *testing.T, s *Set)) {
	tiers := cpu.Tiers()
	if os.Getenv(cpu.Variable) != "" {
		tier, err := cpu.Choose()
		if err != nil {
			t.Fatal(err)
		}
		tiers = []cpu.Tier{tier}
	}
	for _, tier := range tiers {
		t.Run(string(tier), func(t *testing.T) {
			s, err := For(tier)
			if err != nil {
				t.Fatal(err)
			}
			test(t, s)
		})
	}
}

func pack(weight, bias []float32, in, out int) *Panels {
	return new(Packer).Pack(Matrix{in, weight}, bias, in, out)
}

func pack8(weight, bias []float32, in, out, quantMax int) *Panels {
	return new(Packer).Pack8(Matrix{in, weight}, bias, in, out, quantMax)
}

func pack16(weight, bias []float32, in, out int) *Panels {
	return new(Packer).Pack16(Matrix{in, weight}, bias, in, out)
}

func random(rng *rand.Rand, n int, scale float64) []float32 {
	x := make([]float32, n)
	for i := range x {
		x[i] = float32(rng.NormFloat64() * scale)
	}
	return x
}

// padded lays rows of n elements out with stride Pad(n)+extra, zeros between n and Pad(n), noise
// after it.
func padded(rng *rand.Rand, x []float32, rows, n, extra int) []float32 {
	ld := Pad(n) + extra
	out := random(rng, rows*ld, 1e9)
	for r := range rows {
		copy(out[r*ld:], x[r*n:(r+1)*n])
		clear(out[r*ld+n : r*ld+Pad(n)])
	}
	return out
}

func TestMatMul(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	eachTier(t, func(t *testing.T, s *Set) {
		for _, rows := range []int{0, 1, 2, 3, 4, 5, 6, 7, 11, 12, 13, 96, 97, 103} {
			for _, in := range []int{1, 2, 3, 4, 5, 7, 8, 31, 72, 384, 387, 769} {
				for _, out := range []int{1, 15, 16, 17, 33, 40} {
					if rows > 13 && in > 72 && out > 17 {
						continue // the plain version would take long, and every edge is covered apart
					}
					checkMatMul(t, s, rng, rows, in, out, None)
				}
			}
		}
		for _, act := range []Act{GELU, GELUTanh, ReLU, SiLU} {
			checkMatMul(t, s, rng, 13, 50, 35, act)
		}
	})
}

func checkMatMul(t *testing.T, s *Set, rng *rand.Rand, rows, in, out int, act Act) {
	t.Helper()
	weight, bias := random(rng, in*out, 1), random(rng, out, 1)
	a := random(rng, rows*in+1, 1)
	w := pack(weight, bias, in, out)
	ldc := Pad(out) + 16
	c := make([]float32, rows*ldc+1)
	for i := range c {
		c[i] = 777
	}
	s.MatMul(c, ldc, a, in, rows, w, act, NewBuffers(in))
	for r := range rows {
		for o := range Pad(out) {
			want, bound := 0.0, 0.0
			if o < out {
				want = float64(bias[o])
				bound = math.Abs(want)
				for i := range in {
					p := float64(a[r*in+i]) * float64(weight[o*in+i])
					want += p
					bound += math.Abs(p)
				}
			}
			want = actTruth(act, want)
			got := float64(c[r*ldc+o])
			if math.Abs(got-want) > float64(in+4)*0x1p-23*bound+1e-6*max(1, math.Abs(want))*float64(min(act, 1)) {
				t.Fatalf("rows %d in %d out %d act %d: C[%d,%d] = %g, want %g", rows, in, out, act, r, o, got, want)
			}
		}
		for o := Pad(out); o < ldc; o++ {
			if c[r*ldc+o] != 777 {
				t.Fatalf("rows %d in %d out %d: wrote beyond the padded width, at C[%d,%d]", rows, in, out, r, o)
			}
		}
	}
	if c[rows*ldc] != 777 {
		t.Fatalf("rows %d in %d out %d: wrote beyond the last row", rows, in, out)
	}
}

func actTruth(act Act, x float64) float64 {
	switch act {
	case GELU:
		return 0.5 * x * math.Erfc(-x/math.Sqrt2)
	case GELUTanh:
		return 0.5 * x * (1 + math.Tanh(math.Sqrt(2/math.Pi)*(x+0.044715*x*x*x)))
	case ReLU:
		return max(x, 0)
	case SiLU:
		return x / (1 + math.Exp(-x))
	}
	return x
}

// TestActivations checks the error bounds that the activations state, over their whole range.
func TestActivations(t *testing.T) {
	inputs := []float32{0, float32(math.Copysign(0, -1)), 1e-38, -1e-38, 1e-45, 5.45, -5.45, 5.4500003, 50, -50, 1e4, -1e4, 3e38, -3e38}
	for x := -12.0; x <= 12; x += 1.0 / 512 {
		inputs = append(inputs, float32(x))
	}
	for len(inputs)%Width != 0 {
		inputs = append(inputs, 0)
	}
	bounds := map[Act]float64{GELU: 2e-7, GELUTanh: 4e-7, ReLU: 0, SiLU: 4e-7}
	eachTier(t, func(t *testing.T, s *Set) {
		for act, bound := range bounds {
			x := slices.Clone(inputs)
			s.activate(&x[0], len(x)/Width, Width, act)
			worst := 0.0
			for i, in := range inputs {
				e := math.Abs(float64(x[i])-actTruth(act, float64(in))) / max(1, math.Abs(float64(in)))
				if !(e <= bound) {
					t.Fatalf("act %d(%g) = %g, want %g", act, in, x[i], actTruth(act, float64(in)))
				}
				worst = max(worst, e)
			}
			t.Logf("act %d: largest error %.2g of max(1, |x|)", act, worst)
		}
	})
}

// TestActivationTiersAgree: the tiers of x86-64 give the same bits.
func TestActivationTiersAgree(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("the kernels of other architectures do other operations")
	}
	x := random(rand.New(rand.NewPCG(9, 1)), 1024*Width, 3)
	for _, act := range []Act{GELU, GELUTanh, ReLU, SiLU} {
		var want []float32
		eachTier(t, func(t *testing.T, s *Set) {
			if s == generic {
				t.Skip("plain Go computes in float64")
			}
			got := slices.Clone(x)
			s.activate(&got[0], len(x)/Width, Width, act)
			if want == nil {
				want = got
			} else if !slices.Equal(got, want) {
				t.Errorf("act %d: differs from the first tier", act)
			}
		})
	}
}

// TestSoftmaxTiersAgree: the same is true of softmax, whose sum has one order.
func TestSoftmaxTiersAgree(t *testing.T) {
	if runtime.GOARCH != "amd64" {
		t.Skip("the kernels of other architectures do other operations")
	}
	const rows, ld = 3, 544
	x := random(rand.New(rand.NewPCG(31, 1)), rows*ld, 4)
	want := map[int][]float32{}
	eachTier(t, func(t *testing.T, s *Set) {
		if s == generic {
			t.Skip("plain Go computes in float64")
		}
		for _, n := range append(sequence(1, 67), 512, 527) {
			got := slices.Clone(x)
			s.Softmax(got, rows, ld, n, 0.3)
			if want[n] == nil {
				want[n] = got
			} else if !slices.Equal(got, want[n]) {
				t.Errorf("%d elements: differs from the first tier", n)
			}
		}
	})
}

func TestNotFiniteIsKept(t *testing.T) {
	nan, inf := float32(math.NaN()), float32(math.Inf(1))
	eachTier(t, func(t *testing.T, s *Set) {
		for _, act := range []Act{GELU, GELUTanh, ReLU, SiLU} {
			x := make([]float32, Width)
			x[3], x[9] = nan, inf
			s.activate(&x[0], 1, Width, act)
			if x[3] == x[3] || !math.IsInf(float64(x[9]), 1) {
				t.Errorf("act %d: NaN, +Inf became %g, %g", act, x[3], x[9])
			}
		}
		for _, bad := range []float32{nan, inf} {
			for at := range 11 {
				x := make([]float32, Width)
				x[at] = bad
				s.Softmax(x, 1, Width, 11, 1)
				if x[0] == x[0] {
					t.Errorf("softmax with %g at %d: first element is %g, want NaN", bad, at, x[0])
				}
			}
		}
	})
}

func TestSoftmax(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	eachTier(t, func(t *testing.T, s *Set) {
		for n := 1; n <= 70; n++ {
			for _, spread := range []float64{0.01, 3, 60} {
				rows, scale := 3, 0.25
				in := random(rng, rows*n, spread)
				x := padded(rng, in, rows, n, 16)
				ld := Pad(n) + 16
				for r := range rows { // what lies beyond n must not matter
					for i := n; i < Pad(n); i++ {
						x[r*ld+i] = float32(math.Inf(1))
					}
				}
				s.Softmax(x, rows, ld, n, float32(scale))
				for r := range rows {
					top, sum := float64(slices.Max(in[r*n:(r+1)*n])), 0.0
					for _, v := range in[r*n : (r+1)*n] {
						sum += math.Exp(scale * (float64(v) - top))
					}
					for i := range Pad(n) {
						want := 0.0
						if i < n {
							want = math.Exp(scale*(float64(in[r*n+i])-top)) / sum
						}
						bound := 5e-7*want + 1e-37
						if i < n { // the argument's own rounding: half an ulp of it
							bound += want * scale * (math.Abs(top) + math.Abs(float64(in[r*n+i]))) * 0x1p-23
						}
						if got := float64(x[r*ld+i]); !(math.Abs(got-want) <= bound) {
							t.Fatalf("n %d spread %g: element %d = %g, want %g", n, spread, i, got, want)
						}
					}
				}
			}
		}
	})
}

func TestLayerNorm(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 1))
	eachTier(t, func(t *testing.T, s *Set) {
		for _, n := range append(sequence(1, 70), 384, 385, 768, 1000, 4096) {
			x, res := random(rng, n, 2), random(rng, n, 2)
			gain, bias := random(rng, n, 1), random(rng, n, 1)
			for i := range x {
				x[i] += 3
			}
			dst := random(rng, Pad(n), 1)
			pad := func(v []float32) []float32 { return padded(rng, v, 1, n, 0) }
			const eps = 1e-12
			s.LayerNorm(dst, pad(x), pad(res), pad(gain), pad(bias), n, eps)
			var mean, variance float64
			for i := range n {
				mean += float64(x[i] + res[i])
			}
			mean /= float64(n)
			for i := range n {
				variance += math.Pow(float64(x[i]+res[i])-mean, 2)
			}
			deviation := math.Sqrt(variance/float64(n) + eps)
			for i := range Pad(n) {
				want, bound := 0.0, 0.0
				if i < n {
					want = (float64(x[i]+res[i])-mean)/deviation*float64(gain[i]) + float64(bias[i])
					bound = 4e-6*max(1, math.Abs(float64(gain[i]))) + 1e-6*math.Abs(want)
					if n == 1 {
						bound = math.Abs(float64(gain[i]))*1e-6/deviation + 1e-6
					}
				}
				if got := float64(dst[i]); !(math.Abs(got-want) <= bound) {
					t.Fatalf("n %d: element %d = %g, want %g", n, i, got, want)
				}
			}
		}
	})
}

func TestRMSNorm(t *testing.T) {
	rng := rand.New(rand.NewPCG(4, 2))
	eachTier(t, func(t *testing.T, s *Set) {
		for _, n := range append(sequence(1, 70), 384, 385, 1024, 1000, 8192) {
			x, gain, dst := random(rng, n, 2), random(rng, n, 1), random(rng, Pad(n), 1)
			const eps = 1e-6
			s.RMSNorm(dst, padded(rng, x, 1, n, 0), padded(rng, gain, 1, n, 0), n, eps)
			var squares float64
			for _, v := range x {
				squares += float64(v) * float64(v)
			}
			root := math.Sqrt(squares/float64(n) + eps)
			for i := range Pad(n) {
				want := 0.0
				if i < n {
					want = float64(x[i]) / root * float64(gain[i])
				}
				if got := float64(dst[i]); !(math.Abs(got-want) <= 4e-6*math.Abs(want)) {
					t.Fatalf("n %d: element %d = %g, want %g", n, i, got, want)
				}
			}
		}
	})
}

func sequence(low, high int) (s []int) {
	for i := low; i <= high; i++ {
		s = append(s, i)
	}
	return s
}

// TestRowsAreIndependent: the bits of a row do not depend on the rows around it.
func TestRowsAreIndependent(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 1))
	const in, out, rows = 401, 48, 205
	w := pack(random(rng, in*out, 1), random(rng, out, 1), in, out)
	a := random(rng, rows*in, 1)
	eachTier(t, func(t *testing.T, s *Set) {
		for _, act := range []Act{None, GELU, GELUTanh, ReLU} {
			whole := make([]float32, rows*out)
			s.MatMul(whole, out, a, in, rows, w, act, NewBuffers(in))
			for range 40 {
				low := rng.IntN(rows)
				n := 1 + rng.IntN(min(rows-low, 20))
				part := make([]float32, n*out)
				s.MatMul(part, out, a[low*in:], in, n, w, act, NewBuffers(in))
				if !slices.Equal(part, whole[low*out:(low+n)*out]) {
					t.Fatalf("act %d: rows %d to %d alone differ from the same rows among %d", act, low, low+n, rows)
				}
			}
		}
	})
}

// TestFloat32TiersAgree: the tiers with fused multiply-adds give the same bits, whatever the width
// of their vectors, since every element is one chain in the order of the inner dimension.
func TestFloat32TiersAgree(t *testing.T) {
	rng := rand.New(rand.NewPCG(8, 1))
	const in, rows = 401, 103
	for _, out := range []int{16, 48, 64} {
		w, a := pack(random(rng, in*out, 1), random(rng, out, 1), in, out), random(rng, rows*in, 1)
		var want []float32
		eachTier(t, func(t *testing.T, s *Set) {
			if s == generic {
				t.Skip("plain Go rounds products before it adds them")
			}
			got := make([]float32, rows*out)
			s.MatMul(got, out, a, in, rows, w, None, nil)
			if want == nil {
				want = got
			} else if !slices.Equal(got, want) {
				t.Errorf("%d columns: differs from the first tier", out)
			}
		})
	}
}

func TestForUnknownTier(t *testing.T) {
	if _, err := For("avx1024"); err == nil {
		t.Error("no error for a tier that does not exist")
	}
}

package kernel

import (
	"fmt"
	"math"
	"math/rand/v2"
	"slices"
	"testing"
)

// quantMax is the largest quantized activation of the tests: not a whole number of bits, as engines
// choose it.
const quantMax = 150

// TestMatMul8 compares the int8 product with its definition: quantize both sides, multiply exactly,
// scale.
func TestMatMul8(t *testing.T) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, rows := range []int{1, 2, 3, 4, 5, 9, 97} {
		for _, in := range []int{1, 4, 8, 15, 16, 17, 72, 384, 1536} {
			for _, out := range []int{1, 16, 40} {
				if rows > 9 && in > 72 {
					continue
				}
				weight, bias := random(rng, in*out, 1), random(rng, out, 1)
				a := padded(rng, random(rng, rows*in, 1), rows, in, 16)
				w, lda := pack8(weight, bias, in, out, quantMax), Pad(in)+16
				eachTier(t, func(t *testing.T, s *Set) {
					ldc := Pad(out) + 3
					c := make([]float32, rows*ldc)
					s.MatMul(c, ldc, a, lda, rows, w, None, NewBuffers(in))
					for r := range rows {
						want, bound := product8(a[r*lda:r*lda+in], w, bias, in, out)
						for o := range Pad(out) {
							x, e := 0.0, 0.0
							if o < out {
								x, e = want[o], bound[o]
							}
							if got := float64(c[r*ldc+o]); !(math.Abs(got-x) <= e) {
								t.Fatalf("rows %d in %d out %d: C[%d,%d] = %g, want %g ± %.2g", rows, in, out, r, o, got, x, e)
							}
						}
					}
				})
			}
		}
	}
}

// product8 is one row of the product in float64, from the packed weights, and a bound on the
// float32 rounding of its last steps.
func product8(a []float32, w *Panels, bias []float32, in, out int) (want, bound []float64) {
	low, high := min(0, slices.Min(a)), max(0, slices.Max(a))
	step := float64(high-low) / float64(w.int8.quantMax)
	for o := range out {
		q, scale := unpack8(w, o)
		var sum, columns float64
		for i, v := range q[:in] {
			u := math.RoundToEven(float64((a[i] - low) * (w.int8.quantMax / (high - low))))
			sum, columns = sum+u*float64(v), columns+float64(v)
		}
		terms := []float64{sum * step * scale, float64(low) * scale * columns, float64(bias[o])}
		x, e := 0.0, 0.0
		for _, v := range terms {
			x, e = x+v, e+math.Abs(v)*1e-6
		}
		want, bound = append(want, x), append(bound, e)
	}
	return want, bound
}

// unpack8 returns the quantized weights of one output and their scale.
func unpack8(w *Panels, o int) (q []int8, scale float64) {
	panel := w.int8.data[o/Width*Width*Pad(w.In):]
	for i := range Pad(w.In) {
		q = append(q, panel[i/4*4*Width+o%Width*4+i%4])
	}
	return q, float64(w.int8.params[o/Width*columnParams+o%Width])
}

// TestPack8: groups cannot overflow, whatever the activations, and that weights are as near as they
// can be.
func TestPack8(t *testing.T) {
	rng := rand.New(rand.NewPCG(5, 1))
	rows := map[string]func(i int) float32{
		"random":        func(int) float32 { return float32(rng.NormFloat64()) },
		"all alike":     func(int) float32 { return -0.3 },
		"one outlier":   func(i int) float32 { return []float32{0.01, 9}[btoi(i == 17)] },
		"two signs":     func(i int) float32 { return []float32{1, -1}[i%2] },
		"zeros":         func(int) float32 { return 0 },
		"near rounding": func(i int) float32 { return 1 + float32(i%5)*0.01 },
	}
	for name, value := range rows {
		for _, quantMax := range []int{100, 127, 175, 255} {
			const in = 100
			weight := make([]float32, in)
			for i := range weight {
				weight[i] = value(i)
			}
			w := pack8(weight, []float32{0}, in, 1, quantMax)
			q, scale := unpack8(w, 0)
			for at := 0; at < len(q); at += 12 {
				for _, g := range [][6]int{{0, 1, 4, 5, 8, 9}, {2, 3, 6, 7, 10, 11}} {
					positive, negative := 0, 0
					for _, i := range g {
						if at+i < len(q) {
							v := int(q[at+i])
							positive, negative = positive+max(v, 0), negative+min(v, 0)
						}
					}
					if positive*quantMax > math.MaxInt16 || negative*quantMax < math.MinInt16 {
						t.Errorf("%s, quantMax %d: the group at %d sums to %d and %d", name, quantMax, at, positive, negative)
					}
				}
			}
			for i, v := range weight {
				if e := math.Abs(float64(v) - scale*float64(q[i])); e > 1.51*scale {
					t.Errorf("%s, quantMax %d: weight %d is %g, read back %g, scale %g", name, quantMax, i, v, scale*float64(q[i]), scale)
				}
			}
		}
	}
}

// TestInt8GroupsFit: with all activations at their largest and groups of weights at their limits,
// nothing overflows.
func TestInt8GroupsFit(t *testing.T) {
	rng := rand.New(rand.NewPCG(6, 1))
	const in = 100
	weight, ones := make([]float32, 32*in), slices.Repeat([]float32{1}, Pad(in))
	clear(ones[in:])
	for o := range 32 {
		for i := range in {
			// one sign for whole groups, now and then the other
			weight[o*in+i] = []float32{1, -1}[btoi(o%2 == 1)] * []float32{1, -0.3, rng.Float32()}[rng.IntN(1+o%3)]
		}
	}
	for _, quantMax := range []int{100, 150, 255} {
		w, want := pack8(weight, make([]float32, 32), in, 32, quantMax), make([]float32, 32)
		generic.MatMul(want, 32, ones, Pad(in), 1, w, None, NewBuffers(in))
		eachTier(t, func(t *testing.T, s *Set) {
			got := make([]float32, 32)
			s.MatMul(got, 32, ones, Pad(in), 1, w, None, NewBuffers(in))
			if !slices.Equal(got, want) {
				t.Errorf("quantMax %d: got %v, the plain version %v", quantMax, got, want)
			}
		})
	}
}

// TestFullRange8: sets that add in 32 bits give the exact sums of operands that use all of their 8
// bits, at the extremes too.
func TestFullRange8(t *testing.T) {
	rng := rand.New(rand.NewPCG(10, 1))
	extremes := []float32{1, -1, 0, -0.3, 0.6}
	eachTier(t, func(t *testing.T, s *Set) {
		if !s.FullRange8() {
			t.Skip("it adds some products in 16 bits")
		}
		for _, in := range []int{1, 16, 401, 1536} {
			const out, rows = 40, 13
			weight, a := make([]float32, out*in), make([]float32, rows*Pad(in))
			for i := range weight { // some outputs have the largest weights alone
				weight[i] = extremes[rng.IntN(1+i/in%len(extremes))]
			}
			for r := range rows { // and some rows the largest activations
				for i := range in {
					a[r*Pad(in)+i] = extremes[rng.IntN(1+r%len(extremes))]
				}
			}
			w := new(Packer).Pack8Full(Matrix{in, weight}, make([]float32, out), in, out)
			if q, scale := unpack8(w, 0); q[0] != 127 || float32(scale) != float32(1)/127 || w.int8.quantMax != 255 {
				t.Errorf("a weight of 1 is %d times %g, activations reach %g; want all 8 bits", q[0], scale, w.int8.quantMax)
			}
			want, got := make([]float32, rows*Pad(out)), make([]float32, rows*Pad(out))
			generic.MatMul(want, Pad(out), a, Pad(in), rows, w, None, NewBuffers(in))
			s.MatMul(got, Pad(out), a, Pad(in), rows, w, None, NewBuffers(in))
			if !slices.Equal(got, want) {
				t.Errorf("%d inputs: got %v, the plain version %v", in, got, want)
			}
		}
	})
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// TestQuantizedErrorIsHalfAStep: the quantized product is near the exact one, as Pack8 says.
func TestQuantizedErrorIsHalfAStep(t *testing.T) {
	rng := rand.New(rand.NewPCG(2, 1))
	const in, out = 384, 32
	weight, a := random(rng, in*out, 0.05), random(rng, in, 1)
	w := pack8(weight, make([]float32, out), in, out, quantMax)
	eachTier(t, func(t *testing.T, s *Set) {
		c := make([]float32, out)
		s.MatMul(c, out, a, in, 1, w, None, NewBuffers(in))
		step := float64(slices.Max(a)-slices.Min(a)) / quantMax
		for o := range out {
			_, scale := unpack8(w, o)
			exact, bound := 0.0, 1e-4
			for i, v := range weight[o*in : (o+1)*in] {
				exact += float64(v) * float64(a[i])
				bound += math.Abs(float64(v))*step/2 + (math.Abs(float64(a[i]))+step/2)*scale/2
			}
			if got := float64(c[o]); math.Abs(got-exact) > bound {
				t.Errorf("output %d = %g, exact %g, bound %g", o, got, exact, bound)
			}
		}
	})
}

// TestInt8TiersAgree: the sums are exact, so every tier gives the same bits.
func TestInt8TiersAgree(t *testing.T) {
	rng := rand.New(rand.NewPCG(3, 1))
	const in, out, rows = 401, 48, 103
	w, a := pack8(random(rng, in*out, 1), random(rng, out, 1), in, out, quantMax), padded(rng, random(rng, rows*in, 1), rows, in, 0)
	want := make([]float32, rows*out)
	generic.MatMul(want, out, a, Pad(in), rows, w, None, NewBuffers(in))
	eachTier(t, func(t *testing.T, s *Set) {
		whole := make([]float32, rows*out)
		s.MatMul(whole, out, a, Pad(in), rows, w, None, NewBuffers(in))
		if !slices.Equal(whole, want) {
			t.Fatal("differs from the plain version")
		}
		for range 20 {
			low := rng.IntN(rows)
			n := 1 + rng.IntN(rows-low)
			part := make([]float32, n*out)
			s.MatMul(part, out, a[low*Pad(in):], Pad(in), n, w, None, NewBuffers(in))
			if !slices.Equal(part, want[low*out:(low+n)*out]) {
				t.Fatalf("rows %d to %d alone differ from the whole's", low, low+n)
			}
		}
	})
}

func TestQuantizeExtremes(t *testing.T) {
	eachTier(t, func(t *testing.T, s *Set) {
		for name, v := range map[string]float32{"zeros": 0, "tiny": 1e-45, "negative": -3, "huge": 3e38, "one": 1} {
			row := make([]float32, 32)
			row[5], row[20] = v, v/2
			bytes, param := make([]uint8, 32), make([]float32, 2)
			s.quantize(&bytes[0], &row[0], 32, quantMax, &param[0])
			for i, x := range row {
				back := float64(param[1]) + float64(param[0])*float64(bytes[i])
				if !(math.Abs(back-float64(x)) <= math.Abs(float64(v))/quantMax*0.51+1e-38) {
					t.Errorf("%s: element %d is %g, read back as %g", name, i, x, back)
				}
				if bytes[i] > quantMax {
					t.Errorf("%s: element %d is byte %d, beyond quantMax", name, i, bytes[i])
				}
			}
		}
	})
}

// BenchmarkTile8 is the int8 tile on a panel, or two, that stay in the first-level cache.
func BenchmarkTile8(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	eachTierBench(b, func(b *testing.B, s *Set) {
		const k = 384
		rows := len(s.tile8)
		w, q, c := pack8(random(rng, k*32, 1), make([]float32, 32), k, 32, quantMax), NewBuffers(k), make([]float32, rows*32)
		panels, d, params := 1, &w.int8.data[0], &w.int8.params[0]
		for b.Loop() {
			for range 100 {
				if s.pair8 != nil {
					panels = 2
					s.pair8[rows-1](k, &q.bytes[0], k, d, k*16, &q.params[0], params, &c[0], 32, d)
				} else {
					s.tile8[rows-1](k, &q.bytes[0], k, d, &q.params[0], params, &c[0], 16)
				}
			}
		}
		report(b, 100*2*rows*panels*16*k)
	})
}

func BenchmarkMatMul8(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	for _, shape := range []struct {
		name    string
		in, out int
		act     Act
	}{{"qkv", 384, 1152, None}, {"up", 384, 1536, GELU}, {"down", 1536, 384, None}} {
		for _, rows := range []int{1, 80, 256} {
			w := pack8(random(rng, shape.in*shape.out, 1), random(rng, shape.out, 1), shape.in, shape.out, quantMax)
			a, c, q := random(rng, rows*shape.in, 1), make([]float32, rows*shape.out), NewBuffers(shape.in)
			b.Run(fmt.Sprintf("shape=%s/rows=%d", shape.name, rows), func(b *testing.B) {
				eachTierBench(b, func(b *testing.B, s *Set) {
					for b.Loop() {
						s.MatMul(c, shape.out, a, shape.in, rows, w, shape.act, q)
					}
					report(b, 2*rows*shape.in*shape.out)
				})
			})
		}
	}
}

func BenchmarkQuantize(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	eachTierBench(b, func(b *testing.B, s *Set) {
		x, q := random(rng, 1536, 1), NewBuffers(1536)
		for b.Loop() {
			s.quantize(&q.bytes[0], &x[0], 1536, quantMax, &q.params[0])
		}
	})
}

func BenchmarkPack8(b *testing.B) {
	rng := rand.New(rand.NewPCG(1, 1))
	weight, bias := random(rng, 384*1536, 1), random(rng, 1536, 1)
	b.SetBytes(4 * 384 * 1536)
	for b.Loop() {
		pack8(weight, bias, 384, 1536, quantMax)
	}
}

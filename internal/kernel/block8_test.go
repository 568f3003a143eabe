package kernel

import (
	"io"
	"math/rand/v2"
	"runtime"
	"runtime/pprof"
	"slices"
	"sync"
	"testing"
)

// eachTierOfBlocks runs a test for every tier that has blocks, those of tiles on a thread that no
// other disturbs: an emulator may not keep the tiles of threads that take turns.
func eachTierOfBlocks(t *testing.T, test func(t *testing.T, s *Set)) {
	eachTier(t, func(t *testing.T, s *Set) {
		if s.block8 == nil && s.block16 == nil {
			t.Skip("has no blocks")
		}
		if s != generic {
			runtime.LockOSThread() // to the end of the test's goroutine, and with it of the thread
			aboveOthers(t)
		}
		test(t, s)
	})
}

// TestGuardBlock8 compares blocks with the plain version, on exactly the memory of their contract.
func TestGuardBlock8(t *testing.T) {
	rng := rand.New(rand.NewPCG(22, 1))
	g := newGuarded(t, 5, 1<<17)
	eachTierOfBlocks(t, func(t *testing.T, s *Set) {
		for _, k := range []int{16, 48, 64, 80, 192, 400} {
			for rows := 1; rows <= rowBlock; rows += 1 + k/12 {
				o := randomOperands8(rng, k, rows, 1+(k/16+rows)%4)
				want := slices.Clone(o.c)
				o.compute(int8Block, want)
				g.everywhere(t, func() error {
					got := place(g, o.c)
					at := o
					at.a, at.b = place(g, o.a), place(g, o.b)
					at.perRow, at.columns = place(g, o.perRow), place(g, o.columns)
					at.compute(s.block8, got)
					return same(got, want)
				}, "k %d, %d rows, %d panels", k, rows, o.panels)
			}
		}
	})
}

// TestBlock8MatMul: products of few and of many rows and columns have the plain version's bits.
func TestBlock8MatMul(t *testing.T) {
	rng := rand.New(rand.NewPCG(24, 1))
	const in = 100
	for _, out := range []int{16, 20 * Width, 2*blockPanels*Width + 5} {
		w := pack8(random(rng, in*out, 1), random(rng, out, 1), in, out, quantMax)
		eachTierOfBlocks(t, func(t *testing.T, s *Set) {
			for _, rows := range []int{1, blockRows - 1, blockRows, 17, rowBlock + 2} {
				a := padded(rng, random(rng, rows*in, 1), rows, in, 0)
				got, want := make([]float32, rows*Pad(out)), make([]float32, rows*Pad(out))
				s.MatMul(got, Pad(out), a, Pad(in), rows, w, ReLU, NewBuffers(in))
				generic.MatMul(want, Pad(out), a, Pad(in), rows, w, ReLU, NewBuffers(in))
				if err := same(got, want); err != nil {
					t.Errorf("%d columns, %d rows: %v", out, rows, err)
				}
			}
		})
	}
}

// TestTilesAreKept: threads that take turns on a core, and that signals interrupt, do not lose or
// mix what their tiles hold.
func TestTilesAreKept(t *testing.T) {
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(4 * runtime.NumCPU()))
	eachTier(t, func(t *testing.T, s *Set) {
		if s.block8 == nil || s == generic {
			t.Skip("has no tiles")
		}
		if err := pprof.StartCPUProfile(io.Discard); err == nil { // a hundred signals a second
			defer pprof.StopCPUProfile()
		}
		var wg sync.WaitGroup
		for i := range 5 * runtime.NumCPU() {
			wg.Go(func() {
				rng := rand.New(rand.NewPCG(23, uint64(i)))
				o := randomOperands8(rng, 64+16*(i%6), 5+15*(i%6), 1+i%5)
				want := slices.Clone(o.c)
				o.compute(int8Block, want)
				for n := range 100 {
					got := slices.Clone(o.c)
					o.compute(s.block8, got)
					if !slices.Equal(got, want) {
						t.Errorf("goroutine %d, product %d: differs from the plain version", i, n)
						return
					}
					if n%20 == 0 {
						runtime.GC() // which stops the others
					}
				}
			})
		}
		wg.Wait()
	})
}

// BenchmarkBlock8 is the int8 product of a block of 96 rows and two panels.
func BenchmarkBlock8(b *testing.B) {
	eachTierBench(b, func(b *testing.B, s *Set) {
		if s.block8 == nil {
			b.Skip("has no blocks")
		}
		o := randomOperands8(rand.New(rand.NewPCG(1, 1)), 384, rowBlock, 2)
		for b.Loop() {
			o.compute(s.block8, o.c)
		}
		report(b, 2*o.rows*o.k*o.panels*Width)
	})
}

// operands8 has the operands of a block.
type operands8 struct {
	k, lda, rows, panels, ldc int
	a                         []uint8
	b                         []int8
	perRow, columns, c        []float32
}

func randomOperands8(rng *rand.Rand, k, rows, panels int) operands8 {
	o := operands8{k: k, lda: k + rows%3, rows: rows, panels: panels, ldc: panels*Width + rows%5}
	o.a, o.b = make([]uint8, (rows-1)*o.lda+k), make([]int8, panels*k*Width)
	for i := range o.a {
		o.a[i] = uint8(rng.IntN(256))
	}
	for i := range o.b {
		o.b[i] = int8(rng.IntN(255) - 127)
	}
	o.perRow, o.columns = random(rng, 2*rows, 1), random(rng, panels*columnParams, 1)
	o.c = random(rng, (rows-1)*o.ldc+panels*Width, 1)
	return o
}

func (o operands8) compute(block block8, c []float32) {
	block(o.k, &o.a[0], o.lda, o.rows, &o.b[0], o.panels, &o.perRow[0], &o.columns[0], &c[0], o.ldc)
}

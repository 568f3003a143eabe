package kernel

import (
	"math/rand/v2"
	"slices"
	"testing"
)

// TestGuardQuantizedPairs tests the microkernels for two panels of quantized weights, which lie
// apart; noise is between them.
func TestGuardQuantizedPairs(t *testing.T) {
	g := newGuarded(t, 5, 2*3*largestGuarded*Width)
	eachTier(t, func(t *testing.T, s *Set) {
		for _, k := range guardSizes(4, 4) {
			heights := sequence(1, len(s.pair8))
			if k > 64 {
				heights = heights[max(0, len(heights)-2):] // the plain version takes long
			}
			for _, rows := range heights {
				guardPair(t, g, pairOf[uint8, int8]{k, rows, 2 * rows, columnParams, 0, 255, 127}, s.pair8[rows-1], int8Pair(rows))
				guardPair(t, g, pairOf[int16, int16]{k, rows, rows, columnParams16, -700, 700, 700}, s.pair16[rows-1], int16Pair(rows))
			}
		}
	})
}

// pairOf is a shape of a product with two panels, the numbers of parameters of its rows and of a
// panel, and the ranges of its operands.
type pairOf[A uint8 | int16, B int8 | int16] struct {
	k, rows, perRow, perPanel int
	lowest, highest, most     int
}

// guardPair compares a microkernel with the plain version.
func guardPair[A uint8 | int16, B int8 | int16, K ~func(int, *A, int, *B, int, *float32, *float32, *float32, int, *B)](
	t *testing.T, g *guarded, p pairOf[A, B], kernel, plain K) {
	t.Helper()
	k := p.k
	rng := rand.New(rand.NewPCG(uint64(k), uint64(p.rows)))
	lda, ldc, apart := k+k%3, 2*Width+k%5, k*Width+k%7
	a, b := make([]A, (p.rows-1)*lda+k), make([]B, apart+k*Width)
	for i := range a {
		a[i] = A(p.lowest + rng.IntN(p.highest-p.lowest+1))
	}
	for i := range b {
		b[i] = B(rng.IntN(2*p.most+1) - p.most)
	}
	perRow, perColumn := random(rng, p.perRow, 1), random(rng, 2*p.perPanel, 1)
	c := random(rng, (p.rows-1)*ldc+2*Width, 1)
	want := slices.Clone(c)
	plain(k, &a[0], lda, &b[0], apart, &perRow[0], &perColumn[0], &want[0], ldc, nil)
	g.everywhere(t, func() error {
		got, panels := place(g, c), place(g, b)
		// Fetching beyond the panels must do no harm.
		kernel(k, &place(g, a)[0], lda, &panels[0], apart, &place(g, perRow)[0], &place(g, perColumn)[0], &got[0], ldc, &panels[apart])
		return same(got, want)
	}, "%T and %T: k %d, %d rows", a, b, k, p.rows)
}

package kernel

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
)

func TestGuardTiles16(t *testing.T) {
	rng := rand.New(rand.NewPCG(19, 1))
	g := newGuarded(t, 5, 2*largestGuarded*Width)
	eachTier(t, func(t *testing.T, s *Set) {
		for _, k := range guardSizes(4, 4) {
			for rows := range len(s.tile16) {
				rows++
				lda, ldc := k+k%3, Width+k%5
				a, b := make([]int16, (rows-1)*lda+k), make([]int16, k*Width)
				for _, x := range [][]int16{a, b} {
					for i := range x { // 4,112 products of two of them stay within 32 bits
						x[i] = int16(rng.IntN(1401) - 700)
					}
				}
				perRow, perColumn := random(rng, rows, 1), random(rng, columnParams16, 1)
				c := random(rng, (rows-1)*ldc+Width, 1)
				want := slices.Clone(c)
				generic.tile16[rows-1](k, &a[0], lda, &b[0], &perRow[0], &perColumn[0], &want[0], ldc)
				g.everywhere(t, func() error {
					got := place(g, c)
					s.tile16[rows-1](k, &place(g, a)[0], lda, &place(g, b)[0], &place(g, perRow)[0], &place(g, perColumn)[0], &got[0], ldc)
					return same(got, want)
				}, "k %d, %d rows", k, rows)
			}
		}
	})
}

func TestGuardQuantize16(t *testing.T) {
	rng := rand.New(rand.NewPCG(20, 1))
	g := newGuarded(t, 3, 4*largestGuarded)
	eachTier(t, func(t *testing.T, s *Set) {
		for _, n := range guardSizes(1, Width) {
			const quantMax = 2300
			src, want, wantParam := random(rng, n, 2), make([]int16, n), make([]float32, 1)
			generic.quantize16(&want[0], &src[0], n, quantMax, &wantParam[0])
			g.everywhere(t, func() error {
				got, param := place(g, make([]int16, n)), place(g, make([]float32, 1))
				s.quantize16(&got[0], &place(g, src)[0], n, quantMax, &param[0])
				if err := same(param, wantParam); err != nil {
					return fmt.Errorf("parameters: %w", err)
				}
				return same(got, want)
			}, "n %d", n)
		}
	})
}

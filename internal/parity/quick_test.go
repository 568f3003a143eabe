package parity

import (
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/cpu"
	"github.com/crossrank/crossrank/internal/native"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/network/sample"
)

func start(t *testing.T, blocks int, opts native.Options) (*native.Engine, network.Sequence) {
	t.Helper()
	n := sample.Network(1, sample.Geometry{
		Hidden: 48, Blocks: blocks, Heads: 3, Intermediate: 100, Tokens: 50, Positions: 60, Activation: network.GELU, Labels: 1,
	})
	e, err := native.New(n, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e, sample.Sequences(2, n, 20)[0]
}

// TestCheckQuick checks small networks on every tier, all of their blocks. Plain Go is not compared
// with itself.
func TestCheckQuick(t *testing.T) {
	for _, tier := range cpu.Tiers() {
		for _, precision := range native.Precisions {
			for _, blocks := range []int{1, 2, 5} {
				e, pair := start(t, blocks, native.Options{Tier: tier, Precision: precision})
				q, err := CheckQuick(e, pair)
				if err != nil {
					t.Fatal(err)
				}
				compared := blocks
				if tier == cpu.Generic {
					compared = 0
				}
				if q.Err() != nil || q.Skipped() || q.Blocks != compared || q.AllBlocks != blocks || q.Tier != tier {
					t.Errorf("%s %s: got %+v, %v", tier, precision, q, q.Err())
				}
			}
		}
	}
}

// TestChains: of a large network there is time for some blocks, of a very large one for none.
func TestChains(t *testing.T) {
	for _, c := range []struct {
		all, affordable int
		fp32, int8      string
	}{
		{1, 1, "[[0]]", "[[0]]"},
		{2, 2, "[[0 1]]", "[[0 1]]"},
		{6, 6, "[[0 1 2 3 4 5]]", "[[0 5] [1 5] [2 5] [3 5] [4 5]]"},
		{24, 3, "[[7 15 23]]", "[[7 23] [15 23]]"},
		{28, 2, "[[13 27]]", "[[13 27]]"},
		{36, 1, "[]", "[]"},
		{36, 0, "[]", "[]"},
	} {
		for precision, want := range map[native.Precision]string{native.FP32: c.fp32, native.INT8: c.int8} {
			q := Quick{AllBlocks: c.all, Precision: precision}
			if got := fmt.Sprint(q.chains(c.affordable)); got != want {
				t.Errorf("%d of %d blocks in %s: got %s, want %s", c.affordable, c.all, precision, got, want)
			}
		}
	}
	for _, c := range []struct{ blocks, cost, cores, want int }{
		{6, quickCost / 10, 1, 6}, {24, quickCost, 2, 2}, {24, quickCost / 3, 1, 3}, {36, 3 * quickCost, 2, 0},
	} {
		if got := affordable(c.blocks, c.cost, c.cores); got != c.want {
			t.Errorf("%+v: got %d blocks", c, got)
		}
	}
	if q := (Quick{Tier: cpu.AVX2, AllBlocks: 36}); !q.Skipped() || q.Err() != nil {
		t.Errorf("got %+v, %v, want a check that was skipped", q, q.Err())
	}
}

// damaged is an engine that computes wrong logits.
type damaged struct {
	scorer
	damage func(logits []float32)
}

func (d damaged) Logits(seqs []network.Sequence, out []float32) error {
	err := d.scorer.Logits(seqs, out)
	d.damage(out)
	return err
}

// TestQuickFindsDamage gives the check an engine that is wrong in one row.
func TestQuickFindsDamage(t *testing.T) {
	for _, precision := range native.Precisions {
		e, pair := start(t, 3, native.Options{Precision: precision})
		plain := func(blocks []int) (scorer, error) { return e.Reduced(blocks, true, 1) }
		for name, damage := range map[string]func([]float32){
			"the first row": func(l []float32) { l[0]++ },
			"the last row":  func(l []float32) { l[len(l)-1]-- },
			"no number":     func(l []float32) { l[1] = float32(math.NaN()) },
		} {
			q := Quick{Tier: cpu.AVX512, Precision: precision, AllBlocks: 3, Limit: quickLimits[precision]}
			err := q.compare(func(blocks []int) (scorer, error) {
				s, err := plain(blocks)
				return damaged{s, damage}, err
			}, plain, q.chains(3), slices.Repeat([]network.Sequence{pair}, 5))
			if err != nil {
				t.Fatal(err)
			}
			if err = q.Err(); err == nil {
				t.Fatalf("%s in %s: got %+v, want an error", name, precision, q)
			}
			for _, want := range []string{"avx512 in " + string(precision), "from plain Go's", cpu.Variable + " to a lower tier", "generic"} {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("%s in %s: got %q, want it to name %s", name, precision, err, want)
				}
			}
		}
	}
}

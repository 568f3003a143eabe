package native

import (
	"math"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/crossrank/crossrank/internal/cpu"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/network/sample"
)

func inputsOf(seqs []network.Sequence) []input {
	inputs := make([]input, len(seqs))
	for i, q := range seqs {
		inputs[i].Sequence = q
	}
	return inputs
}

func newDecoder(g sample.Geometry) *network.Network {
	n := sample.Network(31, complete(g))
	decoder(n)
	return n
}

// requests are sequences as a few queries with several documents each make them: all begin with the
// same system message, and those of a query with the same tokens.
func requests(n *network.Network, queries, documents int) (seqs []network.Sequence) {
	rng := rand.New(rand.NewPCG(32, 1))
	ids := func(count int) []int32 { return sample.Sequences(rng.Uint64(), n, count)[0].IDs }
	system := ids(21)
	for range queries {
		head := slices.Concat(system, ids(1+rng.IntN(40)))
		for range documents {
			all := slices.Concat(head, ids(1+rng.IntN(60)))
			seqs = append(seqs, network.Sequence{IDs: all, TypeBoundary: len(head)})
		}
	}
	return seqs
}

// TestSharedPrefixesChangeNoBit: a pair has the same bits with prefixes shared and not, alone and
// in any batch, in any order, with prefixes that are kept, in part or wholly, and dropped.
func TestSharedPrefixesChangeNoBit(t *testing.T) {
	n := newDecoder(geometries[0])
	seqs := requests(n, 5, 6)
	seqs = append(seqs, network.Sequence{IDs: seqs[0].IDs, TypeBoundary: len(seqs[0].IDs)}, // nothing but a query
		network.Sequence{IDs: seqs[7].IDs[:9], TypeBoundary: 9}, network.Sequence{IDs: seqs[7].IDs[:1], TypeBoundary: 1},
		network.Sequence{IDs: seqs[7].IDs})
	for _, tier := range cpu.Tiers() {
		for _, precision := range Precisions {
			if skipped(tier, precision) {
				continue
			}
			want := logits(t, start(t, n, Options{Threads: 1, Precision: precision, Tier: tier, MaxTokens: 200, PrefixBytes: -1}), seqs)
			rng := rand.New(rand.NewPCG(33, 1))
			for _, bytes := range []int64{0, 1, 40_000} {
				e := start(t, n, Options{Threads: 2, Precision: precision, Tier: tier, MaxTokens: 200, PrefixBytes: bytes})
				for range 12 {
					order := rng.Perm(len(seqs))[:1+rng.IntN(len(seqs))]
					batch := make([]network.Sequence, len(order))
					for i, at := range order {
						batch[i] = seqs[at]
						if rng.IntN(4) == 0 {
							batch[i].Pad = rng.IntN(20)
						}
					}
					for i, got := range logits(t, e, batch) {
						if math.Float32bits(got) != math.Float32bits(want[order[i]]) {
							t.Fatalf("%s/%s, %d bytes: sequence %d is %g in a batch of %d, want %g",
								tier, precision, bytes, order[i], got, len(batch), want[order[i]])
						}
					}
				}
				if got := e.Prefixes(); bytes != 1 && (got.Tokens == 0 || got.Hits == 0) || got.Bytes > got.MaxBytes {
					t.Errorf("%s/%s, %d bytes: nothing was shared, or too much kept: %+v", tier, precision, bytes, got)
				}
			}
		}
	}
}

// TestPrefixIsComputedOnce counts the tokens of batches that are not computed.
func TestPrefixIsComputedOnce(t *testing.T) {
	n := newDecoder(geometries[0])
	seqs := requests(n, 2, 10)
	first, second := seqs[0].TypeBoundary, seqs[10].TypeBoundary
	e := start(t, n, Options{Threads: 2, MaxTokens: 200})
	saved := func() int64 { return e.Prefixes().Tokens }
	logits(t, e, seqs[:7])
	if got, want := saved(), int64(6*first); got != want {
		t.Errorf("7 documents of a query: %d tokens were not computed, want %d", got, want)
	}
	logits(t, e, seqs[7:10])
	if got, want := saved(), int64(9*first); got != want {
		t.Errorf("3 more of it, in another batch: %d tokens were not computed, want %d", got, want)
	}
	logits(t, e, seqs[10:])
	if got, want := saved(), int64(9*first+9*second+21); got != want {
		t.Errorf("10 of another query with the same system message: %d tokens were not computed, want %d", got, want)
	}
	if got := e.Prefixes(); got.Kept != 2 || got.Hits != 2 || got.Misses != 1 || got.Bytes == 0 {
		t.Errorf("got %+v, want 2 prefixes kept, 2 hits and 1 miss", got)
	}
	r := e.Replica(1, nil)
	defer r.Close()
	logits(t, r, seqs[:2])
	if got, want := saved(), int64(9*first+9*second+21+2*first); got != want {
		t.Errorf("2 by a replica: %d tokens were not computed, want %d", got, want)
	}
}

// TestSingleQueriesShareTheirSystemMessage: of queries with one document each, only the first has
// its keys and values kept.
func TestSingleQueriesShareTheirSystemMessage(t *testing.T) {
	n := newDecoder(geometries[0])
	var seqs []network.Sequence
	for i, q := range requests(n, 8, 2) {
		if i%2 == 0 && q.TypeBoundary <= 42 { // half of it is the system message
			seqs = append(seqs, q)
		}
	}
	if len(seqs) < 3 {
		t.Fatalf("%d short queries", len(seqs))
	}
	e := start(t, n, Options{Threads: 1, MaxTokens: 200})
	for i := range seqs {
		logits(t, e, seqs[i:i+1])
	}
	if got := e.Prefixes(); got.Kept != 1 || got.Tokens != int64(21*(len(seqs)-1)) {
		t.Errorf("got %+v, want 1 prefix kept and %d times 21 tokens not computed", got, len(seqs)-1)
	}
}

// TestPrefixesAreBounded: the least recently used ones go.
func TestPrefixesAreBounded(t *testing.T) {
	c := newPrefixes(1000)
	of := func(id int32) *prefix { return &prefix{ids: []int32{id, id}, keyValues: make([]float32, 98)} } // 400 bytes
	c.add(of(1))
	c.add(of(2))
	c.find([]int32{1, 5})
	c.add(of(3))
	for id, want := range map[int32]bool{1: true, 2: false, 3: true} {
		if _, tokens := c.find([]int32{id, 7}); (tokens == 1) != want {
			t.Errorf("prefix %d: kept %v, want %v", id, tokens == 1, want)
		}
	}
	c.add(of(3))
	c.add(&prefix{ids: []int32{9}, keyValues: make([]float32, 1000)})
	if got := c.report(); got.Kept != 2 || got.Bytes != 800 {
		t.Errorf("got %+v, want 2 prefixes of 800 bytes together", got)
	}
}

// TestReplicasShareAtOnce: engines on the same weights keep prefixes together.
func TestReplicasShareAtOnce(t *testing.T) {
	n := newDecoder(geometries[0])
	seqs := requests(n, 4, 3)
	want := logits(t, start(t, n, Options{Threads: 1, MaxTokens: 200, PrefixBytes: -1}), seqs)
	e := start(t, n, Options{Threads: 1, MaxTokens: 200, PrefixBytes: 60_000})
	r := e.Replica(1, nil)
	defer r.Close()
	var wg sync.WaitGroup
	for i, engine := range []*Engine{e, r, e, r} {
		wg.Go(func() {
			out := make([]float32, 6)
			for k := range 6 {
				at := (i + k) % 7
				if err := engine.Logits(seqs[at:at+6], out); err != nil || !slices.Equal(out, want[at:at+6]) {
					t.Errorf("got %v, error %v, want %v", out, err, want[at:at+6])
				}
			}
		})
	}
	wg.Wait()
}

package checkpoint

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"slices"
	"sync"
	"testing"

	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/safetensors"
)

// mixed is a source whose tensors come in any order. The elements of each are its place in the
// order of names.
type mixed struct {
	memory
	rng    *rand.Rand
	number map[string]float32
}

func (m mixed) Load(dst map[string]safetensors.Target) (string, error) {
	names := slices.Sorted(maps.Keys(m.number))
	m.rng.Shuffle(len(names), func(i, j int) { names[i], names[j] = names[j], names[i] })
	for _, name := range names {
		x := dst[name].Memory()
		for i := range x.Float32 {
			x.Float32[i] = m.number[name]
		}
		dst[name].Done()
	}
	return "", nil
}

// receiver checks the weights of blocks as it gets them.
type receiver struct {
	check func(i int)

	mu  sync.Mutex
	got map[int]int
}

func (r *receiver) Tokens() func(int, network.Table) { return nil }

func (r *receiver) Block(i int) {
	r.check(i)
	r.mu.Lock()
	defer r.mu.Unlock()
	r.got[i]++
}

// TestBlocksOfAMixedFile reads tensors in random orders, so that many blocks are in memory at once:
// each block is handed over once, with its own numbers, and nothing waits without end.
func TestBlocksOfAMixedFile(t *testing.T) {
	const blocks = 9
	for seed := range uint64(50) {
		c := encoder{Hidden: 8, Layers: blocks, Heads: 2, Intermediate: 12, VocabSize: 5, Positions: 9, TypeVocab: 2, NormEps: 1e-5,
			Activation: network.GELU, Labels: 1}
		parsed := modelConfig{translation: *c.bert(), family: &bert}
		file := mixed{memory{}, rand.New(rand.NewPCG(seed, 1)), map[string]float32{}}
		for i, s := range parsed.slots {
			file.memory[s.name], file.number[s.name] = s.shape, float32(i+1)
		}
		found, err := parsed.match(file)
		if err != nil {
			t.Fatal(err)
		}
		n := parsed.network
		r := &receiver{got: map[int]int{}, check: func(i int) {
			at := fmt.Sprintf("encoder.layer.%d.", i)
			for name, weight := range map[string][]float32{
				"attention.self.query": n.Blocks[i].Query.Weight, "attention.output.dense": n.Blocks[i].AttentionOutput.Weight,
				"intermediate.dense": n.Blocks[i].Up.Weight, "output.dense": n.Blocks[i].Down.Weight,
			} {
				want := file.number[at+name+".weight"]
				if len(weight) == 0 || slices.ContainsFunc(weight, func(v float32) bool { return v != want }) {
					t.Errorf("block %d, %s: got %v, want only %v", i, name, weight, want)
				}
			}
		}}
		if _, err := loadWeights(file, n, found, r); err != nil {
			t.Fatal(err)
		}
		for i := range blocks {
			if r.got[i] != 1 || n.Blocks[i].Loaded() {
				t.Errorf("block %d: handed over %d times, weights kept: %v", i, r.got[i], n.Blocks[i].Loaded())
			}
		}
	}
}

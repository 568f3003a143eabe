package checkpoint

import (
	_ "embed"
	"fmt"
	"math"
	"math/rand/v2"
	"runtime"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/crossrank/crossrank/internal/half"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/tokenizer"
)

// Builtin names the model that is part of the program, so that the program is of use on a machine
// without a model: the geometry of MiniLM-L-6 with random weights, and a vocabulary of the
// project's own. It costs as much to compute as the real one, and its scores mean nothing.
const Builtin = "builtin:minilm-l6"

const builtinSeed = 42

//go:embed builtin_vocab.txt
var builtinVocab []byte

func builtinConfig() encoder {
	return encoder{
		Hidden: 384, Layers: 6, Heads: 12, Intermediate: 1536, VocabSize: 30522, Positions: 512, TypeVocab: 2,
		NormEps: defaultEps, Activation: network.GELU, Labels: 1,
	}
}

// isBuiltin reports whether a name is meant for a built-in model, existing or not.
func isBuiltin(name string) bool { return strings.HasPrefix(name, "builtin:") }

func builtinTokenizer(name string) (*tokenizer.Tokenizer, error) {
	if name != Builtin {
		return nil, fmt.Errorf("there is no built-in model %q; there is %s", name, Builtin)
	}
	pieces, err := parseVocab(builtinVocab)
	if err != nil {
		return nil, opening(name, err)
	}
	v := &vocabulary{file: "builtin_vocab.txt", pieces: pieces}
	return v.build()
}

func beginBuiltin(name string) (*Opening, error) {
	tok, err := builtinTokenizer(name)
	if err != nil {
		return nil, err
	}
	t := builtinConfig().bert()
	o := &Opening{Network: t.network, name: name, weights: builtinWeights{t}, tokenizer: make(chan error, 1)}
	o.model = &Model{
		Name: Builtin, Family: bert.name, Network: t.network, Activation: Sigmoid, Meaningless: true,
		Reading: Reading{Tokenizer: tok, MaxLength: t.positions},
	}
	close(o.tokenizer)
	return o, nil
}

// builtinWeights are those of the built-in model.
type builtinWeights struct{ *translation }

func (w builtinWeights) read(r network.Receiver) (hash string, err error) {
	randomWeights(w.slots, builtinSeed)
	startLoader(w.network, nil, r).finish(nil) // hands all blocks over
	return fmt.Sprintf("random weights, seed %d", builtinSeed), nil
}

func (builtinWeights) stored() half.Format { return "" }

func (builtinWeights) close() error { return nil }

// randomWeights fills the slots with random numbers that depend on the slots and the seed alone:
// not on the machine, nor on how many cores it has. Embeddings and linear layers have a standard
// deviation of 0.05, the projections of attention 0.12 and the classifier 0.5, so that attention
// is peaked and scores differ, as they do in a trained model. The biases of a linear layer of n
// inputs are uniform within ±1/√n. Norms change nothing.
func randomWeights(slots []slot, seed uint64) {
	type job struct {
		dst    []float32
		fill   func(*rand.PCG, []float32)
		stream uint64
	}
	const block = 1 << 16 // values of one stream
	var jobs []job
	for i, s := range slots {
		x, fill := make([]float32, s.len()), filler(s)
		s.put(x)
		for at := 0; at < len(x); at += block {
			part := x[at:min(at+block, len(x))]
			jobs = append(jobs, job{part, fill, uint64(i)<<32 | uint64(at/block)})
		}
	}
	var next atomic.Int64
	var wg sync.WaitGroup
	for range runtime.GOMAXPROCS(0) {
		wg.Go(func() {
			for i := next.Add(1) - 1; i < int64(len(jobs)); i = next.Add(1) - 1 {
				jobs[i].fill(rand.NewPCG(seed, jobs[i].stream), jobs[i].dst)
			}
		})
	}
	wg.Wait()
}

// filler says how the tensor of a slot is generated.
func filler(s slot) func(*rand.PCG, []float32) {
	constant := func(v float32) func(*rand.PCG, []float32) {
		return func(_ *rand.PCG, dst []float32) {
			for i := range dst {
				dst[i] = v
			}
		}
	}
	switch {
	case strings.HasSuffix(s.name, "LayerNorm.weight"):
		return constant(1)
	case strings.HasSuffix(s.name, "LayerNorm.bias"):
		return constant(0)
	case strings.HasSuffix(s.name, ".bias"):
		limit := 1 / math.Sqrt(float64(s.in))
		return func(src *rand.PCG, dst []float32) { uniform(src, dst, limit) }
	}
	sd := 0.05
	if strings.Contains(s.name, "attention.self") {
		sd = 0.12
	} else if strings.HasPrefix(s.name, "classifier") {
		sd = 0.5
	}
	return func(src *rand.PCG, dst []float32) { normal(src, dst, sd) }
}

// normal fills dst with numbers of mean 0 and standard deviation sd that are normal except in the
// far tails, which end at 4.9 deviations: each is a sum of eight independent 16-bit integers.
// Adding integers gives the same on every machine, which the logarithm of an exact method does
// not, and is several times as fast.
//
// The variance of one 16-bit integer is (2^32 − 1)/12.
func normal(src *rand.PCG, dst []float32, sd float64) {
	const mean = 8 * 65535 / 2
	const low = 0x0000ffff0000ffff
	scale := float32(sd / math.Sqrt(8*(1<<32-1)/12.0))
	for i := range dst {
		a, b := src.Uint64(), src.Uint64()
		sum := a&low + a>>16&low + b&low + b>>16&low // two sums of four, 32 bits apart
		dst[i] = float32(int32(sum>>32+sum&0xffffffff)-mean) * scale
	}
}

// uniform fills dst with numbers from −limit to limit.
func uniform(src *rand.PCG, dst []float32, limit float64) {
	scale := float32(limit / (1 << 23))
	for i := range dst {
		dst[i] = float32(int32(src.Uint64()>>40)-1<<23) * scale
	}
}

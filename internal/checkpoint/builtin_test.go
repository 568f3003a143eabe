package checkpoint

import (
	"crypto/sha256"
	"encoding/binary"
	"fmt"
	"math"
	"runtime"
	"slices"
	"sync"
	"testing"

	"github.com/crossrank/crossrank/internal/network"
)

// openOnce is the built-in model for all tests: it is read-only, and takes a while under the race
// detector.
var openOnce = sync.OnceValues(func() (*Model, error) { return Open(Builtin) })

func builtin(t *testing.T) *Model {
	t.Helper()
	m, err := openOnce()
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func TestBuiltin(t *testing.T) {
	m := builtin(t)
	// The weights are these on every machine: scores made with them can be compared.
	if got, want := digest(m.Network), "7b6b56e12f3beb36"; got != want {
		t.Errorf("digest of the weights %s, want %s", got, want)
	}
	if !m.Meaningless || m.Hash != "random weights, seed 42" || m.Name != Builtin || m.MaxLength != 512 ||
		m.Activation != Sigmoid {
		t.Errorf("the model must say what it is: %v, %q, %q, %d", m.Meaningless, m.Hash, m.Name, m.MaxLength)
	}
	if err := m.Network.Validate(); err != nil {
		t.Error(err)
	}
	n := m.Network.Parameters()
	if n != 22_713_601 { // as BertForSequenceClassification of this geometry has it, with one label
		t.Errorf("%d parameters, want 22,713,601", n)
	}
	ids := encodePair(m.Tokenizer, "what is the information", "the boundary layer of a flow is thin.")
	for _, id := range ids {
		if id < 0 || int(id) >= m.Network.Embeddings.Tokens.Rows {
			t.Errorf("id %d is outside the embeddings", id)
		}
	}
	if len(ids) < 14 || len(ids) > 18 {
		t.Errorf("plain English gives %d tokens: %v", len(ids), ids)
	}
}

// The weights do not depend on how many cores made them.
func TestRandomWeightsOnAnyCores(t *testing.T) {
	c := builtinConfig()
	c.VocabSize, c.Layers = 2000, 1
	defer runtime.GOMAXPROCS(runtime.GOMAXPROCS(0))
	var digests []string
	for _, cores := range []int{1, 3} {
		runtime.GOMAXPROCS(cores)
		made := c.bert()
		randomWeights(made.slots, 1)
		digests = append(digests, digest(made.network))
	}
	if digests[0] != digests[1] {
		t.Errorf("on 1 and 3 cores: digests %s and %s", digests[0], digests[1])
	}
}

// digest hashes a sample of every part.
func digest(n *network.Network) string {
	h := sha256.New()
	parts := [][]float32{
		n.Embeddings.Tokens.Data, n.Embeddings.Positions.Table.Data, n.Head.Dense.Weight, n.Head.Dense.Bias, n.Head.Output.Weight,
	}
	for _, b := range n.Blocks {
		parts = append(parts, b.Query.Weight, b.Value.Bias, b.Down.Weight, b.FeedForwardNorm.Weight)
	}
	for _, p := range parts {
		for i := 0; i < len(p); i += 97 {
			binary.Write(h, binary.LittleEndian, math.Float32bits(p[i]))
		}
	}
	return fmt.Sprintf("%x", h.Sum(nil)[:8])
}

func TestRandomWeightsStatistics(t *testing.T) {
	n := builtin(t).Network
	blocks := n.Blocks
	for _, c := range []struct {
		name   string
		values []float32
		sd     float64
	}{
		{"word embeddings", n.Embeddings.Tokens.Data, 0.05},
		{"position embeddings", n.Embeddings.Positions.Table.Data, 0.05},
		{"a query projection", blocks[0].Query.Weight, 0.12},
		{"a value projection", blocks[5].Value.Weight, 0.12},
		{"an attention output", blocks[2].AttentionOutput.Weight, 0.05},
		{"a feed-forward layer", blocks[3].Up.Weight, 0.05},
		{"the classifier", n.Head.Output.Weight, 0.5},
		{"a bias of 384 inputs", blocks[1].Up.Bias, 1 / math.Sqrt(384*3)},
		{"a bias of 1,536 inputs", blocks[1].Down.Bias, 1 / math.Sqrt(1536*3)},
	} {
		mean, sd := moments(c.values)
		count := float64(len(c.values))
		if math.Abs(mean) > 4*c.sd/math.Sqrt(count) || math.Abs(sd/c.sd-1) > 4/math.Sqrt(2*count) {
			t.Errorf("%s: mean %.5f, standard deviation %.5f; want 0 and %.5f", c.name, mean, sd, c.sd)
		}
	}
	if b := blocks[4]; slices.Max(b.FeedForwardNorm.Weight) != 1 || slices.Min(b.FeedForwardNorm.Weight) != 1 ||
		slices.Max(b.AttentionNorm.Bias) != 0 || slices.Min(b.AttentionNorm.Bias) != 0 {
		t.Error("a norm must change nothing")
	}
	if slices.Equal(blocks[0].Query.Weight, blocks[0].Key.Weight) || slices.Equal(blocks[0].Query.Weight, blocks[1].Query.Weight) {
		t.Error("two tensors are the same")
	}
	// A normal distribution has 4.55 % of its values beyond two standard deviations.
	far := 0
	for _, v := range n.Embeddings.Tokens.Data {
		if math.Abs(float64(v)) > 0.1 {
			far++
		}
	}
	if part := float64(far) / float64(len(n.Embeddings.Tokens.Data)); math.Abs(part-0.0455) > 0.002 {
		t.Errorf("%.4f of the values lie beyond two standard deviations, want 0.0455", part)
	}
}

func moments(values []float32) (mean, sd float64) {
	for _, v := range values {
		mean += float64(v)
	}
	mean /= float64(len(values))
	for _, v := range values {
		sd += (float64(v) - mean) * (float64(v) - mean)
	}
	return mean, math.Sqrt(sd / float64(len(values)))
}

func BenchmarkOpenBuiltin(b *testing.B) {
	for b.Loop() {
		if _, err := Open(Builtin); err != nil {
			b.Fatal(err)
		}
	}
}

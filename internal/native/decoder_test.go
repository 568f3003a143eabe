package native

import (
	"fmt"
	"path/filepath"
	"slices"
	"testing"

	"github.com/crossrank/crossrank/internal/checkpoint"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/network/sample"
)

// rms makes a norm a root mean square norm without a bias.
func rms(norms ...*network.Norm) {
	for _, n := range norms {
		if n != nil {
			n.RMS, n.Bias, n.Eps = true, nil, 1e-6
		}
	}
}

func rmsNorms(n *network.Network) {
	rms(n.Embeddings.Norm, n.FinalNorm, n.Head.Norm)
	for i := range n.Blocks {
		rms(n.Blocks[i].AttentionNorm, n.Blocks[i].FeedForwardNorm)
	}
}

// grouped leaves each group of query heads one key and value head: the first of theirs.
func grouped(group int) func(*network.Network) {
	return func(n *network.Network) {
		n.KVHeads = n.Heads / group
		rows := n.KVHeads * n.HeadSize
		for i := range n.Blocks {
			for _, l := range []*network.Linear{&n.Blocks[i].Key, &n.Blocks[i].Value} {
				l.Out, l.Weight = rows, l.Weight[:rows*l.In]
				if l.Bias != nil {
					l.Bias = l.Bias[:rows]
				}
			}
		}
	}
}

// headNorms gives every block RMS norms of query and key heads.
func headNorms(n *network.Network) {
	for i := range n.Blocks {
		b := &n.Blocks[i]
		b.QueryNorm = &network.Norm{RMS: true, Eps: 1e-6, Weight: b.AttentionNorm.Weight[:n.HeadSize]}
		b.KeyNorm = &network.Norm{RMS: true, Eps: 1e-5, Weight: b.FeedForwardNorm.Weight[:n.HeadSize]}
	}
}

func causal(n *network.Network) { n.Causal, n.Head.Pooling = true, network.LastToken }

func plainEmbeddings(n *network.Network) {
	n.Embeddings.Norm, n.Embeddings.Types, n.Embeddings.Positions = nil, nil, nil
}

// narrowHeads gives queries fewer elements than the stream has.
func narrowHeads(n *network.Network) {
	n.HeadSize -= 2
	rows := n.Heads * n.HeadSize
	for i := range n.Blocks {
		b := &n.Blocks[i]
		for _, l := range []*network.Linear{&b.Query, &b.Key, &b.Value} {
			l.Out, l.Weight, l.Bias = rows, l.Weight[:rows*l.In], l.Bias[:rows]
		}
		b.AttentionOutput.In, b.AttentionOutput.Weight = rows, b.AttentionOutput.Weight[:rows*b.AttentionOutput.Out]
	}
}

// decoder has all that the decoders of the Qwen families have.
func decoder(n *network.Network) {
	turned(n)
	gated(n)
	preNorm(n)
	causal(n)
	plainEmbeddings(n)
	n.Activation, n.Head.Dense, n.Head.Activation = network.SiLU, nil, network.NoActivation
	headNorms(n)
	rmsNorms(n)
	if n.Heads%2 == 0 {
		grouped(2)(n)
	}
}

// TestDecoderDescriptionIsComputed changes one thing at a time: what the executor computes follows.
func TestDecoderDescriptionIsComputed(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(*network.Network)
	}{
		{"RMS norms", rmsNorms},
		{"RMS norms of pre-norm blocks", func(n *network.Network) { preNorm(n); rmsNorms(n) }},
		{"RMS norm in the head", func(n *network.Network) { headNorm(n); rmsNorms(n) }},
		{"two query heads a key head", grouped(2)},
		{"one key head", grouped(4)},
		{"two query heads a key head, windows", func(n *network.Network) { grouped(2)(n); windowed(n) }},
		{"norms of heads", headNorms},
		{"norms of heads, rotary positions", func(n *network.Network) { headNorms(n); turned(n) }},
		{"narrow heads", narrowHeads},
		{"causal attention", func(n *network.Network) { n.Causal = true }},
		{"causal attention, the last token", causal},
		{"causal attention, the mean", func(n *network.Network) { n.Causal = true; mean(n) }},
		{"embeddings without a norm", func(n *network.Network) { n.Embeddings.Norm = nil }},
		{"embeddings alone", plainEmbeddings},
		{"SiLU", func(n *network.Network) { n.Activation = network.SiLU }},
		{"gates with SiLU", func(n *network.Network) { n.Activation = network.SiLU; gated(n) }},
		{"all of it", decoder},
		{"all of it, narrow heads", func(n *network.Network) { narrowHeads(n); decoder(n) }},
	} {
		t.Run(c.name, func(t *testing.T) {
			n := sample.Network(7, complete(geometries[0]))
			c.change(n)
			agreesWithFloat64(t, n, 1, 9, 33)
		})
	}
}

// TestDecodersAgreeWithFloat64 tries shapes, and lengths around the blocks that attention is
// computed in.
func TestDecodersAgreeWithFloat64(t *testing.T) {
	shapes, lengths := geometries, []int{1, 2, 16, 17, 48, 49, 97, 100}
	if testing.Short() {
		shapes, lengths = geometries[:2], []int{1, 17, 64}
	}
	for _, g := range shapes {
		t.Run(fmt.Sprintf("hidden=%d/heads=%d", g.Hidden, g.Heads), func(t *testing.T) {
			n := sample.Network(17, complete(g))
			decoder(n)
			agreesWithFloat64(t, n, lengths...)
		})
	}
}

// TestDecodersArePackedWhileRead: a language model's head has the rows of its tokens too where
// embeddings are quantized as they are read, and whether or not they are its output.
func TestDecodersArePackedWhileRead(t *testing.T) {
	for _, name := range []string{"qwen2-tied", "qwen2-untied", "qwen2-one", "qwen3-bias", "llama-tied", "llama-mean", "gemma-tied", "gemma-bf16"} {
		dir := filepath.Join("..", "checkpoint", "testdata", "families", name)
		f := openFixture(t, dir)
		for _, precision := range Precisions {
			want := logits(t, start(t, f.network, Options{Precision: precision, MaxTokens: f.positions, Threads: 1}), f.seqs)
			opening, err := checkpoint.BeginNetwork(dir)
			if err != nil {
				t.Fatal(err)
			}
			packing, err := Begin(opening.Network, Options{Precision: precision})
			if err != nil {
				t.Fatal(err)
			}
			if _, err := opening.Read(packing); err != nil {
				t.Fatal(err)
			}
			e, err := packing.Start(Options{MaxTokens: f.positions, Threads: 1})
			if err != nil {
				t.Fatal(err)
			}
			if got := logits(t, e, f.seqs); !slices.Equal(got, want) {
				t.Errorf("%s, %s: got %v, want %v", name, precision, got, want)
			}
			e.Close()
		}
	}
}

// TestFixturesSharePrefixes: the networks of decoders compute once what sequences begin with, where
// they are causal and read at their end, and give the same bits; the others compute everything.
func TestFixturesSharePrefixes(t *testing.T) {
	for name, shares := range map[string]bool{
		"qwen3-bias": true, "llama-tied": true, "llama-bias": true, "gemma-tied": true, "llama-mean": false, "llama-first": false, "llama-last": false,
	} {
		f := openFixture(t, filepath.Join("..", "checkpoint", "testdata", "families", name))
		var seqs []network.Sequence
		long := f.seqs[len(f.seqs)-1].IDs
		for i, q := range f.seqs[:len(f.seqs)-1] {
			seqs = append(seqs, network.Sequence{IDs: slices.Concat(long[:60+i%2], q.IDs), TypeBoundary: 60 + i%2})
		}
		whole := start(t, f.network, Options{Threads: 1, MaxTokens: f.positions, PrefixBytes: -1})
		shared := start(t, f.network, Options{Threads: 1, MaxTokens: f.positions})
		want := logits(t, whole, seqs)
		for round := range 2 {
			if got := logits(t, shared, seqs); !slices.Equal(got, want) {
				t.Errorf("%s, round %d: got %v, want %v", name, round, got, want)
			}
		}
		if got := shared.Prefixes().Tokens > 0; got != shares {
			t.Errorf("%s: prefixes shared: %v, want %v", name, got, shares)
		}
	}
}

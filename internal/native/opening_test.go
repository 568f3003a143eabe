package native

import (
	"path/filepath"
	"slices"
	"testing"

	"github.com/crossrank/crossrank/internal/checkpoint"
	"github.com/crossrank/crossrank/internal/kernel"
	"github.com/crossrank/crossrank/internal/material"
	"github.com/crossrank/crossrank/internal/network"
)

// TestOpeningWhileReading opens a model of every family while its weights are read, block by block
// in memory that is used again, and wants the bits of the network that was read whole.
func TestOpeningWhileReading(t *testing.T) {
	dirs, err := filepath.Glob(filepath.Join("..", "checkpoint", "testdata", "families", "*", "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	fixtures, err := filepath.Glob(filepath.Join(material.Path(t, "fixtures"), "*", "config.json"))
	if err != nil {
		t.Fatal(err)
	}
	times := 3
	if testing.Short() {
		times = 1 // an emulator is slow
	}
	for _, config := range slices.Concat(dirs, fixtures) {
		dir := filepath.Dir(config)
		t.Run(filepath.Base(dir), func(t *testing.T) {
			whole, positions, err := checkpoint.OpenNetwork(dir)
			if err != nil {
				t.Fatal(err)
			}
			seqs := openFixture(t, dir).seqs[:8]
			for _, precision := range Precisions {
				want := logits(t, start(t, whole, Options{Threads: 2, MaxTokens: positions, Precision: precision}), seqs)
				for range times {
					if got := logits(t, startReading(t, dir, precision, positions), seqs); !slices.Equal(got, want) {
						t.Errorf("%s: got %v, want %v", precision, got, want)
					}
				}
			}
		})
	}
}

func startReading(t *testing.T, dir string, precision Precision, maxTokens int) *Engine {
	t.Helper()
	from, err := checkpoint.BeginNetwork(dir)
	if err != nil {
		t.Fatal(err)
	}
	o, err := Begin(from.Network, Options{Precision: precision})
	if err != nil {
		t.Fatal(err)
	}
	m, err := from.Read(o)
	if err != nil {
		t.Fatal(err)
	}
	for i := range m.Network.Blocks {
		if m.Network.Blocks[i].Loaded() {
			t.Errorf("block %d has kept its weights", i)
		}
	}
	e, err := o.Start(Options{Threads: 2, MaxTokens: maxTokens})
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { e.Close() })
	return e
}

// pack packs a whole network.
func pack(n *network.Network, kernels *kernel.Set, precision Precision) (*model, error) {
	if err := n.Validate(); err != nil {
		return nil, err
	}
	m, err := newModel(n, kernels, precision)
	if err != nil {
		return nil, err
	}
	o := &Opening{network: n, model: m, positions: make([]positionProjections, len(n.Blocks))}
	for i := range n.Blocks {
		o.Block(i)
	}
	m.packRest(n, o.positions)
	m.costs = costsOf(n, m)
	return m, nil
}

package native

import (
	"fmt"
	"math/rand/v2"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/network/sample"
)

// deBERTa gives a network relative positions with projections shared with contents: a row for each
// distance up to 12, then one for three distances each up to 45.
func deBERTa(n *network.Network) {
	const near, far = 12, 45
	n.Embeddings.Positions, n.Embeddings.Types, n.Head.Activation = nil, nil, network.GELU
	r := &network.Relative{Norm: n.Blocks[0].AttentionNorm, ContentToPosition: true, PositionToContent: true}
	for distance := -far; distance <= far; distance++ {
		row := min(max(distance, -near), near) + (distance-min(max(distance, -near), near))/3
		r.Rows = append(r.Rows, int32(row+near+(far-near)/3))
	}
	r.Table = network.Table{Rows: 2*(near+(far-near)/3) + 1, Width: n.Hidden}
	rng := rand.New(rand.NewPCG(3, 1))
	for range r.Table.Rows * n.Hidden {
		r.Table.Data = append(r.Table.Data, float32(rng.NormFloat64()))
	}
	n.Relative = r
	n.AttentionScale /= 1.7
	for i := range n.Blocks {
		b := &n.Blocks[i]
		b.PositionKey, b.PositionQuery = &b.Key, &b.Query
	}
}

// apart gives the positions projections of their own and no norm.
func apart(n *network.Network) {
	deBERTa(n)
	n.Relative.Norm = nil
	for i := range n.Blocks {
		b := &n.Blocks[i]
		b.PositionKey, b.PositionQuery = &b.Query, &b.AttentionOutput
	}
}

func toPosition(n *network.Network) {
	deBERTa(n)
	n.Relative.PositionToContent = false
	for i := range n.Blocks {
		n.Blocks[i].PositionQuery = nil
	}
}

func toContent(n *network.Network) {
	deBERTa(n)
	n.Relative.ContentToPosition = false
	for i := range n.Blocks {
		n.Blocks[i].PositionKey = nil
	}
}

func TestRelativeNetworksAgreeWithFloat64(t *testing.T) {
	kinds := map[string]func(*network.Network){
		"shared": deBERTa, "apart": apart, "content to position": toPosition, "position to content": toContent,
		"the last token": func(n *network.Network) { apart(n); n.Head.Pooling = network.LastToken },
		"the mean":       func(n *network.Network) { deBERTa(n); mean(n) },
	}
	for _, g := range geometries {
		for kind, change := range kinds {
			t.Run(fmt.Sprintf("%s/hidden=%d/heads=%d", kind, g.Hidden, g.Heads), func(t *testing.T) {
				n := sample.Network(19, complete(g))
				change(n)
				agreesWithFloat64(t, n, 1, 2, 13, 16, 17, 48, 49, 97, 100)
			})
		}
	}
}

// TestRelativeWindowsAreRefused: no family has both, and neither kernel computes the other's part.
func TestRelativeWindowsAreRefused(t *testing.T) {
	n := sample.Network(1, complete(geometries[0]))
	deBERTa(n)
	n.Blocks[1].Window = 5
	const want = "no relative positions within a window, as block 1 has them"
	if _, err := New(n, Options{MaxTokens: 9}); err == nil || !strings.Contains(err.Error(), want) {
		t.Errorf("got %v, want an error with %s", err, want)
	}
}

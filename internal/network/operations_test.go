package network_test

import (
	"fmt"
	"reflect"
	"slices"
	"testing"

	"github.com/crossrank/crossrank/internal/network"
)

// change is what a field of the description stands for in [network.Network.Operations]: a function
// that sets the field must change the operations. A nil function marks a size or a tensor, which
// change none.
type change func(*network.Network)

// fields has every field of the description. A field that is added needs an entry, so that an
// executor can never pass over what the field says.
var fields = map[string]change{
	"Network.Hidden": nil, "Network.Heads": nil, "Network.HeadSize": nil, "Network.Intermediate": nil, "Network.Embeddings": nil,
	"Network.AttentionScale": nil, "Network.Blocks": nil, "Network.Head": nil,
	"Network.KVHeads":    func(n *network.Network) { n.KVHeads = 1 },
	"Network.PreNorm":    func(n *network.Network) { n.PreNorm = true },
	"Network.Causal":     func(n *network.Network) { n.Causal = true },
	"Network.Relative":   func(n *network.Network) { n.Relative = &network.Relative{} },
	"Network.Activation": func(n *network.Network) { n.Activation = network.SiLU },
	"Network.FinalNorm":  func(n *network.Network) { n.FinalNorm = layerNorm(hidden) },
	"Network.File":       func(n *network.Network) { n.File = "model.onnx" },

	"Embeddings.Tokens": nil, "Embeddings.Types": nil,
	"Embeddings.Positions":    func(n *network.Network) { n.Embeddings.Positions = nil },
	"Embeddings.Norm":         func(n *network.Network) { n.Embeddings.Norm = nil },
	"Embeddings.Projection":   func(n *network.Network) { n.Embeddings.Projection = new(linear(hidden, hidden)) },
	"Embeddings.ProjectFirst": func(n *network.Network) { n.Embeddings.ProjectFirst = true },

	"Positions.Table":  nil,
	"Positions.Offset": func(n *network.Network) { n.Embeddings.Positions.Offset = 2 },

	// Relative positions are one operation; an executor that has it computes all of it.
	"Relative.Table": nil, "Relative.Norm": nil, "Relative.Rows": nil, "Relative.ContentToPosition": nil,
	"Relative.PositionToContent": nil, "Block.PositionKey": nil, "Block.PositionQuery": nil,

	"Rotary.Frequencies": nil,

	"Block.Query": nil, "Block.Key": nil, "Block.Value": nil, "Block.AttentionOutput": nil, "Block.Up": nil, "Block.Down": nil,
	"Block.AttentionNorm":   func(n *network.Network) { n.Blocks[1].AttentionNorm = nil },
	"Block.QueryNorm":       func(n *network.Network) { n.Blocks[1].QueryNorm = layerNorm(size) },
	"Block.KeyNorm":         func(n *network.Network) { n.Blocks[1].KeyNorm = layerNorm(size) },
	"Block.Rotary":          func(n *network.Network) { n.Blocks[1].Rotary = &network.Rotary{} },
	"Block.Window":          func(n *network.Network) { n.Blocks[1].Window = 1 },
	"Block.FeedForwardNorm": func(n *network.Network) { n.Blocks[1].FeedForwardNorm = nil },
	"Block.Gate":            func(n *network.Network) { n.Blocks[1].Gate = &n.Blocks[1].Up },

	"Head.Output":     nil,
	"Head.Tokens":     nil, // where the rows of Output come from
	"Head.Pooling":    func(n *network.Network) { n.Head.Pooling = network.LastToken },
	"Head.Dense":      func(n *network.Network) { n.Head.Dense = nil },
	"Head.Activation": func(n *network.Network) { n.Head.Activation = network.NoActivation },
	"Head.Norm":       func(n *network.Network) { n.Head.Norm = layerNorm(hidden) },

	"Table.Rows": nil, "Table.Width": nil, "Table.Data": nil,

	// How the tokens' embeddings are held changes no result; Table.Row converts them.
	"Table.Format": nil, "Table.Bits": nil,

	"Linear.In": nil, "Linear.Out": nil, "Linear.Weight": nil, "Linear.Bias": nil,

	// Neither does how weights are held; Linear.Rows converts them.
	"Linear.Format": nil, "Linear.Bits": nil,

	"Norm.Eps": nil, "Norm.Weight": nil, "Norm.Bias": nil,
	"Norm.RMS": func(n *network.Network) { n.Blocks[1].FeedForwardNorm.RMS = true },
}

// TestEveryFieldIsAnOperation compares the fields of the description with the list above, and each
// change with the operations.
func TestEveryFieldIsAnOperation(t *testing.T) {
	found := map[string]bool{}
	collect(reflect.TypeFor[network.Network](), found)
	for name := range found {
		f, listed := fields[name]
		if !listed {
			t.Errorf("%s is not in the list of fields: does it need an operation?", name)
		}
		if f == nil {
			continue
		}
		n := postNorm()
		before := n.Operations()
		f(n)
		if slices.Equal(n.Operations(), before) {
			t.Errorf("%s changes no operation", name)
		}
	}
	if len(found) != len(fields) {
		t.Errorf("%d fields listed, %d in the description", len(fields), len(found))
	}
}

// collect finds the fields of a type and of the structs that it reaches.
func collect(typ reflect.Type, found map[string]bool) {
	switch typ.Kind() {
	case reflect.Pointer, reflect.Slice:
		collect(typ.Elem(), found)
	case reflect.Struct:
		for field := range typ.Fields() {
			name := fmt.Sprintf("%s.%s", typ.Name(), field.Name)
			if !found[name] {
				found[name] = true
				collect(field.Type, found)
			}
		}
	}
}

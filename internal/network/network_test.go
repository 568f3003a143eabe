package network_test

import (
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/half"
	"github.com/crossrank/crossrank/internal/network"
)

func TestValidate(t *testing.T) {
	for _, c := range []struct {
		want   string
		change func(*network.Network)
	}{
		{"hidden: it is 0", func(n *network.Network) { n.Hidden = 0 }},
		{"kv_heads: it is 0", func(n *network.Network) { n.KVHeads = 0 }},
		{"kv_heads: 2 do not divide 3 query heads", func(n *network.Network) { n.KVHeads = 2 }},
		{"attention_scale: it is 0", func(n *network.Network) { n.AttentionScale = 0 }},
		{"blocks: there are none", func(n *network.Network) { n.Blocks = nil }},
		{"embeddings.tokens: its rows have 13 elements, not 12", func(n *network.Network) { n.Embeddings.Tokens = table(vocab, 13) }},
		{"embeddings.types: its rows have 5 elements, not 12", func(n *network.Network) { n.Embeddings.Types = new(table(2, 5)) }},
		{"embeddings.positions: offset 30 with 30 rows", func(n *network.Network) { n.Embeddings.Positions.Offset = positions }},
		{"embeddings.projection: it maps 12 to 13 elements, not 12 to 12", func(n *network.Network) {
			n.Embeddings.Projection = new(linear(hidden, 13))
		}},
		{"blocks[1].key: it maps 12 to 4 elements, not 12 to 12", func(n *network.Network) { n.Blocks[1].Key = linear(hidden, size) }},
		{"blocks[0].down: it maps 12 to 10 elements, not 10 to 12", func(n *network.Network) {
			n.Blocks[0].Down = linear(hidden, intermediate)
		}},
		{"blocks[1].attention_norm: a post-norm block needs it", func(n *network.Network) { n.Blocks[1].AttentionNorm = nil }},
		{"blocks[0].rotary: it turns 6 of a head's 4 elements", func(n *network.Network) {
			n.Blocks[0].Rotary = &network.Rotary{Frequencies: make([]float64, 3)}
		}},
		{"blocks[0].window: it is -1", func(n *network.Network) { n.Blocks[0].Window = -1 }},
		{"blocks[0].position_key: it belongs to content-to-position attention", func(n *network.Network) {
			n.Blocks[0].PositionKey = &n.Blocks[0].Key
		}},
		{"blocks[0].position_query: it belongs to position-to-content attention", func(n *network.Network) {
			n.Relative = &network.Relative{Table: table(3, hidden), Rows: []int32{1}, PositionToContent: true}
		}},
		{"relative: row 3 of 3", func(n *network.Network) {
			n.Relative = &network.Relative{Table: table(3, hidden), Rows: []int32{3}, ContentToPosition: true}
		}},
		{"relative: it has rows for 2 distances; the number must be odd", func(n *network.Network) {
			n.Relative = &network.Relative{Table: table(3, hidden), Rows: []int32{0, 1}, ContentToPosition: true}
		}},
		{"embeddings.types: only the tokens' embeddings may have 16 bits", func(n *network.Network) {
			n.Embeddings.Types.Format, n.Embeddings.Types.Bits = half.F16, make([]uint16, 2*hidden)
		}},
		{"embeddings.tokens: it has 3 elements, not 20 × 12", func(n *network.Network) {
			n.Embeddings.Tokens.Format, n.Embeddings.Tokens.Bits = half.F16, make([]uint16, 3)
		}},
		{"relative: row 1 follows row 2", func(n *network.Network) {
			n.Relative = &network.Relative{Table: table(3, hidden), Rows: []int32{0, 2, 1}, ContentToPosition: true}
		}},
		{"head: it names 1 tokens for 2 rows", func(n *network.Network) { n.Head.Output, n.Head.Tokens = linear(hidden, 2), []int32{7} }},
		{"head.output: it has 3 rows; one or two make a logit", func(n *network.Network) { n.Head.Output = linear(hidden, 3) }},
		{"head.output: it maps 12 to 1 elements, not 7 to 1", func(n *network.Network) { n.Head.Dense = new(linear(hidden, 7)) }},
		{`head: it reads ""; it must say which token`, func(n *network.Network) { n.Head.Pooling = "" }},
		{"norm: eps is 0", func(n *network.Network) { n.Blocks[0].FeedForwardNorm.Eps = 0 }},
		{"blocks[0].query.weight: it has 0 elements, not 12 × 12", func(n *network.Network) { n.Blocks[0].Query.Weight = nil }},
		{"blocks[1].feed_forward_norm.bias: it has 11 elements, not 1 × 12", func(n *network.Network) {
			n.Blocks[1].FeedForwardNorm.Bias = make([]float32, 11)
		}},
	} {
		n := postNorm()
		c.change(n)
		if err := n.Validate(); err == nil || !strings.HasPrefix(err.Error(), "network: "+c.want) {
			t.Errorf("got %v, want an error that begins with network: %s", err, c.want)
		}
	}
}

// TestTensorsAreComplete walks the description itself: every slice of numbers in it is listed,
// once, so that Validate and Parameters see them all.
func TestTensorsAreComplete(t *testing.T) {
	for name, n := range map[string]*network.Network{
		"post-norm": electra(), "pre-norm": modernBERT(), "decoder": qwen3(), "relative": deBERTa(),
	} {
		listed := map[*float32]bool{}
		for _, x := range n.Tensors() {
			listed[&(*x.Data)[0]] = true
		}
		found := map[*float32]bool{}
		walk(reflect.ValueOf(n), found)
		for p := range found {
			if !listed[p] {
				t.Errorf("%s: a tensor is not listed", name)
			}
		}
		if len(found) != len(listed) {
			t.Errorf("%s: %d tensors listed, %d in the description", name, len(listed), len(found))
		}
	}
}

// walk finds the first element of every slice of float32.
func walk(v reflect.Value, found map[*float32]bool) {
	switch v.Kind() {
	case reflect.Pointer:
		if !v.IsNil() {
			walk(v.Elem(), found)
		}
	case reflect.Struct:
		for _, field := range v.Fields() {
			walk(field, found)
		}
	case reflect.Slice:
		if x, ok := v.Interface().([]float32); ok && len(x) > 0 {
			found[&x[0]] = true
			return
		}
		for i := range v.Len() {
			walk(v.Index(i), found)
		}
	}
}

func TestRequire(t *testing.T) {
	n := gte()
	if err := n.Require("test", n.Operations()); err != nil {
		t.Errorf("an executor with every operation: got %v, want no error", err)
	}
	has := slices.DeleteFunc(n.Operations(), func(op network.Operation) bool {
		return op == network.RotaryPositions || op == network.GatedFeedForward
	})
	want := "the test backend has no rotary positions, no gated feed-forward layers yet"
	if err := n.Require("test", has); err == nil || err.Error() != want {
		t.Errorf("got %v, want %s", err, want)
	}
}

// TestParametersCountsOnce: a projection that serves contents and positions is counted once.
func TestParametersCountsOnce(t *testing.T) {
	n := deBERTa()
	shared := n.Parameters()
	for i := range n.Blocks {
		n.Blocks[i].PositionKey, n.Blocks[i].PositionQuery = new(linear(hidden, all)), new(linear(hidden, all))
	}
	if apart, more := n.Parameters(), int64(len(n.Blocks)*2*(hidden*all+all)); apart != shared+more {
		t.Errorf("got %d parameters with shared projections and %d without, want %d more", shared, apart, more)
	}
}

func TestRow(t *testing.T) {
	buffer := make([]float32, 3)
	for _, c := range []struct {
		name  string
		table network.Table
	}{
		{"float32", network.Table{Rows: 2, Width: 2, Data: []float32{1, 2, -3, 0.5}}},
		{"F16", network.Table{Rows: 2, Width: 2, Format: half.F16, Bits: []uint16{0x3c00, 0x4000, 0xc200, 0x3800}}},
		{"BF16", network.Table{Rows: 2, Width: 2, Format: half.BF16, Bits: []uint16{0x3f80, 0x4000, 0xc040, 0x3f00}}},
	} {
		if got := c.table.Row(1, buffer); !slices.Equal(got, []float32{-3, 0.5}) {
			t.Errorf("%s: got %v, want [-3 0.5]", c.name, got)
		}
	}
}

// TestWeightsIn16Bits: the rows of a layer whose weights have 16 bits are their numbers, and such
// weights are listed, counted, loaded and dropped as others are.
func TestWeightsIn16Bits(t *testing.T) {
	n := qwen3()
	all, b := n.Parameters(), &n.Blocks[0]
	want := slices.Clone(b.Up.Weight)
	for i := range want {
		want[i] = float32(i%5) - 2
	}
	bits := make([]uint16, len(want))
	half.BF16.Narrow(bits, want)
	b.Up.Weight, b.Up.Format, b.Up.Bits = nil, half.BF16, bits
	got := b.Up.Rows(1, 3, make([]float32, 3*b.Up.In))
	if rows := want[b.Up.In : 3*b.Up.In]; !slices.Equal(got, rows) {
		t.Errorf("got the rows %v, want %v", got, rows)
	}
	if err := n.Validate(); err != nil || n.Parameters() != all || !b.Loaded() {
		t.Errorf("got error %v, %d parameters, loaded %v; want %d that are loaded", err, n.Parameters(), b.Loaded(), all)
	}
	b.Up.Bits = bits[1:]
	if err := n.Validate(); err == nil || !strings.Contains(err.Error(), "blocks[0].up.weight") {
		t.Errorf("without an element: got %v", err)
	}
	if b.Drop(); b.Loaded() || b.Up.Bits != nil {
		t.Error("the bits were not dropped")
	}
}

func TestMaxTokens(t *testing.T) {
	for _, c := range []struct {
		name string
		n    *network.Network
		want int
	}{{"BERT", postNorm(), 30}, {"RoBERTa", roberta(), 28}, {"no learned positions", qwen3(), 0}} {
		if got := c.n.MaxTokens(); got != c.want {
			t.Errorf("%s: got %d, want %d", c.name, got, c.want)
		}
	}
}

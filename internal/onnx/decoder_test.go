package onnx

import (
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/network/sample"
)

// smallDecoder is a language model of 30 tokens, whose score is made of the logits of two.
func smallDecoder() *network.Network {
	n := sample.Network(1, sample.Geometry{
		Hidden: 16, Blocks: 2, Heads: 2, Intermediate: 20, Tokens: 30, Positions: 40, Activation: network.SiLU, Labels: 2,
	})
	n.Causal, n.Head.Pooling, n.Head.Tokens = true, network.LastToken, []int32{3, 7}
	return n
}

// TestCheckDecoder: a file that does not belong to a decoder is refused, by what is wrong.
func TestCheckDecoder(t *testing.T) {
	tokens, free := dimension{name: "tokens"}, []dimension{{name: "batch"}, {name: "tokens"}}
	past := []dimension{{name: "batch"}, {size: 2}, {name: "past"}, {size: 8}}
	for _, c := range []struct {
		name, want string // "": it is not refused
		change     func(d *description, n *network.Network)
	}{
		{"as it should be", "", func(*description, *network.Network) {}},
		{"a batch of one", "", func(d *description, _ *network.Network) { d.inputs[0].dims = []dimension{{size: 1}, tokens} }},
		{"logits of the last token", "", func(d *description, _ *network.Network) { d.outputs[0].dims[1] = dimension{size: 1} }},
		{"no axis of tokens", "", func(d *description, _ *network.Network) { d.outputs[0].dims = slices.Delete(d.outputs[0].dims, 1, 2) }},
		{"no mask", "", func(d *description, _ *network.Network) { d.inputs = slices.Delete(d.inputs, 1, 2) }},
		{"output embeddings of its own", "", func(d *description, _ *network.Network) {
			d.weights = append(d.weights, storedWeight{declared{"head", float32s, []dimension{{size: 16}, {size: 30}}}, ""})
		}},
		{"a classifier", "", func(d *description, n *network.Network) {
			n.Head.Tokens, d.outputs[0].dims = nil, []dimension{{name: "batch"}, {size: 2}}
		}},
		{"how many logits", "", func(d *description, _ *network.Network) {
			d.inputs = append(d.inputs, declared{"num_logits_to_keep", int64s, nil})
		}},
		{"no ids", "it has no input input_ids", func(d *description, _ *network.Network) { d.inputs = d.inputs[1:] }},
		{"another input", `it has the input "use_cache_branch"; only input_ids, `, func(d *description, _ *network.Network) {
			d.inputs[2].name = "use_cache_branch"
		}},
		{"a third layer", `it has the input "past_key_values.2.key"; config.json describes 2 layers`, func(d *description, _ *network.Network) {
			d.inputs[3].name = "past_key_values.2.key"
		}},
		{"other heads", "its input past_key_values.1.value has the shape [batch 4 past 8], which does not fit", func(d *description, _ *network.Network) {
			d.inputs[3].dims = []dimension{past[0], {size: 4}, past[2], past[3]}
		}},
		{"a past of a fixed length", "has the shape [batch 2 16 8]", func(d *description, _ *network.Network) {
			d.inputs[3].dims = []dimension{past[0], past[1], {size: 16}, past[3]}
		}},
		{"a past of bfloat16", "its input past_key_values.1.value has elements of bfloat16; export it with [float32 float16]", func(d *description, _ *network.Network) {
			d.inputs[3].kind = bfloat16s
		}},
		{"positions in three axes", "its input position_ids has the shape [3 batch tokens]", func(d *description, _ *network.Network) {
			d.inputs[2].dims = append([]dimension{{size: 3}}, free...)
		}},
		{"hidden states", `it gives "last_hidden_state" and no logits, so it is no cross-encoder; export the model for the task text-generation`,
			func(d *description, _ *network.Network) { d.outputs[0].name = "last_hidden_state" }},
		{"other tokens", "config.json describes a language model of 30 tokens", func(d *description, _ *network.Network) {
			d.outputs[0].dims[2].size = 31
		}},
		{"two logits of a language model", "if it gives the logits of no and yes, in this order, write ForSequenceClassification",
			func(d *description, _ *network.Network) { d.outputs[0].dims = []dimension{{name: "batch"}, {size: 2}} }},
		{"one label of two", "its logits have the shape [batch 1]; config.json has 2 labels", func(d *description, n *network.Network) {
			n.Head.Tokens, d.outputs[0].dims = nil, []dimension{{name: "batch"}, {size: 1}}
		}},
	} {
		n := smallDecoder()
		d := &description{
			inputs: []declared{
				{storedIDs, int64s, free}, {storedMask, int64s, free}, {storedPositions, int64s, free}, {"past_key_values.1.value", float16s, past},
			},
			outputs: []declared{{outputName, float32s, []dimension{{name: "batch"}, tokens, {size: 30}}}},
			weights: []storedWeight{
				{declared{"embed_tokens", float32s, []dimension{{size: 30}, {size: 16}}}, ""},
				{declared{"rest", float32s, []dimension{{size: n.Parameters() - 30*16}}}, ""},
			},
		}
		c.change(d, n)
		err := (&model{network: n, stored: filepath.Join("x", "model.onnx")}).check(d, "")
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

// TestLogitsOfDecoder: the inputs of padded sequences, and where their logits are in an output of
// every token's and in one of the last token's.
func TestLogitsOfDecoder(t *testing.T) {
	n := smallDecoder()
	d := &decoder{network: n, inputs: []declared{{"past_key_values.0.key", float16s, make([]dimension, 4)}, {"logits_to_keep", int64s, make([]dimension, 1)}}}
	seqs := []network.Sequence{{IDs: []int32{9, 8, 7}}, {IDs: []int32{5}}}
	for _, c := range []struct {
		padding              padding
		ids, mask, positions []int64
		every                []float32 // token 3 of the last row of each sequence, and token 7
	}{
		{onTheRight, []int64{9, 8, 7, 0, 5, 0, 0, 0}, []int64{1, 1, 1, 0, 1, 0, 0, 0}, []int64{0, 1, 2, 0, 0, 0, 0, 0},
			[]float32{2*30 + 3, 2*30 + 7, 4*30 + 3, 4*30 + 7}},
		{onTheLeft, []int64{0, 9, 8, 7, 0, 0, 0, 5}, []int64{0, 1, 1, 1, 0, 0, 0, 1}, []int64{0, 0, 1, 2, 0, 0, 0, 0},
			[]float32{3*30 + 3, 3*30 + 7, 7*30 + 3, 7*30 + 7}},
	} {
		feeds := d.make(seqs, 4, c.padding)
		for name, want := range map[string][]int64{storedIDs: c.ids, storedMask: c.mask, storedPositions: c.positions, "logits_to_keep": {1}} {
			if got := feeds[name]; !slices.Equal(got.bytes, tensorOf(int64s, want).bytes) {
				t.Errorf("padding %q: %s is %v, want %v", c.padding, name, got.bytes, want)
			}
		}
		if got := feeds["past_key_values.0.key"]; !slices.Equal(got.dims, []int64{2, 2, 0, 8}) || len(got.bytes) != 0 || got.kind != float16s {
			t.Errorf("got the past %+v", got)
		}
		values := make([]float32, 2*4*30)
		for i := range values {
			values[i] = float32(i)
		}
		got, err := d.pick(tensorOf(float32s, values, 2, 4, 30), seqs, 4, c.padding)
		if err != nil || !slices.Equal(got, c.every) {
			t.Errorf("padding %q: got %v, %v, want %v", c.padding, got, err, c.every)
		}
		got, err = d.pick(tensorOf(float32s, values[:60], 2, 1, 30), seqs, 4, c.padding)
		if want := []float32{3, 7, 33, 37}; err != nil || !slices.Equal(got, want) {
			t.Errorf("of the last token: got %v, %v, want %v", got, err, want)
		}
	}
	if _, err := d.pick(tensorOf(float32s, make([]float32, 60), 1, 2, 30), seqs, 4, onTheRight); err == nil ||
		!strings.Contains(err.Error(), "the file computes logits of the shape [1 2 30] for 2 sequences of 4 tokens") {
		t.Errorf("another shape: got %v", err)
	}
}

// TestNoPadding: where padding changes scores, none is computed.
func TestNoPadding(t *testing.T) {
	n := smallDecoder()
	m := &model{network: n, maxTokens: 40, decoder: &decoder{network: n}, padding: sameLength}
	seqs := sequencesOf(9, 12, 9, 7, 9)
	if got := m.division().divide(seqs); len(got) != 3 || !slices.Equal(got[1].sequences, []int{0, 2, 4}) || got[1].length != 9 {
		t.Errorf("of one length: got the runs %v", got)
	}
	m.padding = alone
	if got := m.division().divide(seqs); len(got) != 5 {
		t.Errorf("alone: got the runs %v", got)
	}
	seqs[1].Pad = 1
	if err := m.checkPadding(seqs); err == nil || !strings.Contains(err.Error(), "padding was asked for") {
		t.Errorf("got %v", err)
	}
	m.padding = onTheLeft
	if err := m.checkPadding(seqs); err != nil {
		t.Error(err)
	}
	if got := m.division().divide(seqs); len(got) != 1 {
		t.Errorf("padded on the left: got the runs %v", got)
	}
	m.network.Embeddings.Tokens.Rows = maxLogits / 17
	m.decoder.every.Store(true)
	if got := m.division().divide(seqs); len(got) != 5 {
		t.Errorf("with many logits a token: got the runs %v", got)
	}
}

// TestOperations: of the operations that read weights of few bits, the bits count; others choose
// scales by a whole run.
func TestOperations(t *testing.T) {
	for _, c := range []struct {
		node           message
		packed, scales bool
	}{
		{encodeNode("MatMulNBits", "y", []string{"x"}, []attribute{intAttribute("K", 64), intAttribute("bits", 4)}), true, false},
		{encodeNode("MatMulNBits", "y", []string{"x"}, []attribute{intAttribute("bits", 8)}), false, false},
		{encodeNode("GatherBlockQuantized", "y", []string{"x"}, nil), true, false},
		{encodeNode("MatMul", "y", []string{"x"}, nil), false, false},
		{encodeNode("DynamicQuantizeLinear", "y", []string{"x"}, nil), false, true},
	} {
		var graph message
		graph.bytes(graphNode, c.node)
		graph.bytes(graphOutput, encodeValue("y", float32s, nil))
		d := describeBytes(t, encodeModel(graph))
		if (d.packed != "") != c.packed || d.scaledByRun != c.scales {
			t.Errorf("%q: got packed weights %q, scales by a run %v; want %v, %v", c.node, d.packed, d.scaledByRun, c.packed, c.scales)
		}
	}
}

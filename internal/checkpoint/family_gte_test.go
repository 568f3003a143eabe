package checkpoint

import (
	"math"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/network"
)

var gteMembers = map[string]any{
	"architectures": []string{"NewForSequenceClassification"}, "model_type": "new", "hidden_size": 12,
	"num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 7, "vocab_size": 20,
	"id2label": map[string]string{"0": "LABEL_0"},
	"auto_map": map[string]string{"AutoModelForSequenceClassification": "Alibaba-NLP/new-impl--modeling.NewForSequenceClassification"},
}

// TestGTEFrequencies reads the base of the rotary positions and its NTK scaling, wherever they are.
// The model's own code, which auto_map names, is not needed.
func TestGTEFrequencies(t *testing.T) {
	for _, c := range []struct {
		name    string
		changes []any
		second  float64 // of the frequencies of a head of four elements
		first   float64
	}{
		{"the default", nil, 1 / math.Sqrt(10_000), 1},
		{"another base", []any{"rope_theta", 400}, 1.0 / 20, 1},
		{"NTK", []any{"rope_theta", 100, "rope_scaling", map[string]any{"type": "ntk", "factor": 4}}, 1.0 / 20 / 2, 1.0 / 2},
		{"NTK by its newer key", []any{"rope_theta", 100, "rope_scaling", map[string]any{"rope_type": "ntk", "factor": 4}}, 1.0 / 20 / 2, 1.0 / 2},
		{"NTK that changes nothing", []any{"rope_theta", 100, "rope_scaling", map[string]any{"type": "ntk", "factor": 1}}, 1.0 / 10, 1},
		{"no scaling", []any{"rope_theta", 100, "rope_scaling", null}, 1.0 / 10, 1},
		{"rope_parameters", []any{"rope_theta", 9, "rope_parameters", map[string]any{"rope_type": "default", "rope_theta": 100}}, 1.0 / 10, 1},
	} {
		got, err := parseConfig(configWith(t, gteMembers, c.changes...))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		for i := range got.network.Blocks {
			f := got.network.Blocks[i].Rotary.Frequencies
			if len(f) != 2 || math.Abs(f[0]-c.first) > 1e-12 || math.Abs(f[1]-c.second) > 1e-12 {
				t.Errorf("%s: frequencies %v, want %g and %g", c.name, f, c.first, c.second)
			}
		}
	}
}

func TestGTERefuses(t *testing.T) {
	for _, c := range []struct {
		field   string
		changes []any
	}{
		{"position_embedding_type", []any{"position_embedding_type", "absolute"}},
		{"layer_norm_type", []any{"layer_norm_type", "rms_norm"}},
		{"logn_attention_scale", []any{"logn_attention_scale", true}},
		{"logn_attention_clip1", []any{"logn_attention_clip1", true}},
		{"rope_scaling.type", []any{"rope_scaling", map[string]any{"type": "linear", "factor": 2}}},
		{"rope_scaling.factor", []any{"rope_scaling", map[string]any{"type": "ntk"}}},
		{"rope_scaling.factor", []any{"rope_scaling", map[string]any{"type": "ntk", "factor": 0.5}}},
		{"rope_scaling.mixed_b", []any{"rope_scaling", map[string]any{"type": "ntk", "factor": 2, "mixed_b": 0.6}}},
		{"rope_theta", []any{"rope_theta", -1}},
		{"num_attention_heads", []any{"num_attention_heads", 4}},
		{"hidden_act", []any{"hidden_act", "silu"}},
		{"pack_qkv", []any{"pack_qkv", 1}},
		{"model_type", []any{"model_type", "bert"}},
	} {
		_, err := parseConfig(configWith(t, gteMembers, c.changes...))
		if err == nil || !strings.Contains(err.Error(), c.field+":") {
			t.Errorf("%v: got %v, want an error about %s", c.changes, err, c.field)
		}
	}
}

// TestGTEPooler: a file may lack the pooler, but not half of it.
func TestGTEPooler(t *testing.T) {
	c, err := parseConfig(configWith(t, gteMembers))
	if err != nil {
		t.Fatal(err)
	}
	all := map[string]sourceTensor{}
	for _, s := range c.slots {
		all[s.name] = sourceTensor{}
	}
	delete(all, "pooler.dense.bias")
	if _, missing := fillSlots(c.slots, all, "", ""); len(missing) != 1 || missing[0] != "pooler.dense.bias" {
		t.Errorf("without the pooler's bias: %v is missing, want it alone", missing)
	}
	delete(all, "pooler.dense.weight")
	if _, missing := fillSlots(c.slots, all, "", ""); len(missing) != 0 {
		t.Errorf("without the pooler: %v is missing, want nothing", missing)
	}
	if h := c.network.Head; h.Dense != nil || h.Activation != network.NoActivation {
		t.Errorf("without the pooler: the head is %+v, want the classifier alone", h)
	}
}

package checkpoint

import (
	"encoding/json"
	"maps"
	"math"
	"slices"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/network"
)

// configWith is a config.json of some members and changes to them. A nil value takes a member out;
// null stays null.
func configWith(t *testing.T, members map[string]any, changes ...any) []byte {
	t.Helper()
	config := map[string]any{}
	maps.Copy(config, members)
	for i := 0; i < len(changes); i += 2 {
		config[changes[i].(string)] = changes[i+1]
		if changes[i+1] == nil {
			delete(config, changes[i].(string))
		}
	}
	data, err := json.Marshal(config)
	if err != nil {
		t.Fatal(err)
	}
	return data
}

var null = json.RawMessage("null")

var modernBERTMembers = map[string]any{
	"architectures": []string{"ModernBertForSequenceClassification"}, "model_type": "modernbert", "hidden_size": 12,
	"num_hidden_layers": 4, "num_attention_heads": 3, "intermediate_size": 7, "vocab_size": 20,
	"id2label": map[string]string{"0": "LABEL_0"},
}

// plan is what a description says of each layer: its window, and the second of its frequencies.
func plan(n *network.Network) (windows []int, seconds []float64) {
	for i := range n.Blocks {
		windows = append(windows, n.Blocks[i].Window)
		seconds = append(seconds, n.Blocks[i].Rotary.Frequencies[1])
	}
	return windows, seconds
}

// TestModernBERTLayers reads which layers are local, and the base of each, as transformers 4 and 5
// write it. Heads have four elements, so that the second frequency is 1 over the root of the base.
func TestModernBERTLayers(t *testing.T) {
	full, sliding := "full_attention", "sliding_attention"
	theta := func(x float64) map[string]any { return map[string]any{"rope_type": "default", "rope_theta": x} }
	for _, c := range []struct {
		name    string
		changes []any
		windows []int
		bases   []float64
	}{
		{"the defaults", nil, []int{0, 64, 64, 0}, []float64{160_000, 10_000, 10_000, 160_000}},
		{"every second layer global", []any{"global_attn_every_n_layers", 2, "local_attention", 9},
			[]int{0, 4, 0, 4}, []float64{160_000, 10_000, 160_000, 10_000}},
		{"all global", []any{"global_attn_every_n_layers", 1}, []int{0, 0, 0, 0}, []float64{160_000, 160_000, 160_000, 160_000}},
		{"other bases", []any{"global_rope_theta", 100.0, "local_rope_theta", 25},
			[]int{0, 64, 64, 0}, []float64{100, 25, 25, 100}},
		{"one base for both", []any{"local_rope_theta", null, "global_rope_theta", 49},
			[]int{0, 64, 64, 0}, []float64{49, 49, 49, 49}},
		{"layer types", []any{"layer_types", []string{sliding, full, full, sliding}, "global_attn_every_n_layers", 3},
			[]int{64, 0, 0, 64}, []float64{10_000, 160_000, 160_000, 10_000}},
		{"rope_parameters", []any{"rope_parameters", map[string]any{full: theta(81), sliding: theta(16)}, "global_rope_theta", 5},
			[]int{0, 64, 64, 0}, []float64{81, 16, 16, 81}},
		{"rope_parameters of one kind", []any{"rope_parameters", map[string]any{sliding: theta(16)}},
			[]int{0, 64, 64, 0}, []float64{160_000, 16, 16, 160_000}},
		{"rope_parameters that say nothing", []any{"rope_parameters", map[string]any{full: map[string]any{"rope_type": "default"}}},
			[]int{0, 64, 64, 0}, []float64{160_000, 10_000, 10_000, 160_000}},
		{"sliding_window", []any{"sliding_window", 5}, []int{0, 5, 5, 0}, []float64{160_000, 10_000, 10_000, 160_000}},
	} {
		got, err := parseConfig(configWith(t, modernBERTMembers, c.changes...))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		windows, seconds := plan(got.network)
		if !slices.Equal(windows, c.windows) {
			t.Errorf("%s: windows %v, want %v", c.name, windows, c.windows)
		}
		for i, base := range c.bases {
			if want := 1 / math.Sqrt(base); math.Abs(seconds[i]-want) > 1e-12 {
				t.Errorf("%s: layer %d has the frequency %g, want %g", c.name, i, seconds[i], want)
			}
		}
		if got.positions != 8192 {
			t.Errorf("%s: %d positions, want 8192", c.name, got.positions)
		}
	}
}

// TestModernBERTRefuses: what would change scores and cannot be computed is an error that names its
// key.
func TestModernBERTRefuses(t *testing.T) {
	yarn := map[string]any{"rope_type": "yarn", "rope_theta": 1000.0, "factor": 4.0}
	for _, c := range []struct {
		field   string
		changes []any
	}{
		{"hidden_activation", []any{"hidden_activation", "quick_gelu"}},
		{"classifier_activation", []any{"classifier_activation", "mish"}},
		{"classifier_pooling", []any{"classifier_pooling", "max"}},
		{"num_attention_heads", []any{"num_attention_heads", 5}},
		{"num_attention_heads", []any{"num_attention_heads", 4}}, // heads of three elements
		{"layer_types", []any{"layer_types", []string{"full_attention"}}},
		{"layer_types", []any{"layer_types", []string{"full_attention", "linear", "full_attention", "full_attention"}}},
		{"global_rope_theta", []any{"global_rope_theta", 0}},
		{"local_rope_theta", []any{"local_rope_theta", "big"}},
		{"rope_scaling.rope_type", []any{"rope_scaling", map[string]any{"rope_type": "dynamic", "factor": 2}}},
		{"rope_scaling.factor", []any{"rope_scaling", map[string]any{"rope_type": "default", "factor": 2}}},
		{"rope_parameters.full_attention.rope_type", []any{"rope_parameters", map[string]any{"full_attention": yarn}}},
		{"rope_parameters.sliding_attention.rope_type", []any{"rope_parameters", map[string]any{"sliding_attention": yarn}}},
		{"rope_parameters.sliding_attention.partial_rotary_factor", []any{"rope_parameters", map[string]any{
			"sliding_attention": map[string]any{"partial_rotary_factor": 0.5}}}},
		{"rope_parameters.rope_theta", []any{"rope_parameters", map[string]any{"rope_theta": 1000.0}}},
		{"norm_eps", []any{"norm_eps", 2}},
		{"norm_bias", []any{"norm_bias", "yes"}},
		{"local_attention", []any{"local_attention", 0}},
	} {
		_, err := parseConfig(configWith(t, modernBERTMembers, c.changes...))
		if err == nil || !strings.Contains(err.Error(), c.field+":") {
			t.Errorf("%v: got %v, want an error about %s", c.changes, err, c.field)
		}
	}
}

// TestModernBERTBiases: each optional bias is a tensor that the file must have.
func TestModernBERTBiases(t *testing.T) {
	names := func(changes ...any) (names []string) {
		c, err := parseConfig(configWith(t, modernBERTMembers, changes...))
		if err != nil {
			t.Fatal(err)
		}
		for _, s := range c.slots {
			if strings.HasSuffix(s.name, ".bias") {
				names = append(names, s.name)
			}
		}
		return names
	}
	if got := names(); !slices.Equal(got, []string{"classifier.bias"}) {
		t.Errorf("without settings: biases %v, want that of the classifier", got)
	}
	for _, c := range []struct {
		key  string
		want []string
	}{
		{"norm_bias", []string{"embeddings.norm.bias", "layers.1.attn_norm.bias", "layers.0.mlp_norm.bias", "final_norm.bias", "head.norm.bias"}},
		{"attention_bias", []string{"layers.3.attn.Wqkv.bias", "layers.0.attn.Wo.bias"}},
		{"mlp_bias", []string{"layers.0.mlp.Wi.bias", "layers.3.mlp.Wo.bias"}},
		{"classifier_bias", []string{"head.dense.bias"}},
	} {
		got := names(c.key, true)
		for _, want := range c.want {
			if !slices.Contains(got, want) {
				t.Errorf("%s: biases %v, want also %s", c.key, got, want)
			}
		}
	}
}

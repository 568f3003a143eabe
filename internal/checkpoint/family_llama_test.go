package checkpoint

import (
	"math"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/network"
)

// Configs without their last brace, see withMember.
const (
	llamaConfig = `{"architectures": ["LlamaForSequenceClassification"], "model_type": "llama", "hidden_size": 8, "num_hidden_layers": 2,
	"num_attention_heads": 2, "intermediate_size": 10, "vocab_size": 400, "id2label": {"0": "LABEL_0"}`

	nvidiaConfig = `{"architectures": ["LlamaBidirectionalForSequenceClassification"], "model_type": "llama_bidirec", "hidden_size": 8,
	"auto_map": {"AutoConfig": "llama_bidirectional_model.LlamaBidirectionalConfig",
	"AutoModelForSequenceClassification": "llama_bidirectional_model.LlamaBidirectionalForSequenceClassification"},
	"num_hidden_layers": 2, "num_attention_heads": 2, "num_key_value_heads": 1, "intermediate_size": 10, "vocab_size": 400,
	"id2label": {"0": "LABEL_0"}`

	llama3Scaling = `{"factor": 32.0, "high_freq_factor": 4.0, "low_freq_factor": 1.0, "original_max_position_embeddings": 8192, "rope_type": "llama3"}`
)

func TestHostileLlama(t *testing.T) {
	for _, c := range []struct{ config, key, value string }{
		{llamaConfig, "rope_scaling", `{"rope_type": "yarn", "factor": 4.0}`},
		{llamaConfig, "rope_scaling", `{"type": "linear", "factor": 4.0}`},
		{llamaConfig, "rope_scaling", `{"rope_type": "llama3", "factor": 8.0, "low_freq_factor": 1.0, "high_freq_factor": 4.0}`},
		{llamaConfig, "rope_scaling", strings.Replace(llama3Scaling, "4.0", "1.0", 1)},
		{llamaConfig, "rope_scaling", strings.Replace(llama3Scaling, `"factor": 32.0`, `"factor": 0`, 1)},
		{llamaConfig, "rope_parameters", strings.Replace(llama3Scaling, `"factor"`, `"attention_factor": 2, "factor"`, 1)},
		{llamaConfig, "auto_map", `{"AutoModelForSequenceClassification": "modeling_x.Y"}`},
		{llamaConfig, "auto_map", `{"AutoModel": "modeling_x.Y"}`},
		{qwen3Config, "auto_map", `{"AutoConfig": "modeling_x.Y", "AutoTokenizer": "x.Z"}`},
		{llamaConfig, "is_causal", "false"},
		{llamaConfig, "use_bidirectional_attention", "true"},
		{llamaConfig, "num_attention_heads", "8"}, // of one element
		{llamaConfig, "num_key_value_heads", "3"},
		{llamaConfig, "hidden_act", `"tanh"`},
		{llamaConfig, "model_type", `"mistral"`},
		{nvidiaConfig, "pooling", `"weighted_avg"`},
		{nvidiaConfig, "temperature", "0"},
		{nvidiaConfig, "model_type", `"llama"`},
		{nvidiaConfig, "is_causal", "true"},
		{nvidiaConfig, "use_bidirectional_attention", "false"},
		{llamaConfig, "partial_rotary_factor", "0.5"},
		{qwen3Config, "partial_rotary_factor", "0.5"},
		{qwen3Config, "rope_scaling", llama3Scaling},
		{qwen3Config, "is_causal", "false"},
	} {
		_, err := parseConfig([]byte(withMember(c.config, c.key, c.value)))
		if err == nil || !strings.HasPrefix(err.Error(), "config.json:") ||
			!strings.Contains(err.Error(), c.key) && !strings.Contains(err.Error(), "head_dim") {
			t.Errorf("%.40s… with %s %s: got %v, want an error about it", c.config, c.key, c.value, err)
		}
	}
}

// TestLlamaDescriptions: keys that change the result change the description. What sequences begin
// with is shared by causal networks that are read at their end, and only by those.
func TestLlamaDescriptions(t *testing.T) {
	read := func(config, key, value string) *network.Network {
		c, err := parseConfig([]byte(withMember(config, key, value)))
		if err != nil {
			t.Fatalf("%s %s: %v", key, value, err)
		}
		return c.network
	}
	if n := read(llamaConfig, "auto_map", `{"AutoTokenizer": "x.Y"}`); !n.SharesPrefixes() || n.KVHeads != 2 || n.HeadSize != 4 || n.Blocks[0].QueryNorm != nil {
		t.Errorf("Llama: got %+v", n)
	}
	for pooling, want := range map[string]network.Pooling{"avg": network.MeanToken, "cls": network.FirstToken, "last": network.LastToken} {
		if n := read(nvidiaConfig, "pooling", `"`+pooling+`"`); n.Causal || n.SharesPrefixes() || n.Head.Pooling != want || n.KVHeads != 1 {
			t.Errorf("NVIDIA's Llama with the pooling %s: got %+v", pooling, n)
		}
	}
	if n := read(nvidiaConfig, "is_causal", "false"); n.Causal || n.Head.Pooling != network.MeanToken {
		t.Errorf("NVIDIA's Llama: got %+v; want tokens that attend both ways, and their mean", n)
	}
}

// TestLlama3Rope compares the frequencies of Llama 3.2, whose heads have 64 elements, with those by
// cases, as transformers has it: fast turns stay, slow ones are divided by the factor of 32.
func TestLlama3Rope(t *testing.T) {
	o := parseObject(configFile, []byte(`{"rope_theta": 500000.0, "rope_scaling": `+llama3Scaling+`}`))
	got := o.readRope(10_000, true).rotary(64).Frequencies
	if o.err != nil || len(got) != 32 {
		t.Fatalf("%d frequencies, error %v", len(got), o.err)
	}
	plain := rotary(500_000, 64).Frequencies
	for i, f := range plain {
		want := f
		switch turns := 8192 * f / (2 * math.Pi); {
		case turns < 1:
			want = f / 32
		case turns < 4:
			want = (1-(turns-1)/3)*f/32 + (turns-1)/3*f
		}
		if math.Abs(got[i]-want) > 1e-12*want {
			t.Errorf("frequency %d: got %g, want %g", i, got[i], want)
		}
	}
	if got[14] != plain[14] || got[18] != plain[18]/32 || got[16] == plain[16] || got[16] == plain[16]/32 {
		t.Errorf("got %v of %v; want those to 14 as they were, those from 18 divided by 32", got, plain)
	}
}

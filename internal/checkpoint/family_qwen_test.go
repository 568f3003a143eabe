package checkpoint

import (
	"strings"
	"testing"
)

// Configs without their last brace, see withMember.
const (
	qwen3Config = `{"architectures": ["Qwen3ForCausalLM"], "model_type": "qwen3", "hidden_size": 6, "num_hidden_layers": 2,
	"num_attention_heads": 4, "num_key_value_heads": 2, "head_dim": 10, "intermediate_size": 10, "vocab_size": 12,
	"max_position_embeddings": 40, "tie_word_embeddings": true, "use_sliding_window": false, "rope_scaling": null`

	qwen2Config = `{"architectures": ["Qwen2ForSequenceClassification"], "model_type": "qwen2", "hidden_size": 8, "num_hidden_layers": 2,
	"num_attention_heads": 4, "num_key_value_heads": 2, "intermediate_size": 10, "vocab_size": 12, "id2label": {"0": "LABEL_0"}`
)

func TestHostileQwen(t *testing.T) {
	for _, c := range []struct{ config, key, value string }{
		{qwen3Config, "use_sliding_window", "true"},
		{qwen3Config, "layer_types", `["full_attention", "sliding_attention"]`},
		{qwen3Config, "rope_scaling", `{"rope_type": "yarn", "factor": 4.0}`},
		{qwen3Config, "rope_scaling", `{"type": "dynamic"}`},
		{qwen3Config, "rope_parameters", `{"rope_type": "linear"}`},
		{qwen3Config, "rope_parameters", `{"partial_rotary_factor": 0.5}`},
		{qwen3Config, "num_key_value_heads", "3"},
		{qwen3Config, "num_key_value_heads", "null"},
		{qwen3Config, "head_dim", "7"},
		{qwen3Config, "hidden_act", `"tanh"`},
		{qwen3Config, "rms_norm_eps", "0"},
		{qwen3Config, "model_type", `"qwen2"`},
		{qwen3Config, "quantization_config", `{"quant_method": "awq"}`},
		{qwen2Config, "num_attention_heads", "8"}, // of one element
		{qwen2Config, "use_sliding_window", "true"},
		{qwen2Config, "id2label", `{"0": "a", "1": "b", "2": "c"}`},
	} {
		_, err := parseConfig([]byte(withMember(c.config, c.key, c.value)))
		if err == nil || !strings.HasPrefix(err.Error(), "config.json:") ||
			!strings.Contains(err.Error(), c.key) && !strings.Contains(err.Error(), "head_dim") {
			t.Errorf("%.40s… with %s %s: got %v, want an error about it", c.config, c.key, c.value, err)
		}
	}
}

// TestQwenDescriptions: keys that change the result change the description.
func TestQwenDescriptions(t *testing.T) {
	read := func(config, key, value string) *translation {
		c, err := parseConfig([]byte(withMember(config, key, value)))
		if err != nil {
			t.Fatalf("%s %s: %v", key, value, err)
		}
		return &c.translation
	}
	has := func(x *translation, name string) bool {
		for _, s := range x.slots {
			if s.name == name {
				return true
			}
		}
		return false
	}
	tied, untied := read(qwen3Config, "use_cache", "true"), read(qwen3Config, "tie_word_embeddings", "false")
	if has(tied, "lm_head.weight") || !has(untied, "lm_head.weight") {
		t.Error("lm_head.weight is not the head where, and only where, the embeddings are not tied")
	}
	if n := tied.network; !n.Causal || n.HeadSize != 10 || n.KVHeads != 2 || n.Blocks[0].QueryNorm == nil || n.FinalNorm == nil || !n.FinalNorm.RMS {
		t.Errorf("Qwen3: got %+v", n)
	}
	if has(tied, "layers.0.self_attn.q_proj.bias") || !has(read(qwen3Config, "attention_bias", "true"), "layers.1.self_attn.o_proj.bias") {
		t.Error("Qwen3 has biases where, and only where, attention_bias asks for them")
	}
	causal := read(qwen2Config, "architectures", `["Qwen2ForCausalLM"]`)
	if d := causal.decoder; d.chat != &mxbaiChat || d.yes != "1" || d.no != "0" || read(qwen2Config, "use_cache", "true").decoder.chat != nil {
		t.Errorf("Qwen2 is read by the chat %+v, want mxbai-rerank-v2's for language models alone", d)
	}
	two := read(qwen2Config, "rope_theta", "1e6")
	if n := two.network; n.HeadSize != 2 || n.Blocks[0].QueryNorm != nil || has(two, "layers.0.self_attn.o_proj.bias") ||
		!has(two, "layers.0.self_attn.q_proj.bias") || !has(two, "score.weight") {
		t.Errorf("Qwen2: got %+v", n)
	}
	if f := two.network.Blocks[0].Rotary.Frequencies; len(f) != 1 || f[0] != 1 {
		t.Errorf("frequencies %v, want 1", f)
	}
}

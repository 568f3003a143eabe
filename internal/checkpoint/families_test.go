package checkpoint

import (
	"strings"
	"testing"
)

// Configs of families without their last brace, see withMember.
const (
	robertaConfig = `{"architectures": ["XLMRobertaForSequenceClassification"], "model_type": "xlm-roberta", "hidden_size": 6,
	"num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 10, "vocab_size": 12, "max_position_embeddings": 14,
	"type_vocab_size": 1, "pad_token_id": 1, "layer_norm_eps": 1e-5, "id2label": {"0": "LABEL_0"}`

	jinaConfig = `{"architectures": ["XLMRobertaForSequenceClassification"], "hidden_size": 6, "num_hidden_layers": 2,
	"auto_map": {"AutoConfig": "configuration_xlm_roberta.XLMRobertaFlashConfig",
	"AutoModelForSequenceClassification": "modeling_xlm_roberta.XLMRobertaForSequenceClassification"}, "num_labels": 1,
	"num_attention_heads": 3, "intermediate_size": 10, "vocab_size": 12, "max_position_embeddings": 14, "type_vocab_size": 1,
	"pad_token_id": 1, "layer_norm_eps": 1e-5, "position_embedding_type": "absolute", "id2label": {"0": "LABEL_0"}`

	electraConfig = `{"architectures": ["ElectraForSequenceClassification"], "model_type": "electra", "hidden_size": 6,
	"embedding_size": 4, "num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 10, "vocab_size": 12,
	"max_position_embeddings": 14, "type_vocab_size": 2, "id2label": {"0": "LABEL_0"}`

	distilConfig = `{"architectures": ["DistilBertForSequenceClassification"], "model_type": "distilbert", "dim": 6, "n_layers": 2,
	"n_heads": 3, "hidden_dim": 10, "vocab_size": 12, "max_position_embeddings": 14, "id2label": {"0": "LABEL_0"}`
)

// TestHostileFamilies: what a family cannot compute is refused by the key that asks for it.
func TestHostileFamilies(t *testing.T) {
	for _, c := range []struct{ config, key, value string }{
		{robertaConfig, "position_embedding_type", `"relative_key_query"`},
		{robertaConfig, "auto_map", `{"AutoModelForSequenceClassification": "modeling_x.XLMRobertaForSequenceClassification"}`},
		{robertaConfig, "auto_map", `[]`},
		{robertaConfig, "pad_token_id", "-1"},
		{robertaConfig, "pad_token_id", "1.0"},
		{robertaConfig, "max_position_embeddings", "9"}, // of which two are before the first token
		{robertaConfig, "type_vocab_size", "0"},
		{robertaConfig, "num_attention_heads", "4"},
		{robertaConfig, "hidden_act", `"silu"`},
		{robertaConfig, "is_decoder", "true"},
		{robertaConfig, "model_type", `"camembert"`},
		{jinaConfig, "position_embedding_type", `"rotary"`},
		{jinaConfig, "lora_adaptations", `["classification"]`},
		{jinaConfig, "last_layer_subset", "true"},
		{jinaConfig, "auto_map", `{"AutoConfig": "x.Other", "AutoModelForSequenceClassification": "x.XLMRobertaForSequenceClassification"}`},
		{electraConfig, "embedding_size", "0"},
		{electraConfig, "type_vocab_size", "0"},
		{electraConfig, "position_embedding_type", `"relative_key"`},
		{distilConfig, "n_heads", "4"},
		{distilConfig, "dim", "0"},
		{distilConfig, "activation", `"silu"`},
		{distilConfig, "n_layers", "null"},
		{distilConfig, "id2label", `{"0": "a", "1": "b", "2": "c"}`},
	} {
		_, err := parseConfig([]byte(withMember(c.config, c.key, c.value)))
		if err == nil || !strings.HasPrefix(err.Error(), "config.json:") || !strings.Contains(err.Error(), c.key) {
			t.Errorf("%.40s… with %s %s: got %v, want an error about it", c.config, c.key, c.value, err)
		}
	}
}

// TestFamilyDescriptions: keys that change the result change the description, others do not.
func TestFamilyDescriptions(t *testing.T) {
	read := func(config, key, value string) *translation {
		c, err := parseConfig([]byte(withMember(config, key, value)))
		if err != nil {
			t.Fatalf("%s %s: %v", key, value, err)
		}
		return &c.translation
	}
	for _, c := range []struct {
		key, value        string
		offset, positions int
	}{
		{"dtype", `"float16"`, 2, 12},
		{"pad_token_id", "null", 2, 12}, // transformers 5 leaves a default out
		{"pad_token_id", "0", 1, 13},
		{"pad_token_id", "4", 5, 9},
		{"type_vocab_size", "2", 2, 12},
		{"auto_map", `{"AutoTokenizer": "x.Y"}`, 2, 12},
	} {
		got := read(robertaConfig, c.key, c.value)
		e := got.network.Embeddings
		if e.Positions.Offset != c.offset || got.positions != c.positions || e.Types.Rows != 1 {
			t.Errorf("%s %s: offset %d, %d tokens, %d types; want %d, %d, 1",
				c.key, c.value, e.Positions.Offset, got.positions, e.Types.Rows, c.offset, c.positions)
		}
	}
	if n := read(electraConfig, "embedding_size", "6").network; n.Embeddings.Projection != nil {
		t.Error("ELECTRA with embeddings as wide as the blocks has a projection")
	}
	if n := read(electraConfig, "summary_activation", `"tanh"`).network; n.Embeddings.Projection == nil || n.Embeddings.Tokens.Width != 4 {
		t.Errorf("ELECTRA with narrow embeddings: got %+v", n.Embeddings)
	}
	if n := read(distilConfig, "sinusoidal_pos_embds", "true").network; n.Embeddings.Positions == nil || n.Embeddings.Types != nil {
		t.Errorf("DistilBERT: got %+v", n.Embeddings)
	}
}

// TestUnusedTensorsArePassedOver: heads of pretraining, and buffers, beside the tensors of each
// family, under any of the prefixes that files have.
func TestUnusedTensorsArePassedOver(t *testing.T) {
	for _, c := range []struct{ config, unused string }{
		{robertaConfig, "lm_head.dense.weight"},
		{robertaConfig, "roberta.pooler.dense.weight"},
		{robertaConfig, "roberta.embeddings.position_ids"},
		{jinaConfig, "roberta.pooler.dense.weight"},
		{electraConfig, "discriminator_predictions.dense.weight"},
		{distilConfig, "vocab_transform.weight"},
		{debertaConfig, "lm_predictions.lm_head.bias"},
		{debertaConfig, "deberta.embeddings.position_embeddings.weight"},
	} {
		parsed, err := parseConfig([]byte(c.config + "}"))
		if err != nil {
			t.Fatal(err)
		}
		for _, wrapper := range []string{"", "module."} {
			for _, base := range []string{"", parsed.family.base} {
				file := memory{wrapper + c.unused: {3}}
				for _, s := range parsed.slots {
					name := wrapper + base + s.name
					if s.top {
						name = wrapper + s.name
					}
					file[name] = s.shape
				}
				if err := loadAll(file, parsed); err != nil {
					t.Errorf("%s beside tensors with the prefixes %q and %q: %v", c.unused, wrapper, base, err)
				}
				file[wrapper+"another.weight"] = []int{1}
				if err := loadAll(file, parsed); err == nil || !strings.Contains(err.Error(), "another.weight") {
					t.Errorf("another tensor: got %v, want an error that names it", err)
				}
			}
		}
	}
}

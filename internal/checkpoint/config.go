package checkpoint

import (
	"encoding/json"
	"fmt"
	"strings"
)

// What a config may ask for. The limits are far beyond any BERT, and small enough that no product of two of them
// overflows.
const (
	maxHidden    = 1 << 16
	maxLayers    = 200
	maxVocab     = 1 << 24
	maxPositions = 1 << 20
	minPositions = 8
	maxTypes     = 1 << 10
	defaultEps   = 1e-12
)

const architecture = "BertForSequenceClassification"

var hiddenActs = map[string]HiddenAct{
	"gelu":              GELU,
	"gelu_new":          GELUTanh,
	"gelu_pytorch_tanh": GELUTanh,
	"relu":              ReLU,
}

// parseConfig reads config.json. Its keys are those of Hugging Face transformers' BertConfig; keys that do not change
// what is computed are passed over, and those that would change it are refused unless they have their usual value.
func parseConfig(data []byte) (Config, error) {
	o := parseObject(configFile, data)
	checkKind(o)
	c := Config{
		Hidden:       o.size("hidden_size", 1, maxHidden),
		Layers:       o.size("num_hidden_layers", 1, maxLayers),
		Heads:        o.size("num_attention_heads", 1, maxHidden),
		Intermediate: o.size("intermediate_size", 1, 4*maxHidden),
		VocabSize:    o.size("vocab_size", 1, maxVocab),
		Positions:    o.size("max_position_embeddings", minPositions, maxPositions),
		TypeVocab:    o.sizeOr("type_vocab_size", 2, maxTypes, 2),
		NormEps:      o.fraction("layer_norm_eps", defaultEps),
		Labels:       labels(o),
	}
	if c.Hidden%c.Heads != 0 {
		o.fail("num_attention_heads", "%d heads do not divide hidden_size, which is %d", c.Heads, c.Hidden)
	}
	act := o.str("hidden_act", "gelu")
	if c.HiddenAct = hiddenActs[act]; c.HiddenAct == "" {
		o.fail("hidden_act", "it is %.80q; gelu, gelu_new, gelu_pytorch_tanh and relu can be computed", act)
	}
	if o.err != nil {
		return Config{}, o.err
	}
	return c, nil
}

// checkKind refuses what is not a plain BERT with a classifier on top.
func checkKind(o *object) {
	o.need("architectures")
	names := o.list("architectures")
	found := false
	for _, raw := range names {
		found = found || string(raw) == `"`+architecture+`"`
	}
	if !found {
		o.fail("architectures", "it is %.120s; only %s can be computed", join(names), architecture)
	}
	if kind := o.str("model_type", "bert"); kind != "bert" {
		o.fail("model_type", "it is %.80q; only bert can be computed", kind)
	}
	if kind := o.str("position_embedding_type", "absolute"); kind != "absolute" {
		o.fail("position_embedding_type", "it is %.80q; only absolute can be computed", kind)
	}
	for _, key := range []string{"is_decoder", "add_cross_attention", "is_encoder_decoder"} {
		if o.boolean(key, false) {
			o.fail(key, "it is true; a cross-encoder has false there")
		}
	}
	if kind := o.str("problem_type", ""); kind == "multi_label_classification" {
		o.fail("problem_type", "it is %q; the labels must belong to one question", kind)
	}
	for _, key := range []string{"quantization_config", "pruned_heads"} {
		part := o.object(key)
		o.merge(part)
		if len(part.members) > 0 {
			o.fail(key, "it is %.80s; such weights cannot be read", o.members[key])
		}
	}
}

func join(list []json.RawMessage) string {
	parts := make([]string, len(list))
	for i, raw := range list {
		parts[i] = string(raw)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// labels counts the classes. Where the file does not say, there are two: transformers leaves its default out.
func labels(o *object) int {
	names := o.object("id2label")
	o.merge(names)
	if _, ok := o.get("id2label"); !ok {
		return o.sizeOr("num_labels", 1, 2, 2)
	}
	n := len(names.members)
	if n < 1 || n > 2 {
		o.fail("id2label", "it has %d labels; a cross-encoder has 1 or 2", n)
		return 1
	}
	for i := range n {
		if _, ok := names.members[fmt.Sprint(i)]; !ok {
			o.fail("id2label", "it has no label %d", i)
		}
	}
	if also := o.sizeOr("num_labels", 1, 2, n); also != n {
		o.fail("num_labels", "it is %d, but id2label has %d", also, n)
	}
	return n
}

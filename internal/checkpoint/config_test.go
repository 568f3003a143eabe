package checkpoint

import (
	"errors"
	"fmt"
	"reflect"
	"runtime"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/material"
	"github.com/crossrank/crossrank/internal/network"
)

// with is tinyConfig with one member replaced or added. The value null, which means absent, takes
// the default's place.
func with(key, value string) string {
	var b strings.Builder
	b.WriteString("{")
	for _, m := range []struct{ key, value string }{
		{"architectures", `["BertForSequenceClassification"]`}, {"model_type", `"bert"`}, {"hidden_size", "6"},
		{"num_hidden_layers", "2"}, {"num_attention_heads", "3"}, {"intermediate_size", "10"}, {"vocab_size", "12"},
		{"max_position_embeddings", "9"}, {"type_vocab_size", "2"}, {"layer_norm_eps", "1e-12"}, {"hidden_act", `"gelu"`},
		{"id2label", `{"0": "LABEL_0"}`},
	} {
		if m.key != key {
			fmt.Fprintf(&b, "%q: %s, ", m.key, m.value)
		}
	}
	fmt.Fprintf(&b, "%q: %s}", key, value)
	return b.String()
}

func TestConfig(t *testing.T) {
	for _, c := range []struct {
		name, config string
		change       func(*encoder)
	}{
		{"as it is", tinyConfig, func(*encoder) {}},
		{"keys that do not matter", with("use_cache", `"perhaps"`), func(*encoder) {}},
		{"a null where there is a default", with("layer_norm_eps", "null"), func(*encoder) {}},
		{"no model_type, as in old files", with("model_type", "null"), func(*encoder) {}},
		{"hidden_act gelu_new", with("hidden_act", `"gelu_new"`), func(c *encoder) { c.Activation = network.GELUTanh }},
		{"hidden_act gelu_pytorch_tanh", with("hidden_act", `"gelu_pytorch_tanh"`), func(c *encoder) { c.Activation = network.GELUTanh }},
		{"hidden_act relu", with("hidden_act", `"relu"`), func(c *encoder) { c.Activation = network.ReLU }},
		{"another eps", with("layer_norm_eps", "1e-5"), func(c *encoder) { c.NormEps = 1e-5 }},
		{"the most layers", with("num_hidden_layers", "200"), func(c *encoder) { c.Layers = 200 }},
		{"one head", with("num_attention_heads", "1"), func(c *encoder) { c.Heads = 1 }},
		{"the fewest positions", with("max_position_embeddings", "8"), func(c *encoder) { c.Positions = 8 }},
		{"more token types", with("type_vocab_size", "3"), func(c *encoder) { c.TypeVocab = 3 }},
		{"two labels", with("id2label", `{"0": "no", "1": "yes"}`), func(c *encoder) { c.Labels = 2 }},
		{"no labels, which means two", with("id2label", "null"), func(c *encoder) { c.Labels = 2 }},
		{"num_labels", strings.Replace(with("id2label", "null"), "{", `{"num_labels": 1, `, 1), func(*encoder) {}},
	} {
		want := tiny()
		c.change(&want)
		got, err := parseConfig([]byte(c.config))
		if err != nil || !reflect.DeepEqual(got.network, want.bert().network) || got.positions != want.Positions {
			t.Errorf("%s: got %+v, %v; want %+v", c.name, got.network, err, want)
		}
	}
}

// TestUnknownClassIsNamed: the error names the class that was found and all that can be computed.
func TestUnknownClassIsNamed(t *testing.T) {
	_, err := parseConfig([]byte(with("architectures", `["FalconForSequenceClassification"]`)))
	for _, want := range []string{`["FalconForSequenceClassification"]`, "these classes can be computed: ForSequenceClassification of Bert, ", "; ForCausalLM of Qwen3, "} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want an error with %s", err, want)
		}
	}
}

// hostile configs, and the field that their error must name.
var hostile = []struct{ name, config, field string }{
	{"nothing", "", ""},
	{"white space", " \n", ""},
	{"half an object", tinyConfig[:100], ""},
	{"a list", "[]", ""},
	{"a number", "1", ""},
	{"null", "null", ""},
	{"something after the object", tinyConfig + "{}", ""},
	{"not UTF-8", with("name", "\"\xff\""), ""},
	{"a byte order mark", "\ufeff" + tinyConfig, ""},
	{"NaN, as Python writes it", with("layer_norm_eps", "NaN"), "layer_norm_eps"},
	{"Infinity, as Python writes it", with("layer_norm_eps", "Infinity"), "layer_norm_eps"},
	{"-Infinity, as Python writes it", with("hidden_size", "-Infinity"), "hidden_size"},
	{"nan, as nobody writes it", with("layer_norm_eps", "nan"), ""},
	{"NaN where a name must be", "{NaN: 1}", ""},
	{"lists 100,000 deep", with("x", strings.Repeat("[", 100_000)), ""},
	{"a key twice", strings.Replace(tinyConfig, "{", `{"hidden_size": 7, `, 1), "hidden_size"},
	{"an empty object", "{}", "architectures"},

	{"no architectures", with("architectures", "null"), "architectures"},
	{"architectures empty", with("architectures", "[]"), "architectures"},
	{"another architecture", with("architectures", `["FalconForSequenceClassification"]`), "architectures"},
	{"an encoder without a classifier", with("architectures", `["BertModel"]`), "architectures"},
	{"an architecture that is a string", with("architectures", `"BertForSequenceClassification"`), "architectures"},
	{"another model type", with("model_type", `"roberta"`), "model_type"},
	{"a model type that is a number", with("model_type", "1"), "model_type"},
	{"relative positions", with("position_embedding_type", `"relative_key"`), "position_embedding_type"},
	{"a decoder", with("is_decoder", "true"), "is_decoder"},
	{"cross attention", with("add_cross_attention", "true"), "add_cross_attention"},
	{"labels of different questions", with("problem_type", `"multi_label_classification"`), "problem_type"},
	{"quantized weights", with("quantization_config", `{"load_in_4bit": true}`), "quantization_config"},
	{"pruned heads", with("pruned_heads", `{"0": [1]}`), "pruned_heads"},

	{"no hidden size", with("hidden_size", "null"), "hidden_size"},
	{"hidden size 0", with("hidden_size", "0"), "hidden_size"},
	{"hidden size -6", with("hidden_size", "-6"), "hidden_size"},
	{"a huge hidden size", with("hidden_size", "4294967296"), "hidden_size"},
	{"a hidden size over 64 bits", with("hidden_size", "99999999999999999999"), "hidden_size"},
	{"a hidden size in quotes", with("hidden_size", `"6"`), "hidden_size"},
	{"a hidden size with a fraction", with("hidden_size", "6.0"), "hidden_size"},
	{"a hidden size with an exponent", with("hidden_size", "6e0"), "hidden_size"},
	{"a hidden size that is true", with("hidden_size", "true"), "hidden_size"},
	{"a hidden size that is a list", with("hidden_size", "[6]"), "hidden_size"},
	{"a hidden size in capitals only", strings.Replace(tinyConfig, "hidden_size", "Hidden_Size", 1), "hidden_size"},

	{"no layers", with("num_hidden_layers", "0"), "num_hidden_layers"},
	{"one layer too many", with("num_hidden_layers", "201"), "num_hidden_layers"},
	{"a billion layers", with("num_hidden_layers", "1000000000"), "num_hidden_layers"},
	{"layers below zero", with("num_hidden_layers", "-1"), "num_hidden_layers"},
	{"no heads, which would divide by zero", with("num_attention_heads", "0"), "num_attention_heads"},
	{"heads that do not divide", with("num_attention_heads", "4"), "num_attention_heads"},
	{"more heads than the hidden size", with("num_attention_heads", "12"), "num_attention_heads"},
	{"heads below zero", with("num_attention_heads", "-3"), "num_attention_heads"},
	{"intermediate size 0", with("intermediate_size", "0"), "intermediate_size"},
	{"a huge intermediate size", with("intermediate_size", "1000000000000"), "intermediate_size"},
	{"no words", with("vocab_size", "0"), "vocab_size"},
	{"a huge vocabulary", with("vocab_size", "2147483648"), "vocab_size"},
	{"words below zero", with("vocab_size", "-30522"), "vocab_size"},
	{"no positions", with("max_position_embeddings", "0"), "max_position_embeddings"},
	{"one position too few", with("max_position_embeddings", "7"), "max_position_embeddings"},
	{"a huge number of positions", with("max_position_embeddings", "1099511627776"), "max_position_embeddings"},
	{"one token type", with("type_vocab_size", "1"), "type_vocab_size"},
	{"no token types", with("type_vocab_size", "0"), "type_vocab_size"},
	{"too many token types", with("type_vocab_size", "1000000"), "type_vocab_size"},

	{"eps 0", with("layer_norm_eps", "0"), "layer_norm_eps"},
	{"eps -0", with("layer_norm_eps", "-0.0"), "layer_norm_eps"},
	{"eps below zero", with("layer_norm_eps", "-1e-12"), "layer_norm_eps"},
	{"eps that is zero as a float32", with("layer_norm_eps", "1e-60"), "layer_norm_eps"},
	{"eps beyond a float64", with("layer_norm_eps", "1e400"), "layer_norm_eps"},
	{"eps 1", with("layer_norm_eps", "1"), "layer_norm_eps"},
	{"eps in quotes", with("layer_norm_eps", `"1e-12"`), "layer_norm_eps"},

	{"another hidden_act", with("hidden_act", `"silu"`), "hidden_act"},
	{"hidden_act in capitals", with("hidden_act", `"GELU"`), "hidden_act"},
	{"an empty hidden_act", with("hidden_act", `""`), "hidden_act"},
	{"a hidden_act that is an object", with("hidden_act", "{}"), "hidden_act"},

	{"labels empty", with("id2label", "{}"), "id2label"},
	{"three labels", with("id2label", `{"0": "a", "1": "b", "2": "c"}`), "id2label"},
	{"labels that are not numbered from 0", with("id2label", `{"1": "a"}`), "id2label"},
	{"a label twice", with("id2label", `{"0": "a", "0": "b"}`), "id2label.0"},
	{"labels as a list", with("id2label", `["a"]`), "id2label"},
	{"another number of labels beside them", with("num_labels", "2"), "num_labels"},
	{"no labels", with("num_labels", "0"), "num_labels"},

	{"another activation, as it was written", with("sbert_ce_default_activation_function", `"torch.nn.modules.activation.Tanh"`),
		"sbert_ce_default_activation_function"},
	{"another activation, as it is written", with("sentence_transformers", `{"activation_fn": "os.system"}`),
		"sentence_transformers.activation_fn"},
	{"an activation that is a number", with("sbert_ce_default_activation_function", "1"), "sbert_ce_default_activation_function"},
	{"sentence_transformers as a string", with("sentence_transformers", `"5.0.0"`), "sentence_transformers"},
}

func TestHostileConfigs(t *testing.T) {
	t.Logf("%d hostile configs", len(hostile))
	if len(hostile) < 40 {
		t.Errorf("%d hostile configs, want at least 40", len(hostile))
	}
	for _, c := range hostile {
		t.Run(c.name, func(t *testing.T) {
			dir := directoryOf(t, map[string]string{configFile: c.config, vocabFile: tinyVocab})
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			_, err := Open(dir)
			runtime.ReadMemStats(&after)
			if n := after.TotalAlloc - before.TotalAlloc; n > 16<<20 {
				t.Errorf("it allocated %d bytes", n)
			}
			e := (*Error)(nil)
			if !errors.As(err, &e) || e.File != configFile || e.Field != c.field {
				t.Fatalf("got %v, want an error of %s at %q", err, configFile, c.field)
			}
			if len(err.Error()) > 600 {
				t.Errorf("the error is %d bytes long: %v", len(err.Error()), err)
			}
		})
	}
}

func TestReferenceConfig(t *testing.T) {
	data, err := readFile(material.Path(t, "model-config"), configFile, maxConfigBytes)
	if err != nil {
		t.Fatal(err)
	}
	want := builtinConfig().bert().network
	if got, err := parseConfig(data); err != nil || !reflect.DeepEqual(got.network, want) {
		t.Errorf("got %+v, %v; want %+v", got.network, err, want)
	}
}

func FuzzConfig(f *testing.F) {
	f.Add([]byte(tinyConfig))
	for _, c := range hostile {
		if len(c.config) < 4096 {
			f.Add([]byte(c.config))
		}
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		c, err := parseConfig(data)
		if err != nil {
			if e := (*Error)(nil); !errors.As(err, &e) || e.File != configFile || len(err.Error()) > 2000 {
				t.Errorf("an error without a file: %v", err)
			}
			return
		}
		n := c.network
		if n.Hidden != n.Heads*n.HeadSize || len(n.Blocks) < 1 || len(n.Blocks) > 200 || n.Embeddings.Norm.Eps <= 0 ||
			n.Head.Output.Out < 1 || n.Head.Output.Out > 2 || n.Activation == "" ||
			c.positions < 8 || c.vocabSize() < 1 {
			t.Errorf("accepted %+v", n)
		}
		for _, s := range c.slots {
			if s.len() <= 0 {
				t.Errorf("tensor %s has shape %v", s.name, s.shape)
			}
		}
	})
}

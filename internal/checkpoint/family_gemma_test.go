package checkpoint

import (
	"math"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/network"
)

// gemmaConfig is one without its last brace, see withMember.
const gemmaConfig = `{"architectures": ["GemmaForCausalLM"], "model_type": "gemma", "hidden_size": 8, "num_hidden_layers": 2,
	"num_attention_heads": 2, "num_key_value_heads": 1, "head_dim": 6, "intermediate_size": 10, "vocab_size": 12, "hidden_act": "gelu"`

func TestHostileGemma(t *testing.T) {
	for _, c := range []struct{ key, value string }{
		{"architectures", `["Gemma2ForCausalLM"]`},
		{"model_type", `"gemma2"`},
		{"num_key_value_heads", "null"},
		{"head_dim", "7"},
		{"hidden_act", `"tanh"`},
		{"hidden_activation", `"tanh"`},
		{"rope_scaling", `{"rope_type": "llama3"}`},
		{"use_bidirectional_attention", "true"},
		{"auto_map", `{"AutoModelForCausalLM": "modeling_x.Y"}`},
	} {
		_, err := parseConfig([]byte(withMember(gemmaConfig, c.key, c.value)))
		if err == nil || !strings.HasPrefix(err.Error(), "config.json:") || !strings.Contains(err.Error(), c.key) {
			t.Errorf("%s %s: got %v, want an error about it", c.key, c.value, err)
		}
	}
}

// TestGemmaDescriptions: keys that change the result change the description. The name gelu is that
// of the approximation by tanh unless hidden_activation has it.
func TestGemmaDescriptions(t *testing.T) {
	for _, c := range []struct {
		key, value string
		want       network.Activation
		slots      int
	}{
		{"use_cache", "true", network.GELUTanh, 20},
		{"hidden_activation", "null", network.GELUTanh, 20},
		{"hidden_activation", `"gelu_pytorch_tanh"`, network.GELUTanh, 20},
		{"hidden_activation", `"gelu"`, network.GELU, 20},
		{"hidden_act", `"silu"`, network.SiLU, 20},
		{"tie_word_embeddings", "false", network.GELUTanh, 21},
		{"attention_bias", "true", network.GELUTanh, 28},
	} {
		got, err := parseConfig([]byte(withMember(gemmaConfig, c.key, c.value)))
		if err != nil {
			t.Fatal(err)
		}
		if n := got.network; n.Activation != c.want || len(got.slots) != c.slots || !n.SharesPrefixes() || n.HeadSize != 6 {
			t.Errorf("%s %s: %d tensors, %+v; want %d, %s", c.key, c.value, len(got.slots), n, c.slots, c.want)
		}
	}
}

// TestGemmaWeights: embeddings of tokens are multiplied by the root of their width where they are
// looked up, and not in the head; norms get one more than the file has.
func TestGemmaWeights(t *testing.T) {
	for _, name := range []string{"gemma-tied", "gemma-bf16"} {
		n, _, err := OpenNetwork("testdata/families/" + name)
		if err != nil {
			t.Fatal(err)
		}
		scale, tokens := float32(math.Sqrt(float64(n.Hidden))), n.Embeddings.Tokens
		row := n.Head.Output.Weight
		for i, v := range tokens.Row(17, nil) {
			if v != scale*row[i] {
				t.Fatalf("%s: element %d of token 17 is %g, and %g in the head; want the former %g times as much", name, i, v, row[i], scale)
			}
		}
		mean := float32(0)
		for _, v := range n.FinalNorm.Weight {
			mean += v / float32(n.Hidden)
		}
		if mean < 0.8 || mean > 1.2 {
			t.Errorf("%s: the final norm multiplies by %g on average, want about 1", name, mean)
		}
		o, err := BeginNetwork("testdata/families/" + name)
		if err != nil {
			t.Fatal(err)
		}
		if got := o.Stored(); got != "" {
			t.Errorf("%s: held in %s without loss, want in no 16 bits", name, got)
		}
		if err := o.Close(); err != nil {
			t.Error(err)
		}
	}
}

package checkpoint

import (
	"math"

	"github.com/crossrank/crossrank/internal/network"
)

// gemma and gemmaClassifier are the networks of the first Gemma: a language model, which scores a
// pair by the logit of one token, and one with a classifier on the last token.
var (
	gemma = family{
		name: "Gemma", class: "GemmaForCausalLM", modelType: "gemma", base: "model.", unused: unusedHeads,
		translate: func(o *object, _ int) *translation { return readGemma(o).languageModel(o, gemmaAnswers) },
	}
	gemmaClassifier = family{
		name: "Gemma", class: "GemmaForSequenceClassification", modelType: "gemma", base: "model.", unused: unusedHeads,
		translate: func(o *object, labels int) *translation {
			return readGemma(o).classifier(o, labels, decoder{pairs: true})
		},
	}
)

// gemmaAnswers are those of bge-reranker-v2-gemma, where a model's files say nothing else.
var gemmaAnswers = decoder{yes: "Yes", chat: &bgeChat}

// readGemma reads the keys of transformers' GemmaConfig. Weights of norms are read as what is added
// to one, and the embeddings of tokens are multiplied by the square root of their width, in float32
// as the reference rounds it there.
func readGemma(o *object) decoderConfig {
	causalOnly(o)
	c := readDecoder(o, 8192)
	c.KVHeads = o.size("num_key_value_heads", 1, maxHidden)
	c.HeadSize = o.sizeOr("head_dim", 2, maxHidden, 256)
	c.Activation = readGemmaActivation(o)
	c.QKVBias = o.boolean("attention_bias", false)
	c.OutputBias = c.QKVBias
	c.Tied = o.boolean("tie_word_embeddings", true)
	c.NormsFromOne, c.EmbeddingScale = true, float32(math.Sqrt(float64(c.Hidden)))
	c.turn(o, o.readRope(10_000, false))
	return c
}

// readGemmaActivation reads hidden_activation, or hidden_act without it. Gemma was first published
// with the name gelu there, though it was trained with the approximation by tanh.
func readGemmaActivation(o *object) network.Activation {
	const fallback = "gelu_pytorch_tanh"
	if _, ok := o.get("hidden_activation"); ok {
		return o.hiddenAct("hidden_activation", fallback, gateActivations)
	}
	if a := o.hiddenAct("hidden_act", fallback, gateActivations); a != network.GELU {
		return a
	}
	return network.GELUTanh
}

package checkpoint

import "github.com/crossrank/crossrank/internal/network"

// llama, llamaClassifier and llamaBothWays are the networks of Llama: a language model, whose files
// must say how it reads a pair and which tokens' logits make a score; one with a classifier on the
// last token; and one whose tokens attend both ways, as NVIDIA's rerankers have it.
var (
	llama = family{
		name: "Llama", class: "LlamaForCausalLM", modelType: "llama", base: "model.", unused: unusedHeads,
		translate: func(o *object, _ int) *translation { return readLlama(o).languageModel(o, decoder{}) },
	}
	llamaClassifier = family{
		name: "Llama", class: "LlamaForSequenceClassification", modelType: "llama", base: "model.", unused: unusedHeads,
		translate: func(o *object, labels int) *translation {
			return readLlama(o).classifier(o, labels, decoder{pairs: true})
		},
	}
	llamaBothWays = family{
		name: "NVIDIA Llama", class: "LlamaBidirectionalForSequenceClassification", modelType: "llama_bidirec",
		base: "model.", unused: unusedHeads,
		translate: func(o *object, labels int) *translation {
			return readLlamaBothWays(o).classifier(o, labels, decoder{chat: &nvidiaChat})
		},
	}
)

// readLlama reads the keys of transformers' LlamaConfig.
func readLlama(o *object) decoderConfig {
	causalOnly(o)
	return readLlamaKeys(o)
}

func readLlamaKeys(o *object) decoderConfig {
	c := readDecoder(o, 2048)
	c.KVHeads = o.sizeOr("num_key_value_heads", 1, maxHidden, c.Heads)
	c.HeadSize = o.sizeOr("head_dim", 2, maxHidden, c.Hidden/max(c.Heads, 1))
	c.Activation = o.hiddenAct("hidden_act", "silu", gateActivations)
	c.QKVBias = o.boolean("attention_bias", false)
	c.OutputBias = c.QKVBias
	c.FeedForwardBias = o.boolean("mlp_bias", false)
	c.turn(o, o.readRope(10_000, true))
	return c
}

// nvidiaPoolings are the names that NVIDIA's code has for what the head reads.
var nvidiaPoolings = map[string]network.Pooling{"avg": network.MeanToken, "cls": network.FirstToken, "last": network.LastToken}

// readLlamaBothWays reads the keys of NVIDIA's LlamaBidirectionalConfig, which is code of the
// model's own (auto_map). That code is never run; the network is known by the class.
func readLlamaBothWays(o *object) decoderConfig {
	o.attend(true)
	c := readLlamaKeys(o)
	c.BothWays = true
	c.Divisor = o.positive("temperature", 1)
	name := o.str("pooling", "avg")
	pooling, ok := nvidiaPoolings[name]
	if !ok {
		o.fail("pooling", "it is %.80q; avg, cls and last can be computed", name)
	}
	c.Pooling = pooling
	return c
}

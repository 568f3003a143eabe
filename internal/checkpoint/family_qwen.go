package checkpoint

// qwen3, qwen3Classifier, qwen2 and qwen2Classifier are the decoders of the Qwen families. Those
// with a language model's head score a pair by the logits of two tokens, such as yes and no; the
// converted ones have a classifier.
var (
	qwen3 = family{
		name: "Qwen3", class: "Qwen3ForCausalLM", modelType: "qwen3", base: "model.", unused: unusedHeads,
		translate: func(o *object, _ int) *translation { return readQwen3(o).languageModel(o, qwen3Answers) },
	}
	qwen3Classifier = family{
		name: "Qwen3", class: "Qwen3ForSequenceClassification", modelType: "qwen3", base: "model.", unused: unusedHeads,
		translate: func(o *object, labels int) *translation {
			return readQwen3(o).classifier(o, labels, decoder{chat: qwen3Answers.chat})
		},
	}
	qwen2 = family{
		name: "Qwen2", class: "Qwen2ForCausalLM", modelType: "qwen2", base: "model.", unused: unusedHeads,
		translate: func(o *object, _ int) *translation { return readQwen2(o).languageModel(o, qwen2Answers) },
	}
	qwen2Classifier = family{
		name: "Qwen2", class: "Qwen2ForSequenceClassification", modelType: "qwen2", base: "model.", unused: unusedHeads,
		translate: func(o *object, labels int) *translation { return readQwen2(o).classifier(o, labels, decoder{}) },
	}
)

// unusedHeads is the output of a language model where its rows are the tokens' embeddings, or where
// a classifier takes its place.
var unusedHeads = []string{"lm_head."}

// qwen3Answers are what a Qwen3 reranker is trained with, where its files say nothing else.
var qwen3Answers = decoder{yes: "yes", no: "no", chat: &qwen3Chat}

// qwen2Answers are those of mxbai-rerank-v2, likewise.
var qwen2Answers = decoder{yes: "1", no: "0", chat: &mxbaiChat}

// readQwen3 reads the keys of transformers' Qwen3Config.
func readQwen3(o *object) decoderConfig {
	c := readQwen(o)
	c.HeadSize = o.sizeOr("head_dim", 2, maxHidden, 128)
	c.HeadNorms = true
	c.QKVBias = o.boolean("attention_bias", false)
	c.OutputBias = c.QKVBias
	c.turn(o, o.readRope(10_000, false))
	return c
}

// readQwen2 reads the keys of transformers' Qwen2Config.
func readQwen2(o *object) decoderConfig {
	c := readQwen(o)
	c.HeadSize = o.sizeOr("head_dim", 2, maxHidden, c.Hidden/c.Heads)
	c.QKVBias = true
	c.turn(o, o.readRope(10_000, false))
	return c
}

func readQwen(o *object) decoderConfig {
	causalOnly(o)
	c := readDecoder(o, 32768)
	c.KVHeads = o.size("num_key_value_heads", 1, maxHidden)
	c.Activation = o.hiddenAct("hidden_act", "silu", gateActivations)
	o.refuse("use_sliding_window")
	for _, kind := range o.list("layer_types") {
		if string(kind) != `"full_attention"` {
			o.fail("layer_types", "it has %.80s; full_attention can be computed", kind)
		}
	}
	return c
}

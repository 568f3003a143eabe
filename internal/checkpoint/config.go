package checkpoint

import "fmt"

// What a config may ask for. The limits are far beyond any model, and small enough that no product
// of two of them overflows.
const (
	maxHidden    = 1 << 16
	maxLayers    = 200
	maxVocab     = 1 << 24
	maxPositions = 1 << 20
	minPositions = 8
	maxTypes     = 1 << 10
)

// modelConfig is what config.json says.
type modelConfig struct {
	translation
	family *family
	o      *object // the file itself
}

// vocabSize is how many tokens have an embedding.
func (c *modelConfig) vocabSize() int { return c.network.Embeddings.Tokens.Rows }

// readsTypes reports whether scores depend on the types of tokens.
func (c *modelConfig) readsTypes() bool {
	types := c.network.Embeddings.Types
	return types != nil && types.Rows > 1
}

// parseConfig reads config.json.
func parseConfig(data []byte) (modelConfig, error) {
	o := parseObject(configFile, data)
	f := findFamily(o)
	checkCommon(o)
	if o.err != nil {
		return modelConfig{}, o.err
	}
	t := f.translate(o, labels(o))
	if o.err != nil {
		return modelConfig{}, o.err
	}
	return modelConfig{*t, f, o}, nil
}

// checkCommon refuses what no family can compute.
func checkCommon(o *object) {
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

// labels counts the labels of the classifier. If the file has none there are two: transformers
// omits its default.
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

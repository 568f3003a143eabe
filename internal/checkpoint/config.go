package checkpoint

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

// Config is what config.json says: the network, with tensors that are still empty.
type Config struct {
	translation
	family *family
}

// vocabSize is how many tokens have an embedding.
func (c *Config) vocabSize() int { return c.network.Embeddings.Tokens.Rows }

// parseConfig reads config.json.
func parseConfig(data []byte) (Config, error) {
	o := parseObject(configFile, data)
	f := findFamily(o)
	checkCommon(o)
	if o.err != nil {
		return Config{}, o.err
	}
	c := Config{family: f}
	t := f.translate(o, labels(o))
	if o.err != nil {
		return Config{}, o.err
	}
	c.translation = *t
	return c, nil
}

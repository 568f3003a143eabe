package checkpoint

import "github.com/crossrank/crossrank/internal/tokenizer"

// Model is a cross-encoder in memory: config, weights as float32 and tokenizer, all checked against each other. It is
// read-only once made.
type Model struct {
	Name       string // the path or built-in name that it was opened by
	Config     Config
	Weights    Weights
	Activation Activation // from logits to scores
	Reading

	// Hash says which weights these are: "sha256:…" of the weights file, or "random weights, seed N".
	Hash string

	// Meaningless says that the weights are random, so that scores mean nothing.
	Meaningless bool
}

// Reading is how a model reads a pair of texts.
type Reading struct {
	Tokenizer *tokenizer.Tokenizer

	// Prompt stands directly before every query, as sentence-transformers puts it there; "" for most models.
	Prompt string

	// MaxLength is the most tokens that a pair may have, special tokens included: what sentence-transformers' settings
	// say, else the tokenizer's own limit, and never more than the position table.
	MaxLength int
}

// Pair appends the ids of a pair to dst, prompt and special tokens included, cut to the maximum length at its end. The
// first boundary ids are the query's side.
func (r Reading) Pair(dst []int32, query, passage string) (ids []int32, boundary int) {
	ids, boundary, _ = r.Tokenizer.Pair(dst, r.Prompt+query, passage, r.MaxLength, tokenizer.KeepStart)
	return ids, boundary
}

// HiddenAct is the activation inside the feed-forward block.
type HiddenAct string

const (
	GELU     HiddenAct = "gelu"              // x·Φ(x), by erf
	GELUTanh HiddenAct = "gelu_pytorch_tanh" // its tanh approximation; "gelu_new" in a config is the same
	ReLU     HiddenAct = "relu"
)

// Config is what config.json says of a BertForSequenceClassification.
type Config struct {
	Hidden       int // hidden_size
	Layers       int // num_hidden_layers
	Heads        int // num_attention_heads; divides Hidden
	Intermediate int // intermediate_size
	VocabSize    int // rows of the word embeddings
	Positions    int // max_position_embeddings
	TypeVocab    int // type_vocab_size; at least 2
	NormEps      float32
	HiddenAct    HiddenAct

	// Labels is 1 or 2. With two labels the score is that of the second ("relevant") against the first: its logit is
	// the difference of the two, whose sigmoid is the softmax.
	Labels int
}

// Weights are the tensors of the model, row-major.
type Weights struct {
	WordEmbeddings     []float32 // VocabSize × Hidden
	PositionEmbeddings []float32 // Positions × Hidden
	TypeEmbeddings     []float32 // TypeVocab × Hidden
	EmbeddingNorm      Norm
	Layers             []Layer
	Pooler             Linear // Hidden → Hidden
	Classifier         Linear // Hidden → Labels
}

// Layer is one block of the encoder.
type Layer struct {
	Query, Key, Value Linear // Hidden → Hidden
	AttentionOutput   Linear // Hidden → Hidden
	AttentionNorm     Norm
	Intermediate      Linear // Hidden → Intermediate
	Output            Linear // Intermediate → Hidden
	OutputNorm        Norm
}

// Linear is y = Weight·x + Bias.
type Linear struct {
	Weight  []float32 // Out × In
	Bias    []float32 // Out
	In, Out int
}

// Norm is a layer norm's scale and shift, each of the hidden size.
type Norm struct {
	Weight, Bias []float32
}

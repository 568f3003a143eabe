package checkpoint

import (
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/tokenizer"
)

// Model is a cross-encoder in memory: the network with its weights as float32, and the tokenizer,
// all checked against each other. It is read-only once made.
type Model struct {
	Name       string // the path or built-in name that it was opened by
	Network    *network.Network
	Activation Activation // from logits to scores
	Reading

	// Hash identifies the weights: "sha256:…" of the weights file, or "random weights, seed
	// N".
	Hash string

	// Meaningless says that the weights are random, so that scores mean nothing.
	Meaningless bool
}

// Reading is how a model reads a pair of texts.
type Reading struct {
	Tokenizer *tokenizer.Tokenizer

	// Prompt stands directly before every query, as sentence-transformers puts it there; "" for
	// most models.
	Prompt string

	// MaxLength is the most tokens that a pair may have, special tokens included: what
	// sentence-transformers' settings say, else the tokenizer's own limit, and never more than the
	// position table.
	MaxLength int
}

// Pair appends the ids of a pair to dst, prompt and special tokens included, cut to the maximum
// length at its end. The first boundary ids are the query's side.
func (r Reading) Pair(dst []int32, query, passage string) (ids []int32, boundary int) {
	ids, boundary, _ = r.Tokenizer.Pair(dst, r.Prompt+query, passage, r.MaxLength, tokenizer.KeepStart)
	return ids, boundary
}

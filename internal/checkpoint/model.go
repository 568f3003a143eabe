package checkpoint

import "github.com/crossrank/crossrank/internal/network"

// Model is a cross-encoder in memory: the network with its weights, and the tokenizer, all
// checked against each other. It is read-only once made.
type Model struct {
	Name       string // the path or built-in name that it was opened by
	Family     string // such as "XLM-RoBERTa"
	Network    *network.Network
	Activation Activation // from logits to scores
	Reading

	// Hash identifies the weights: "sha256:…" of the weights file, or of the list of several files;
	// with ", in NAME" if it is a file in ONNX; or "random weights, seed N".
	Hash string

	// Meaningless says that the weights are random, so that scores mean nothing.
	Meaningless bool
}

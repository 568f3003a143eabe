package network

import "fmt"

// Sequence is one encoded pair: the input of an executor for one logit.
type Sequence struct {
	IDs []int32 // the tokens, special tokens included

	// TypeBoundary is how many leading tokens (the query's side) have type id 0; the rest have type
	// id 1.
	TypeBoundary int

	// Shared is how many leading tokens an earlier sequence of the same request begins with too,
	// where an executor computes those once, see [Network.SharesPrefixes]. It counts for the cost
	// alone: an executor finds by itself what sequences begin with.
	Shared int

	// Draft asks for a logit in less precision, from an executor that has two: near that of the
	// same sequence without it, and sooner. One of a single precision computes the same for both.
	Draft bool

	// Pad is how many rows of padding follow the tokens. They pass through every layer that reads
	// whole sequences, as token 0 at the positions that follow. They attend to the tokens, and no
	// token attends to them, so the logit stays the same. Only experiments that measure the cost of
	// padding set it.
	Pad int
}

// Tokens is how many tokens the sequence adds to the work.
func (s Sequence) Tokens() int { return len(s.IDs) - s.Shared }

// Rows is how many rows of a pass the sequence takes: its tokens and its padding.
func (s Sequence) Rows() int { return len(s.IDs) + s.Pad }

// CheckBatch checks the input of an executor: every sequence has 1 to maxTokens tokens, padding
// included, all within a vocabulary of so many, and there is memory for a logit each. The error
// names the sequence.
func CheckBatch(seqs []Sequence, out []float32, vocabulary, maxTokens int) error {
	if len(out) < len(seqs) {
		return fmt.Errorf("%d sequences, but memory for %d logits", len(seqs), len(out))
	}
	for i, q := range seqs {
		if n := len(q.IDs); n < 1 || n > maxTokens {
			return fmt.Errorf("sequence %d has %d tokens; the model reads 1 to %d", i, n, maxTokens)
		}
		if q.Pad < 0 || q.Pad > maxTokens-len(q.IDs) {
			return fmt.Errorf("sequence %d has %d tokens and %d of padding; the model reads up to %d", i, len(q.IDs), q.Pad, maxTokens)
		}
		for _, id := range q.IDs {
			if id < 0 || int(id) >= vocabulary {
				return fmt.Errorf("sequence %d holds token %d; the vocabulary has 0 to %d", i, id, vocabulary-1)
			}
		}
	}
	return nil
}

package network

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

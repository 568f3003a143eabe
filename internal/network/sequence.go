package network

// Sequence is one encoded pair: the input of an executor for one logit.
type Sequence struct {
	IDs []int32 // the tokens, special tokens included

	// TypeBoundary is how many leading tokens (the query's side) have type id 0; the rest have type
	// id 1.
	TypeBoundary int

	// Pad is how many rows of padding follow the tokens. They pass through every layer that reads
	// whole sequences, as token 0 at the positions that follow. They attend to the tokens, and no
	// token attends to them, so the logit stays the same. Only experiments that measure the cost of
	// padding set it.
	Pad int
}

// Rows is how many rows of a pass the sequence takes: its tokens and its padding.
func (s Sequence) Rows() int { return len(s.IDs) + s.Pad }

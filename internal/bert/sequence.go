package bert

// Sequence is one encoded pair: its token ids, and how many of them (the query's side) have type id 0; the rest have 1.
type Sequence struct {
	IDs   []int32
	Split int

	// Pad is how many rows of padding follow the tokens. They go through every layer that reads whole sequences, as token 0
	// ([PAD]) at the positions that follow, attend to the tokens, and are attended by none: what a batch that is padded to a
	// common length computes, for the same logit. 0 in all but experiments that measure what that costs.
	Pad int
}

// Rows is how many rows of a pass the sequence takes: its tokens and its padding.
func (q Sequence) Rows() int { return len(q.IDs) + q.Pad }

// at is the token at row i, and the row of the places that goes with it, in tables of that many positions.
func (q Sequence) at(i, positions int) (id int32, place int) {
	switch {
	case i >= len(q.IDs):
		return 0, i
	case i >= q.Split:
		return q.IDs[i], i + positions
	}
	return q.IDs[i], i
}

package bert

// Sequence is one encoded pair: its token ids, and how many of them (the query's side) have type id 0; the rest have 1.
type Sequence struct {
	IDs   []int32
	Split int
}

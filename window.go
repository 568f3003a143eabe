package crossrank

// Windows splits a passage that does not fit beside its query into overlapping windows. Each window
// is scored as a pair, and their logits are aggregated to the pair's score before the model's
// activation. The zero value means no windows: the passage is truncated as [Request.Truncation]
// says.
//
// A query that would leave the passage less than half of the tokens is cut to half. Windows start
// at the passage's beginning; tokens after the last window count as truncated.
type Windows struct {
	Aggregate Aggregate

	// Overlap is the number of tokens that a window shares with the previous one; 0 means 64. It is
	// at most half a window.
	Overlap int

	// Max is the maximum of windows per passage; 0 means 10. Of more, the first ones are read, or,
	// with [TruncateLeft], the last ones.
	Max int
}

// Aggregate is how the scores of several windows become one.
type Aggregate uint8

const (
	// NoWindows reads no windows.
	NoWindows Aggregate = iota
	// BestWindow takes the highest logit.
	BestWindow
	// MeanWindow takes the mean of the logits.
	MeanWindow
)

// Defaults of [Windows].
const (
	DefaultOverlap = 64
	DefaultWindows = 10
)

package crossrank

// Windows reads a passage that does not fit beside its query in overlapping windows. Each window is scored as a pair of
// its own, and the pair's score is made of theirs before the model's activation. The zero value reads no windows: the
// passage is cut as [Request.Truncation] says.
//
// A query that would leave its passage less than half of the room is itself cut to half. Windows follow one another from
// the passage's start; what lies beyond the last one counts as truncated.
type Windows struct {
	Aggregate Aggregate

	// Overlap is how many tokens a window shares with the one before it; 0 means 64. It is at most half a window.
	Overlap int

	// Max bounds the windows of a passage; 0 means 10. Where there are more, the first ones are read, or the last ones
	// with [TruncateLeft].
	Max int
}

// Aggregate says how one score is made of those of several windows.
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

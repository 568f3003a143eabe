package crossrank

// Validate reports a request that no [Scorer] can answer, with [InvalidArgument]: one without
// pairs, or with a value that has no meaning. Scorers call it, so a caller has no need to.
func (r *Request) Validate() error {
	switch {
	case r == nil || len(r.Pairs) == 0:
		return Errorf(InvalidArgument, "the request has no pairs; send at least one")
	case r.MaxLength < 0:
		return Errorf(InvalidArgument, "max_length is %d; use 0 for the model's maximum, or a number of tokens", r.MaxLength)
	case r.Truncation > TruncateNever:
		return Errorf(InvalidArgument, "truncation is %d; use right, left or never", r.Truncation)
	case r.MaxPassage < 0:
		return Errorf(InvalidArgument, "max_passage is %d; use 0 for no separate limit, or a number of tokens", r.MaxPassage)
	case r.Windows.Aggregate > MeanWindow:
		return Errorf(InvalidArgument, "windows.aggregate is %d; use none, best or mean", r.Windows.Aggregate)
	case r.Windows.Overlap < 0 || r.Windows.Max < 0:
		return Errorf(InvalidArgument, "windows has an overlap of %d and a max of %d; use 0 for the defaults, or positive numbers",
			r.Windows.Overlap, r.Windows.Max)
	case r.TopN < 0:
		return Errorf(InvalidArgument, "top_n is %d; use 0 for all scores, or a positive number", r.TopN)
	case r.Priority < 0:
		return Errorf(InvalidArgument, "priority is %d; use 0, the most urgent, or a positive number", r.Priority)
	}
	return nil
}

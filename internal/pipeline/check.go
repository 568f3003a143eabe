package pipeline

import "github.com/crossrank/crossrank"

// check validates a request and returns the most tokens that a pair of it may have.
func (p *Pipeline) check(req *crossrank.Request) (limit int, err error) {
	switch {
	case req == nil || len(req.Pairs) == 0:
		return 0, crossrank.Errorf(crossrank.InvalidArgument, "the request has no pairs; send at least one")
	case req.Model != "" && req.Model != p.model.Name:
		return 0, crossrank.Errorf(crossrank.NotFound, "there is no model %q here, only %q", req.Model, p.model.Name)
	case req.Truncation > crossrank.TruncateNever:
		return 0, crossrank.Errorf(crossrank.InvalidArgument, "truncation is %d; use right, left or never", req.Truncation)
	case req.MaxPassage < 0:
		return 0, negative("the maximum of a passage", req.MaxPassage, "none")
	case req.Windows.Aggregate > crossrank.MeanWindow:
		return 0, crossrank.Errorf(crossrank.InvalidArgument, "aggregate of windows is %d; use none, best or mean", req.Windows.Aggregate)
	case req.Windows.Overlap < 0:
		return 0, negative("overlap of windows", req.Windows.Overlap, "the default")
	case req.Windows.Max < 0:
		return 0, negative("the maximum of windows", req.Windows.Max, "the default")
	case req.Priority < 0:
		return 0, negative("priority", req.Priority, "the most urgent")
	case req.MaxLength == 0 || req.MaxLength > p.model.MaxLength:
		return p.model.MaxLength, nil
	case req.MaxLength < minLength:
		return 0, crossrank.Errorf(crossrank.InvalidArgument,
			"max_length is %d; use 0 for the model's own maximum of %d, or at least %d, the number of special tokens",
			req.MaxLength, p.model.MaxLength, minLength)
	}
	return req.MaxLength, nil
}

func negative(what string, n int, zero string) error {
	return crossrank.Errorf(crossrank.InvalidArgument, "%s is %d; use 0 for %s, or a positive number", what, n, zero)
}

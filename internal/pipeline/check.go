package pipeline

import (
	"path/filepath"

	"github.com/crossrank/crossrank"
)

// check validates a request for the model and returns the most tokens that a pair of it may have.
func (p *Pipeline) check(req *crossrank.Request) (limit int, err error) {
	if err := req.Validate(); err != nil {
		return 0, err
	}
	switch {
	case req.Model != "" && req.Model != p.model.Name:
		return 0, crossrank.Errorf(crossrank.NotFound, "there is no model %q here, only %q", req.Model, p.model.Name)
	case req.Instruction != "" && p.model.Prompt.BeforeInstruction == "":
		return 0, crossrank.Errorf(crossrank.InvalidArgument, "model %q takes no instruction: it has no prompt template "+
			"with a place for one; leave the instruction out", filepath.Base(p.model.Name)) // callers see no directories
	case req.MaxLength == 0 || req.MaxLength > p.model.MaxLength:
		return p.model.MaxLength, nil
	case req.MaxLength < max(MinLength, p.specials):
		return 0, crossrank.Errorf(crossrank.InvalidArgument,
			"max_length is %d; use 0 for the model's own maximum of %d, or at least %d, the number of special tokens",
			req.MaxLength, p.model.MaxLength, max(MinLength, p.specials))
	}
	return req.MaxLength, nil
}

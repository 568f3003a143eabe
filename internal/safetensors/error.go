package safetensors

import "strconv"

// Rule names what a file must obey. Its text completes "must …".
type Rule string

const (
	RuleSize        Rule = "have at least 8 bytes"
	RuleHeaderLimit Rule = "have a header of at most 100,000,000 bytes"
	RuleHeaderFits  Rule = "be as long as its header says"
	RuleBrace       Rule = "have a header that begins with '{'"
	RuleJSON        Rule = "have a header that is one JSON object of objects"
	RuleUTF8        Rule = "have a header in UTF-8"
	RuleDuplicate   Rule = "not use a key twice"
	RuleName        Rule = "have names of at most 1,024 bytes"
	RuleCount       Rule = "have at most 20,000 tensors"
	RuleMetadata    Rule = "map at most 20,000 strings to strings in __metadata__"
	RuleFields      Rule = "give each tensor dtype, shape and data_offsets, nothing else"
	RuleDType       Rule = "use a known dtype"
	RuleDims        Rule = "use at most 64 dimensions, each an integer ≥ 0"
	RuleOverflow    Rule = "use sizes that fit 63 bits"
	RuleOffsets     Rule = "give data_offsets as two integers, begin ≤ end"
	RuleBytes       Rule = "give each tensor the bytes of its shape and dtype"
	RuleRanges      Rule = "lay tensors out from byte 0 without overlap or hole"
	RuleEnd         Rule = "end where its last tensor ends"
	RuleRead        Rule = "be readable"
)

// Error says which rule a file breaks, and where.
type Error struct {
	File   string
	Tensor string // empty when it is not about one tensor
	Rule   Rule
	Err    error // what was found instead
}

func (e *Error) Error() string {
	s := e.File + ": "
	if e.Tensor != "" {
		s += "tensor " + strconv.Quote(e.Tensor) + ": "
	}
	return s + "a safetensors file must " + string(e.Rule) + ": " + e.Err.Error()
}

func (e *Error) Unwrap() error { return e.Err }

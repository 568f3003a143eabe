package checkpoint

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/crossrank/crossrank/internal/tokenizer"
)

// Reading is how a model reads a pair of texts.
type Reading struct {
	Tokenizer *tokenizer.Tokenizer

	// Prompt is read with the texts of every pair: as sentence-transformers puts it before the
	// query, or as the chat of a decoder has it. It is empty for most models.
	Prompt tokenizer.Prompt

	// MaxLength is the most tokens that a pair may have, special tokens included: what
	// sentence-transformers' settings say, else the tokenizer's own limit, and never more than the
	// position table.
	MaxLength int

	answers answers // of a language model
}

// Pair appends the ids of a pair to dst, prompt and special tokens included, cut to the maximum
// length at its end. The first boundary ids are the query's side.
func (r Reading) Pair(dst []int32, query, passage string) (ids []int32, boundary int) {
	queryIDs := r.Prompt.AppendQuery(nil, r.Tokenizer, "", query)
	passageIDs := r.Tokenizer.AppendSide(nil, r.Prompt.Passage(passage))
	ids, boundary, _ = r.Tokenizer.Join(dst, queryIDs, passageIDs, r.MaxLength, tokenizer.KeepStart)
	return ids, boundary
}

// PlainTexts returns r with special tokens in texts read as text. It refuses a prompt that has some
// between the texts, where the two could not be told apart.
func (r Reading) PlainTexts() (Reading, error) {
	plain, p := r.Tokenizer.WithoutAdded(), r.Prompt
	for _, part := range []string{p.BeforeInstruction, p.BeforeQuery, p.BeforeQueryAlone, p.AfterQuery, p.Between, p.BeforePassage} {
		if !slices.Equal(plain.Append(nil, part), r.Tokenizer.Append(nil, part)) {
			return Reading{}, fmt.Errorf("the model's prompt has special tokens between the texts, %.80q, so special tokens in texts "+
				"cannot be read as text", part)
		}
	}
	r.Tokenizer = plain
	return r, nil
}

// reading combines the settings with the tokenizer of a model with so many positions.
func (s *settings) reading(v *vocabulary, positions int) (Reading, error) {
	if s.lowerFile != "" && v.keepsCase() {
		return Reading{}, &Error{File: s.lowerFile, Field: "do_lower_case", Err: fmt.Errorf("it is true, but the tokenizer in "+
			"%s keeps upper case; make them agree", v.file)}
	}
	tok, err := v.build()
	if err != nil {
		return Reading{}, err
	}
	length := positions
	if limit := cmp.Or(s.limit, v.limit); limit > 0 {
		length = min(limit, positions)
	}
	return Reading{Tokenizer: tok, Prompt: tokenizer.Prompt{BeforeQuery: s.prompt}, MaxLength: length}, nil
}

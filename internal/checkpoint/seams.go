package checkpoint

import (
	"fmt"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/crossrank/crossrank/internal/tokenizer"
)

// seam is where two parts of a chat meet that are encoded each by itself.
type seam struct{ before, after string }

// seams are those where the reference encodes both parts together. With a part between query and
// passage, it encodes that and the suffix by themselves too.
func (c *chat) seams() []seam {
	var all []seam
	if c.prefix != "" {
		all = append(all, seam{c.prefix, c.prompt.BeforeInstruction + c.prompt.BeforeQuery + "a"})
	}
	if c.prompt.Between != "" {
		return append(all, seam{c.prompt.Between, c.prompt.BeforePassage})
	}
	return append(all, seam{c.prompt.AfterQuery, c.prompt.BeforePassage}, seam{"", c.suffix})
}

// seamed returns c with the seam between query and passage so far to the left that the parts have
// the tokens of both together. A colon before a passage, for instance, may be read with its first
// word.
func (c *chat) seamed(tok *tokenizer.Tokenizer) (*chat, error) {
	if c.apart {
		return c.shared(tok)
	}
	moved, fault := *c, c.checkSeams(tok)
	for err := fault; err != nil; err = moved.checkSeams(tok) {
		p := &moved.prompt
		if p.AfterQuery == "" || p.Between != "" {
			return nil, fault
		}
		_, size := utf8.DecodeLastRuneInString(p.AfterQuery)
		at := len(p.AfterQuery) - size
		p.AfterQuery, p.BeforePassage = p.AfterQuery[:at], p.AfterQuery[at:]+p.BeforePassage
	}
	return &moved, nil
}

// shared returns a chat whose parts are encoded apart with what stands before a passage, but for the
// space, among what all passages share, if the tokens are the same: windows of a passage then begin
// alike.
func (c *chat) shared(tok *tokenizer.Tokenizer) (*chat, error) {
	if n := len(tok.Append(nil, c.prefix)); n != 1 {
		return nil, fmt.Errorf("its prompt begins with %q, which must be one token, not %d", c.prefix, n)
	}
	moved := *c
	moved.prompt.BeforePassage = " "
	moved.prompt.Between += strings.TrimSuffix(c.prompt.BeforePassage, " ")
	for _, text := range seamTexts {
		own := tok.Append(tok.Append(nil, c.prompt.Between), c.prompt.BeforePassage+text)
		if !slices.Equal(own, tok.Append(tok.Append(nil, moved.prompt.Between), " "+text)) {
			return c, nil
		}
	}
	return &moved, nil
}

// seamTexts are texts that a token before them may go on into. Of a letter after a mark, a vocabulary
// has a piece for some letters and none for others.
var seamTexts = slices.Concat([]string{"", "A9", "9", ".", "-", " ", "  x", "\n", "\n\nx", "'s", "é", "\u0301", "中"},
	strings.Split("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", ""))

// checkSeams refuses a chat whose parts have other tokens, each by itself, than both together.
func (c *chat) checkSeams(tok *tokenizer.Tokenizer) error {
	for _, seam := range c.seams() {
		for _, text := range seamTexts {
			before, after := seam.before, seam.after+text
			if seam.before == "" {
				before, after = text, seam.after
			}
			if !slices.Equal(tok.Append(tok.Append(nil, before), after), tok.Append(nil, before+after)) {
				return fmt.Errorf("its tokens of %q and %q are others than those of both together; such a chat cannot be computed", before, after)
			}
		}
	}
	return nil
}

package tokenizer

import (
	"errors"
	"fmt"
)

// Part is a part of the template by which two texts make a pair.
type Part struct {
	Text Text  // which text stands here; NoText for a special token
	ID   int32 // the special token
	Type uint8 // the type id of the part's tokens: 0 or 1
}

// Text names a text of a pair.
type Text uint8

const (
	NoText Text = iota
	Query
	Passage
)

// template is where special tokens are in a pair: head query middle passage tail.
type template struct {
	head, middle, tail []int32
	first              int  // special tokens of type 0
	query, passage     bool // whether the text's tokens are of type 0
	cutsEnd            bool // truncation cuts the passage, then the query, and not the longer side
}

// newTemplate makes a template of its parts. Both texts are in it once, in their order, and the
// types never fall, so that one boundary divides those of type 0 from those of type 1.
func newTemplate(parts []Part) (t template, err error) {
	specials, last := &t.head, uint8(0)
	for _, p := range parts {
		if p.Type > 1 || p.Type < last {
			return t, errors.New("the types of its tokens must be 0, or 0 and then 1")
		}
		last = p.Type
		switch {
		case p.Text == NoText:
			*specials = append(*specials, p.ID)
			if p.Type == 0 {
				t.first++
			}
		case p.Text == Query && specials == &t.head:
			specials, t.query = &t.middle, p.Type == 0
		case p.Text == Passage && specials == &t.middle:
			specials, t.passage = &t.tail, p.Type == 0
		default:
			return t, errors.New("it must have $A once, and then $B once")
		}
	}
	if specials != &t.tail {
		return t, errors.New("it must have $A once, and then $B once")
	}
	return t, nil
}

// CheckPair reports what is wrong with the template of a pair.
func CheckPair(parts []Part) error {
	_, err := newTemplate(parts)
	return err
}

// size is the number of special tokens.
func (t *template) size() int { return len(t.head) + len(t.middle) + len(t.tail) }

// boundary is the number of tokens of type 0 in a pair of texts of so many tokens.
func (t *template) boundary(query, passage int) int {
	n := t.first
	if t.query {
		n += query
	}
	if t.passage {
		n += passage
	}
	return n
}

// WithChat returns a tokenizer like t whose pairs begin and end with the given tokens, in place of
// special tokens. It cuts a pair at the end of what is between them: from the passage, and then
// from the query.
func (t *Tokenizer) WithChat(head, tail []int32) *Tokenizer {
	chat := *t
	chat.template = template{head: head, tail: tail, first: len(head), query: true, cutsEnd: true}
	return &chat
}

// setPair sets the template of pairs, whose ids must be below size.
func (t *Tokenizer) setPair(parts []Part, size int) (err error) {
	if t.template, err = newTemplate(parts); err != nil {
		return fmt.Errorf("the template of a pair: %w", err)
	}
	for _, part := range parts {
		if part.ID < 0 || int(part.ID) >= size {
			return fmt.Errorf("the template of a pair: no piece has id %d", part.ID)
		}
	}
	return nil
}

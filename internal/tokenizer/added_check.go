package tokenizer

import (
	"errors"
	"fmt"
	"slices"
)

// addTokens checks the added tokens and makes their matchers. It returns that of normalized text.
func (t *Tokenizer) addTokens(lookup func(piece string) int32, tokens []AddedToken, normalize func([]byte, string) []byte) (*matcher, error) {
	seen := make(map[string]bool)
	owned := false
	for _, tok := range tokens {
		if err := t.checkAdded(lookup(tok.Content), tok, seen); err != nil {
			return nil, fmt.Errorf("added token %.80q: %w", tok.Content, err)
		}
		seen[tok.Content] = true
		if int(tok.ID) < len(t.pieces) && t.pieces[tok.ID] == tok.Content {
			continue
		}
		if !owned { // the caller's slice must not change
			t.pieces, owned = append([]string(nil), t.pieces...), true
		}
		for int(tok.ID) >= len(t.pieces) {
			t.pieces = append(t.pieces, "")
		}
		t.pieces[tok.ID] = tok.Content
	}
	raw, normalized, err := newMatchers(t.marked(tokens), normalize)
	t.raw = raw
	return normalized, err
}

// assignRoles notes which pieces continue a word and which are added tokens.
func (t *Tokenizer) assignRoles(continues func(piece string) bool, tokens []AddedToken) {
	t.roles = make([]role, len(t.pieces))
	for id, piece := range t.pieces {
		if continues(piece) {
			t.roles[id] = more
		}
	}
	for _, tok := range tokens {
		if tok.ID != t.unknown {
			t.roles[tok.ID] = added
		}
	}
}

// checkAdded checks an added token, whose content has an id in the vocabulary, or noPiece.
func (t *Tokenizer) checkAdded(id int32, tok AddedToken, seen map[string]bool) error {
	switch {
	case tok.Content == "":
		return errors.New("has no content")
	case len(tok.Content) > maxPieceBytes:
		return fmt.Errorf("has %d bytes; at most %d can be read", len(tok.Content), maxPieceBytes)
	case !isText(tok.Content):
		return errors.New("is not UTF-8 text")
	case seen[tok.Content]:
		return errors.New("appears twice")
	case tok.ID < 0 || tok.ID >= maxPieces:
		return fmt.Errorf("id %d is not between 0 and %d", tok.ID, maxPieces-1)
	case id >= 0 && id != tok.ID:
		return fmt.Errorf("has id %d, but id %d in the vocabulary", tok.ID, id)
	case id < 0 && int(tok.ID) < len(t.pieces) && t.pieces[tok.ID] != "":
		return fmt.Errorf("has id %d, which is the id of %q", tok.ID, t.pieces[tok.ID])
	}
	return nil
}

// marked is tokens with the unknown piece marked, if it is one of them. It notes whether it is.
func (t *Tokenizer) marked(tokens []AddedToken) []AddedToken {
	i := slices.IndexFunc(tokens, func(tok AddedToken) bool { return tok.ID == t.unknown })
	if t.marks = i >= 0; !t.marks {
		return tokens
	}
	tokens = slices.Clone(tokens)
	tokens[i].ID = mark(t.unknown)
	return tokens
}

// mark marks an id, and takes the mark from one that is marked, which is below 0.
func mark(id int32) int32 { return ^id }

// unmark takes all marks from ids.
func (t *Tokenizer) unmark(ids []int32) {
	if !t.marks {
		return
	}
	for i, id := range ids {
		if id < 0 {
			ids[i] = mark(id)
		}
	}
}

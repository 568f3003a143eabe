package tokenizer

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Options are the settings of a tokenizer, as in tokenizer.json or tokenizer_config.json. The zero
// value is that of bert-base-uncased.
type Options struct {
	Cased        bool    // do not lower-case text (lowercase: false)
	Accents      Accents // whether accents are stripped (strip_accents)
	KeepControls bool    // keep control characters and unusual white space in words (clean_text: false)
	JoinCJK      bool    // do not split CJK characters into words of their own (handle_chinese_chars: false)

	// Names of pieces; "" means BERT's own, such as "[UNK]". The vocabulary must have Unknown, CLS
	// and SEP.
	Unknown, CLS, SEP, Pad, Mask string

	Prefix       string // begins each piece that continues a word; "" means "##"
	MaxWordRunes int    // a longer word is unknown; 0 means 100

	// Added are the tokens that are found in a text before it is split into words. nil means the
	// special tokens named above that the vocabulary has; an empty slice means none.
	Added []AddedToken
}

// Accents is whether accents are stripped.
type Accents uint8

const (
	AccentsByCase Accents = iota // stripped, unless the tokenizer is cased (strip_accents: null)
	StripAccents                 //
	KeepAccents                  //
)

// AddedToken is a token that is found in a text before it is split into words: one entry of
// added_tokens in tokenizer.json.
type AddedToken struct {
	Content    string
	ID         int32 // may lie beyond the vocabulary; must be the vocabulary's where that has Content
	SingleWord bool  // only where no letter, digit or mark is beside it
	LStrip     bool  // strips the white space before it
	RStrip     bool  // strips the white space after it
	Normalized bool  // matched in normalized text, after normalizing Content
	Special    bool  // wins over another token with the same normalized text
}

// maxPieces is the number of ids that a trie's node has bits for.
const maxPieces = 1<<24 - 1

// maxPieceBytes bounds a piece and an added token. Building a trie recurses as deep as its longest
// text: megabytes of it, in a hostile vocabulary, would overflow the stack.
const maxPieceBytes = 1 << 14

// New makes a tokenizer from a vocabulary. A piece's index is its id; "" marks an unused id.
func New(vocab []string, opts Options) (*Tokenizer, error) {
	opts = opts.withDefaults()
	if len(vocab) > maxPieces {
		return nil, fmt.Errorf("the vocabulary has %d pieces; at most %d can be read", len(vocab), maxPieces)
	}
	ids, err := index(vocab)
	if err != nil {
		return nil, err
	}
	t := &Tokenizer{pieces: vocab, maxWordRunes: opts.MaxWordRunes, normalizer: newNormalizer(opts)}
	for _, name := range []struct {
		piece string
		id    *int32
	}{{opts.Unknown, &t.unknown}, {opts.CLS, &t.cls}, {opts.SEP, &t.sep}} {
		id, ok := ids[name.piece]
		if !ok {
			return nil, fmt.Errorf("the vocabulary has no piece %q", name.piece)
		}
		*name.id = id
	}
	if opts.Added == nil {
		opts.Added = specials(ids, opts)
	}
	if err := t.addTokens(ids, opts.Added); err != nil {
		return nil, err
	}
	t.assignRoles(opts)
	t.buildTrie(vocab, opts.Prefix)
	t.buildTables()
	return t, nil
}

func (o Options) withDefaults() Options {
	o.Unknown = cmp.Or(o.Unknown, "[UNK]")
	o.CLS = cmp.Or(o.CLS, "[CLS]")
	o.SEP = cmp.Or(o.SEP, "[SEP]")
	o.Pad = cmp.Or(o.Pad, "[PAD]")
	o.Mask = cmp.Or(o.Mask, "[MASK]")
	o.Prefix = cmp.Or(o.Prefix, "##")
	if o.MaxWordRunes <= 0 {
		o.MaxWordRunes = 100
	}
	return o
}

// index maps pieces to ids.
func index(vocab []string) (map[string]int32, error) {
	ids := make(map[string]int32, len(vocab))
	for i, piece := range vocab {
		if piece == "" {
			continue
		}
		if len(piece) > maxPieceBytes {
			return nil, fmt.Errorf("vocabulary: piece %d has %d bytes; at most %d can be read", i, len(piece), maxPieceBytes)
		}
		if !utf8.ValidString(piece) || strings.ContainsRune(piece, 0) {
			return nil, fmt.Errorf("vocabulary: piece %d, %q, is not UTF-8 text", i, piece)
		}
		if first, ok := ids[piece]; ok {
			return nil, fmt.Errorf("vocabulary: piece %q appears twice, as %d and %d", piece, first, i)
		}
		ids[piece] = int32(i)
	}
	return ids, nil
}

func specials(ids map[string]int32, opts Options) []AddedToken {
	var tokens []AddedToken
	for _, name := range []string{opts.Pad, opts.Unknown, opts.CLS, opts.SEP, opts.Mask} {
		if id, ok := ids[name]; ok {
			tokens = append(tokens, AddedToken{Content: name, ID: id, Special: true})
		}
	}
	return tokens
}

// addTokens checks the added tokens and makes their matchers.
func (t *Tokenizer) addTokens(ids map[string]int32, tokens []AddedToken) error {
	seen := make(map[string]bool)
	owned := false
	for _, tok := range tokens {
		if err := t.checkAdded(ids, tok, seen); err != nil {
			return fmt.Errorf("added token %.80q: %w", tok.Content, err)
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
	var err error
	t.raw, t.normalizedRaw, err = newMatchers(tokens, t.normalizer)
	return err
}

func (t *Tokenizer) assignRoles(opts Options) {
	t.roles = make([]role, len(t.pieces))
	for id, piece := range t.pieces {
		if strings.HasPrefix(piece, opts.Prefix) {
			t.roles[id] = more
		}
	}
	for _, tok := range opts.Added {
		if tok.ID != t.unknown {
			t.roles[tok.ID] = added
		}
	}
}

func (t *Tokenizer) checkAdded(ids map[string]int32, tok AddedToken, seen map[string]bool) error {
	switch id, ok := ids[tok.Content]; {
	case tok.Content == "":
		return errors.New("has no content")
	case len(tok.Content) > maxPieceBytes:
		return fmt.Errorf("has %d bytes; at most %d can be read", len(tok.Content), maxPieceBytes)
	case !utf8.ValidString(tok.Content) || strings.ContainsRune(tok.Content, 0):
		return errors.New("is not UTF-8 text")
	case seen[tok.Content]:
		return errors.New("appears twice")
	case tok.ID < 0 || tok.ID >= maxPieces:
		return fmt.Errorf("id %d is not between 0 and %d", tok.ID, maxPieces-1)
	case ok && id != tok.ID:
		return fmt.Errorf("has id %d, but id %d in the vocabulary", tok.ID, id)
	case !ok && int(tok.ID) < len(t.pieces) && t.pieces[tok.ID] != "":
		return fmt.Errorf("has id %d, which is the id of %q", tok.ID, t.pieces[tok.ID])
	}
	return nil
}

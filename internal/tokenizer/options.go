package tokenizer

import (
	"cmp"
	"fmt"
	"strings"
)

// Options are the settings of a tokenizer, as in tokenizer.json or tokenizer_config.json. The zero
// value is that of bert-base-uncased.
type Options struct {
	Cased        bool    // do not lower-case text (lowercase: false)
	Accents      Accents // whether accents are stripped (strip_accents)
	KeepControls bool    // keep control characters and unusual white space in words (clean_text: false)
	JoinCJK      bool    // do not split CJK characters into separate words (handle_chinese_chars: false)

	// Names of pieces; "" means BERT's own, such as "[UNK]". The vocabulary must have Unknown,
	// CLS and SEP, or only Unknown if there is a Pair.
	Unknown, CLS, SEP, Pad, Mask string

	Prefix       string // begins each piece that continues a word; "" means "##"
	MaxWordRunes int    // a longer word is unknown; 0 means 100

	// Pair is how two texts make a pair; nil means BERT's template, with CLS and SEP.
	Pair []Part

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

// StripsAccents reports whether accents are stripped, by Accents or by case.
func (o Options) StripsAccents() bool {
	return o.Accents == StripAccents || o.Accents == AccentsByCase && !o.Cased
}

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

// New makes a BERT tokenizer from a vocabulary. A piece's index is its id; "" marks an unused id.
func New(vocab []string, opts Options) (*Tokenizer, error) {
	opts = opts.withDefaults()
	ids, err := index(vocab)
	if err != nil {
		return nil, err
	}
	t := &Tokenizer{pieces: vocab}
	if t.unknown, err = ids.need(opts.Unknown); err != nil {
		return nil, err
	}
	if opts.Pair == nil {
		if opts.Pair, err = opts.pair(ids); err != nil {
			return nil, err
		}
	}
	if opts.Added == nil {
		opts.Added = specials(ids, opts)
	}
	if err := t.setPair(opts.Pair, max(len(vocab), highest(opts.Added)+1)); err != nil {
		return nil, err
	}
	b := &bert{unknown: t.unknown, maxWordRunes: opts.MaxWordRunes, normalizer: newBERTNormalizer(opts)}
	if b.normalizedRaw, err = t.addTokens(ids.lookup, opts.Added, b.normalizer.append); err != nil {
		return nil, err
	}
	b.buildTrie(vocab, opts.Prefix)
	b.buildTables()
	t.encoder = b
	t.assignRoles(func(piece string) bool { return strings.HasPrefix(piece, opts.Prefix) }, opts.Added)
	return t, nil
}

// pieceIDs are the ids of pieces.
type pieceIDs map[string]int32

// lookup returns the id of a piece, or noPiece.
func (ids pieceIDs) lookup(piece string) int32 {
	if id, ok := ids[piece]; ok {
		return id
	}
	return noPiece
}

func (ids pieceIDs) need(piece string) (int32, error) {
	id, ok := ids[piece]
	if !ok {
		return 0, fmt.Errorf("the vocabulary has no piece %.80q", piece)
	}
	return id, nil
}

// pair is BERT's template: [CLS] query [SEP] of type 0, then passage [SEP] of type 1.
func (o Options) pair(ids pieceIDs) ([]Part, error) {
	cls, err := ids.need(o.CLS)
	if err != nil {
		return nil, err
	}
	sep, err := ids.need(o.SEP)
	if err != nil {
		return nil, err
	}
	return []Part{{ID: cls}, {Text: Query}, {ID: sep}, {Text: Passage, Type: 1}, {ID: sep, Type: 1}}, nil
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
func index(vocab []string) (pieceIDs, error) {
	if len(vocab) > maxPieces {
		return nil, fmt.Errorf("the vocabulary has %d pieces; at most %d can be read", len(vocab), maxPieces)
	}
	ids := make(pieceIDs, len(vocab))
	for i, piece := range vocab {
		if piece == "" {
			continue
		}
		if len(piece) > maxPieceBytes {
			return nil, fmt.Errorf("vocabulary: piece %d has %d bytes; at most %d can be read", i, len(piece), maxPieceBytes)
		}
		if !isText(piece) {
			return nil, fmt.Errorf("vocabulary: piece %d, %q, is not UTF-8 text", i, piece)
		}
		if first, ok := ids[piece]; ok {
			return nil, fmt.Errorf("vocabulary: piece %q appears twice, as %d and %d", piece, first, i)
		}
		ids[piece] = int32(i)
	}
	return ids, nil
}

func specials(ids pieceIDs, opts Options) []AddedToken {
	var tokens []AddedToken
	for _, name := range []string{opts.Pad, opts.Unknown, opts.CLS, opts.SEP, opts.Mask} {
		if id, ok := ids[name]; ok {
			tokens = append(tokens, AddedToken{Content: name, ID: id, Special: true})
		}
	}
	return tokens
}

package checkpoint

import (
	"bytes"
	"cmp"
	"fmt"
	"slices"
	"unicode/utf8"

	"github.com/crossrank/crossrank/internal/tokenizer"
)

// vocabulary is what the files say about turning text into ids, whichever files they are.
type vocabulary struct {
	file   string            // that lists the pieces, for errors
	pieces []string          // index = id
	opts   tokenizer.Options // of BERT's tokenizer, and what is added to any
	single affixes           // of one text
	affix  error             // that a file contradicts single; nil: none does
	limit  int               // max tokens of a pair, by tokenizer_config.json; 0 = not given

	// stages are those of a tokenizer other than BERT's, whose opts count only for what is added;
	// nil for BERT's.
	stages *stages

	noTypes  *Error // see tokenizerConfig
	sequence bool   // tokenizer.json has a Sequence of normalizers
}

// affixes are the special tokens before and after a text.
type affixes struct{ head, tail []int32 }

// build makes the tokenizer.
func (v *vocabulary) build() (*tokenizer.Tokenizer, error) {
	var tok *tokenizer.Tokenizer
	var err error
	if v.stages != nil {
		tok, err = v.stages.build(v)
	} else {
		tok, err = tokenizer.New(v.pieces, v.opts)
	}
	if err != nil {
		return nil, &Error{File: v.file, Err: err}
	}
	return tok, nil
}

// keepsCase reports whether the tokenizer keeps upper case.
func (v *vocabulary) keepsCase() bool {
	if v.stages != nil {
		return !v.stages.lowers
	}
	return v.opts.Cased
}

// parseVocab reads vocab.txt: one piece a line. The line's number, counted from 0, is the id. If a
// piece appears more than once, its last line counts, as in the reference, and the others are
// unused ids.
func parseVocab(data []byte) ([]string, error) {
	fail := func(line int, format string, args ...any) ([]string, error) {
		return nil, &Error{File: vocabFile, Line: line, Err: fmt.Errorf(format, args...)}
	}
	data = bytes.TrimSuffix(data, []byte("\n"))
	if len(data) == 0 {
		return nil, &Error{File: vocabFile, Err: errEmpty}
	}
	n := bytes.Count(data, []byte("\n")) + 1
	if n > maxVocab {
		return nil, &Error{File: vocabFile, Err: fmt.Errorf("it has %d lines; at most %d can be read", n, maxVocab)}
	}
	pieces, last := make([]string, 0, n), make(map[string]int, n)
	for line := range bytes.SplitSeq(data, []byte("\n")) {
		at := len(pieces) + 1
		piece := string(bytes.TrimSuffix(line, []byte("\r")))
		if piece == "" {
			return fail(at, "it is empty")
		}
		if !utf8.ValidString(piece) {
			return fail(at, "it is not UTF-8")
		}
		if earlier, ok := last[piece]; ok {
			pieces[earlier] = "" // an unused id
		}
		last[piece] = len(pieces)
		pieces = append(pieces, piece)
	}
	return pieces, nil
}

// size is the number of ids, including those of added tokens.
func (v *vocabulary) size() int {
	n := len(v.pieces)
	for _, t := range v.opts.Added {
		n = max(n, int(t.ID)+1)
	}
	return n
}

// add adds the added tokens of a file's field. Each has the id of its piece, or the next id after
// all pieces.
func (v *vocabulary) add(file, field string, tokens []tokenizer.AddedToken) error {
	fail := func(format string, args ...any) error {
		return &Error{File: file, Field: field, Err: fmt.Errorf(format, args...)}
	}
	slices.SortStableFunc(tokens, func(a, b tokenizer.AddedToken) int { return cmp.Compare(a.ID, b.ID) })
	next := len(v.pieces)
	for i, t := range tokens {
		id := int(t.ID)
		switch {
		case i > 0 && t.ID == tokens[i-1].ID:
			return fail("%.80q and %.80q both have id %d", tokens[i-1].Content, t.Content, id)
		case id < len(v.pieces) && v.pieces[id] != t.Content:
			return fail("%.80q has id %d, which is the id of %.80q in the vocabulary", t.Content, id, v.pieces[id])
		case id > next:
			return fail("%.80q has id %d, but nothing has id %d", t.Content, id, next)
		case id == next:
			next++
		}
	}
	v.opts.Added = tokens
	return nil
}

// addSpecial adds the special tokens that the file does not list, so that they are found in text,
// as transformers does.
func (v *vocabulary) addSpecial() {
	for _, name := range []string{v.opts.Unknown, v.opts.CLS, v.opts.SEP, v.opts.Pad, v.opts.Mask} {
		id := slices.Index(v.pieces, name)
		listed := slices.ContainsFunc(v.opts.Added, func(t tokenizer.AddedToken) bool { return t.Content == name })
		if id >= 0 && !listed {
			v.opts.Added = append(v.opts.Added, tokenizer.AddedToken{Content: name, ID: int32(id), Special: true})
		}
	}
}

// parseAdded reads one added token.
func parseAdded(o *object, id int32) tokenizer.AddedToken {
	o.need("content")
	t := tokenizer.AddedToken{
		ID:         id,
		Content:    o.str("content", ""),
		SingleWord: o.boolean("single_word", false),
		LStrip:     o.boolean("lstrip", false),
		RStrip:     o.boolean("rstrip", false),
		Special:    o.boolean("special", false),
	}
	t.Normalized = o.boolean("normalized", !t.Special)
	if t.Content == "" {
		o.fail("content", "it is empty")
	}
	return t
}

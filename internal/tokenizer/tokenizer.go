// Package tokenizer turns a pair of texts into the token ids that a model was trained on.
//
// A model knows some ten thousands of pieces of words by their ids. It was trained on texts that
// were split into pieces in one exact way, and text split differently gives wrong scores without an
// error. So the ids here equal those of the Hugging Face tokenizers library. A text passes these
// stages, in the order of that library:
//
//  1. Added tokens, such as [SEP], are found in the raw text and cut it into segments (added.go).
//  2. Normalizers rewrite a segment: lower case, composed accents, no control characters
//     (normalizer.go). Added tokens that match normalized text are cut out of the result.
//  3. Pre-tokenizers cut it into words (pretokenizer.go).
//  4. A model cuts each word into pieces of the vocabulary: WordPiece takes the longest piece that
//     the word begins with (wordpiece.go), Unigram the likeliest sequence of pieces (unigram.go),
//     and BPE merges neighbouring pieces in a fixed order (bpe.go).
//  5. Two texts are cut to length and joined with special tokens by a template (template.go,
//     truncate.go).
//
// [Build] makes a tokenizer of any such stages, which run one after the other (pipeline.go). [New]
// makes BERT's, in which stages 2 to 4 are one pass over plain ASCII text that copies nothing
// (bert.go and the files beside it).
package tokenizer

import "slices"

// Tokenizer turns text into ids. Create one with [New] or [Build]. It does not change afterwards
// and is safe for concurrent use.
type Tokenizer struct {
	pieces   []string // by id; "" where there is none
	roles    []role   // by id
	unknown  int32    // the id of what the vocabulary lacks, or noPiece
	marks    bool     // whether a text can have the unknown piece written in it, see AppendSide
	raw      *matcher // added tokens found before normalization; nil if there are none
	encoder  encoder
	template template
}

// encoder turns a segment, which is a text without added tokens that match raw text, into ids.
type encoder interface {
	// appendSegment appends the ids of text. It does not allocate if dst has enough capacity, and
	// if enough texts went before. start says that nothing stands before the segment.
	appendSegment(dst []int32, text string, start bool) []int32
}

// Keep is the end of a text that truncation keeps.
type Keep uint8

const (
	KeepStart Keep = iota
	KeepEnd
)

// Append appends the ids of text's pieces to dst, without the template's special tokens. It does
// not allocate if dst has enough capacity. Each invalid byte is read as one U+FFFD.
func (t *Tokenizer) Append(dst []int32, text string) []int32 {
	first := len(dst)
	dst = t.AppendSide(dst, text)
	t.unmark(dst[first:])
	return dst
}

// AppendSide is [Tokenizer.Append] for one side of a pair that [Tokenizer.Join] makes. The ids are
// for Join alone: an unknown piece that is written in the text is marked, because truncation treats
// it as an added token, and a word that the vocabulary lacks as a word.
func (t *Tokenizer) AppendSide(dst []int32, text string) []int32 {
	if t.raw == nil {
		return t.encoder.appendSegment(dst, text, true)
	}
	from := 0
	for m := (match{}); t.raw.next(text, &m); from = m.to {
		if from < m.from {
			dst = t.encoder.appendSegment(dst, text[from:m.from], from == 0)
		}
		dst = append(dst, m.id)
	}
	if from == len(text) {
		return dst
	}
	return t.encoder.appendSegment(dst, text[from:], from == 0)
}

// Join appends query and passage to dst, with the template's special tokens, truncated to maxLength
// tokens, the longer side first. It returns dst, the number of leading tokens with type id 0, and
// the number of tokens cut. The special tokens always remain, also if maxLength has no room for
// them. Either side is of [Tokenizer.AppendSide], whole or cut, and must not overlap dst.
func (t *Tokenizer) Join(dst, query, passage []int32, maxLength int, keep Keep) (ids []int32, boundary, cut int) {
	first := len(dst)
	q, p := t.fit(query, passage, maxLength, keep)
	dst = append(dst, t.template.head...)
	dst = append(dst, keep.of(query, q)...)
	dst = append(dst, t.template.middle...)
	dst = append(dst, keep.of(passage, p)...)
	dst = append(dst, t.template.tail...)
	t.unmark(dst[first:])
	return dst, t.template.boundary(q, p), len(query) - q + len(passage) - p
}

// Pair is [Tokenizer.AppendSide] of both texts, then [Tokenizer.Join], without a copy in between.
func (t *Tokenizer) Pair(dst []int32, query, passage string, maxLength int, keep Keep) (ids []int32, boundary, cut int) {
	first := len(dst)
	dst = append(dst, t.template.head...)
	start := len(dst)
	dst = t.AppendSide(dst, query)
	n := len(dst) - start
	dst = append(dst, t.template.middle...)
	middle := len(dst)
	dst = t.AppendSide(dst, passage)
	m := len(dst) - middle

	q, p := t.fit(dst[start:start+n], dst[middle:], maxLength, keep)
	if q < n || p < m {
		copy(dst[start:], keep.of(dst[start:start+n], q))
		at := start + q
		rest := keep.of(dst[middle:], p)
		at += copy(dst[at:], t.template.middle)
		at += copy(dst[at:], rest)
		dst = dst[:at]
	}
	dst = append(dst, t.template.tail...)
	t.unmark(dst[first:])
	return dst, t.template.boundary(q, p), n - q + m - p
}

// Specials is the number of special tokens of a pair.
func (t *Tokenizer) Specials() int { return t.template.size() }

// Around returns the special tokens before the first text of a pair and after the last one: those
// that stand around a lone text too.
func (t *Tokenizer) Around() (before, after []int32) {
	return slices.Clone(t.template.head), slices.Clone(t.template.tail)
}

// Token returns the piece with an id, or "" if there is none.
func (t *Tokenizer) Token(id int32) string {
	if id < 0 || int(id) >= len(t.pieces) {
		return ""
	}
	return t.pieces[id]
}

// VocabSize is the highest id plus 1, unused ids and added tokens included.
func (t *Tokenizer) VocabSize() int { return len(t.pieces) }

// Package tokenizer turns a pair of texts into the token ids that a BERT model was trained on.
//
// A model knows some 30,000 pieces of words by their ids. It was trained on texts that were split
// into pieces in one exact way, and text split differently gives wrong scores without an error. So
// the ids here equal those of the Hugging Face tokenizers library with its BertNormalizer,
// BertPreTokenizer, WordPiece and TemplateProcessing. There are five stages:
//
//  1. Added tokens, such as [SEP], are found in the raw text and cut it into segments (added.go).
//  2. A segment is normalized: control characters dropped, CJK characters set apart, accents
//     stripped, all lower-cased (normalize.go, with the facts about characters in unicode.go).
//  3. It is split into words at white space, every punctuation mark a word of its own (words.go,
//     with the tables of tables.go).
//  4. A word becomes the longest piece of the vocabulary that it begins with, then the longest that
//     the rest begins with, and so on, found in a trie (trie.go).
//  5. Two texts are cut to length and joined as [CLS] query [SEP] passage [SEP] (truncate.go).
//
// Most text is plain ASCII. For it, stages 2 to 4 are one pass over the text, which copies nothing.
// Any other character makes the text up to the next ASCII space or punctuation mark go through each
// stage in turn.
package tokenizer

// Tokenizer implements exact BERT tokenization. Create one with [New]. It does not change
// afterwards and is safe for concurrent use.
type Tokenizer struct {
	pieces             []string // by id; "" where there is none
	roles              []role   // by id
	unknown, cls, sep  int32
	maxWordRunes       int
	trie               trie
	start, more        uint32      // the trie's roots for the first piece of a word, and for the later ones
	fold               [256]byte   // an ASCII character of words as the trie has it; 0 for everything else
	kind               [256]kind   // what a byte of raw text is
	punctuation        [128]int32  // the id of an ASCII punctuation mark
	normalizer         *normalizer //
	raw, normalizedRaw *matcher    // added tokens found before and after normalization; nil if there are none
}

// Keep is the end of a text that truncation keeps.
type Keep uint8

const (
	KeepStart Keep = iota
	KeepEnd
)

// Append appends the ids of text's word pieces to dst, without the template's special tokens. It
// does not allocate if dst has enough capacity. Each invalid byte is read as one U+FFFD.
func (t *Tokenizer) Append(dst []int32, text string) []int32 {
	if t.raw == nil {
		return t.appendSegment(dst, text)
	}
	from := 0
	for m := (match{}); t.raw.next(text, &m); from = m.to {
		if from < m.from {
			dst = t.appendSegment(dst, text[from:m.from])
		}
		dst = append(dst, m.id)
	}
	return t.appendSegment(dst, text[from:])
}

// Join appends [CLS] query [SEP] passage [SEP] to dst, truncated to maxLength tokens, the longer
// side first. It returns dst, the number of tokens with type id 0, and the number of tokens cut.
// The three special tokens always remain, also if maxLength is below 3. dst must not overlap query
// or passage.
func (t *Tokenizer) Join(dst, query, passage []int32, maxLength int, keep Keep) (ids []int32, boundary, cut int) {
	q, p := t.fit(query, passage, maxLength, keep)
	dst = append(dst, t.cls)
	dst = append(dst, keep.of(query, q)...)
	dst = append(dst, t.sep)
	dst = append(dst, keep.of(passage, p)...)
	dst = append(dst, t.sep)
	return dst, q + 2, len(query) - q + len(passage) - p
}

// Pair is [Tokenizer.Append] of both texts, then [Tokenizer.Join], without a copy in between.
func (t *Tokenizer) Pair(dst []int32, query, passage string, maxLength int, keep Keep) (ids []int32, boundary, cut int) {
	dst = append(dst, t.cls)
	start := len(dst)
	dst = t.Append(dst, query)
	n := len(dst) - start
	dst = append(dst, t.sep)
	middle := len(dst)
	dst = t.Append(dst, passage)
	m := len(dst) - middle

	q, p := t.fit(dst[start:start+n], dst[middle:], maxLength, keep)
	if q < n || p < m {
		copy(dst[start:], keep.of(dst[start:start+n], q))
		dst[start+q] = t.sep
		copy(dst[start+q+1:], keep.of(dst[middle:], p))
		dst = dst[:start+q+1+p]
	}
	return append(dst, t.sep), q + 2, n - q + m - p
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

// Package tokenizer turns a pair of texts into the token ids that a BERT model was trained on.
package tokenizer

// Tokenizer is exact BERT tokenization. It is read-only and safe for concurrent use.
type Tokenizer struct{}

// Keep says which end of a text survives truncation.
type Keep uint8

const (
	KeepStart Keep = iota
	KeepEnd
)

// Append appends the ids of text's word pieces to dst, without special tokens of the template.
func (t *Tokenizer) Append(dst []int32, text string) []int32 { return dst }

// Join appends [CLS] query [SEP] passage [SEP] to dst, cut to maxLength tokens, longest side first. It returns dst, the
// number of tokens with type id 0, and the number of tokens cut.
func (t *Tokenizer) Join(dst, query, passage []int32, maxLength int, keep Keep) (ids []int32, split, cut int) {
	return dst, 0, 0
}

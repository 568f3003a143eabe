package local

// Token is one token of a text, as a model reads it.
type Token struct {
	ID      int32
	Text    string // the vocabulary's piece, "##" before one that continues a word
	Special bool   // the model's template adds it; a special token written in the text does not count
}

// vocabulary is the part of a tokenizer that a [Model] needs to show tokens.
type vocabulary interface {
	Append(dst []int32, text string) []int32
	Token(id int32) string
}

// Tokenize gives the tokens of a text, however many, and if special is true also those that the
// model's template puts around a lone text.
func (m *Model) Tokenize(text string, special bool) []Token {
	ids := m.vocabulary.Append(nil, text)
	tokens := make([]Token, 0, len(m.before)+len(ids)+len(m.after))
	if special {
		tokens = m.appendSpecial(tokens, m.before)
	}
	for _, id := range ids {
		tokens = append(tokens, Token{ID: id, Text: m.vocabulary.Token(id)})
	}
	if special {
		tokens = m.appendSpecial(tokens, m.after)
	}
	return tokens
}

func (m *Model) appendSpecial(tokens []Token, ids []int32) []Token {
	for _, id := range ids {
		tokens = append(tokens, Token{ID: id, Text: m.vocabulary.Token(id), Special: true})
	}
	return tokens
}

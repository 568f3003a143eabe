package tokenizer

// templateTokens is how many special tokens a pair has: [CLS] and two [SEP].
const templateTokens = 3

// fit says how many tokens of a query and a passage are kept so that a pair has at most maxLength: the library's
// longest_first. Tokens go from the longer side until the sides are equal, and then from both; of an odd room the side
// that was longer keeps one more, and of equal sides the passage.
func (t *Tokenizer) fit(query, passage []int32, maxLength int, keep Keep) (q, p int) {
	room := max(maxLength-templateTokens, 0)
	if len(query)+len(passage) <= room {
		return len(query), len(passage)
	}
	short := min(len(query), len(passage), room/2)
	if t.longer(query, passage, maxLength, keep) {
		return room - short, short
	}
	return short, room - short
}

// longer says whether the query is the longer side as the library sees it. Its version 0.23 stops reading a text that has
// maxLength tokens already, so of two such texts it does not know which is the longer; what decides is how far each was
// read. (Earlier versions read on. The difference is one token of an odd room.)
func (t *Tokenizer) longer(query, passage []int32, maxLength int, keep Keep) bool {
	if min(len(query), len(passage)) < maxLength {
		return len(query) > len(passage)
	}
	return t.read(query, maxLength, keep) > t.read(passage, maxLength, keep)
}

// read is how many of ids the library reads: whole words, from the end that is kept, until there are maxLength tokens.
// It looks only after a word, so added tokens come on top. ([UNK] written in a text is one, but reads here as a word
// that is unknown: the ids alone do not tell.)
func (t *Tokenizer) read(ids []int32, maxLength int, keep Keep) (n int) {
	if keep == KeepEnd {
		for n < len(ids) {
			n++
			if t.role(ids[len(ids)-n]) == begin && n >= maxLength {
				break
			}
		}
		return n
	}
	for n < len(ids) {
		last := t.role(ids[n])
		n++
		wordEnds := n == len(ids) || t.role(ids[n]) != more
		if last != added && wordEnds && n >= maxLength {
			break
		}
	}
	return n
}

// role is what a token is in a word.
type role uint8

const (
	begin role = iota
	more       // continues a word
	added      // no word
)

// role is begin for ids that are not the tokenizer's, which Join may be given.
func (t *Tokenizer) role(id int32) role {
	if uint(id) >= uint(len(t.roles)) {
		return begin
	}
	return t.roles[id]
}

// of returns the n tokens of ids that are kept.
func (k Keep) of(ids []int32, n int) []int32 {
	if k == KeepEnd {
		return ids[len(ids)-n:]
	}
	return ids[:n]
}

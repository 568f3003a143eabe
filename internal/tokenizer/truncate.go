package tokenizer

import "sync"

// fit returns how many tokens of a query and a passage are kept so that a pair has at most
// maxLength. It is the library's longest_first: tokens are cut from the longer side until both are
// equal, then from both. If the room is odd, the side that was longer keeps one more token; of
// equal sides, the passage does.
func (t *Tokenizer) fit(query, passage []int32, maxLength int, keep Keep) (q, p int) {
	room := max(maxLength-t.template.size(), 0)
	if len(query)+len(passage) <= room {
		return len(query), len(passage)
	}
	if t.template.cutsEnd {
		q = min(len(query), room)
		return q, room - q
	}
	short := min(len(query), len(passage), room/2)
	if t.longer(query, passage, maxLength, keep) {
		return room - short, short
	}
	return short, room - short
}

// longer reports whether the library considers the query the longer side. Version 0.23 stops
// reading a text once it has maxLength tokens, so for two such texts it compares how far it read
// each. Earlier versions read to the end. The difference is one token where the room is odd.
func (t *Tokenizer) longer(query, passage []int32, maxLength int, keep Keep) bool {
	if min(len(query), len(passage)) < maxLength {
		return len(query) > len(passage)
	}
	roles := roleLists.Get().(*[]role)
	defer roleLists.Put(roles)
	*roles = t.appendRoles((*roles)[:0], query)
	n := read(*roles, maxLength, keep)
	*roles = t.appendRoles((*roles)[:0], passage)
	return n > read(*roles, maxLength, keep)
}

var roleLists = sync.Pool{New: func() any { return new([]role) }}

// read is how many tokens the library reads: whole words, from the end that is kept, until there
// are maxLength tokens. The library checks only after a word, so further added tokens are read too.
func read(roles []role, maxLength int, keep Keep) (n int) {
	if keep == KeepEnd {
		for n < len(roles) {
			n++
			if roles[len(roles)-n] == begin && n >= maxLength {
				break
			}
		}
		return n
	}
	for n < len(roles) {
		last := roles[n]
		n++
		wordEnds := n == len(roles) || roles[n] != more
		if last != added && wordEnds && n >= maxLength {
			break
		}
	}
	return n
}

// role is the part that a token plays in a word.
type role uint8

const (
	begin role = iota
	more       // continues a word
	added      // not part of a word
)

// appendRoles appends the roles of a text's tokens. A word is what the pre-tokenizers cut out.
// Where pieces do not show whether they begin one, the text is made of them again and cut again.
func (t *Tokenizer) appendRoles(roles []role, ids []int32) []role {
	first := len(roles)
	for _, id := range ids {
		roles = append(roles, t.role(id))
	}
	own := roles[first:]
	if p, ok := t.encoder.(*pipeline); ok && p.cutsBytes() {
		p.findWords(own, ids)
	}
	if len(own) > 0 && own[0] == more {
		own[0] = begin
	}
	for i := 1; i < len(own); i++ {
		if own[i] == more && own[i-1] == added {
			own[i] = begin
		}
	}
	return roles
}

// role is begin for ids that the tokenizer does not have, which callers may pass to Join.
func (t *Tokenizer) role(id int32) role {
	if id < 0 && t.marks {
		return added
	}
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

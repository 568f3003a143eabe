package tokenizer

// templateTokens is how many special tokens a pair has: [CLS] and two [SEP].
const templateTokens = 3

// fit says how many tokens of a query and a passage are kept so that together they have at most room: the library's
// longest_first. Tokens go from the longer side until the sides are equal, and then from both; of an odd room the side
// that was longer keeps one more, and of equal sides the passage.
func fit(query, passage, room int) (q, p int) {
	room = max(room, 0)
	if query+passage <= room {
		return query, passage
	}
	short := min(query, passage)
	if 2*short > room {
		short = room / 2
	}
	if query > passage {
		return room - short, short
	}
	return short, room - short
}

// of returns the n tokens of ids that are kept.
func (k Keep) of(ids []int32, n int) []int32 {
	if k == KeepEnd {
		return ids[len(ids)-n:]
	}
	return ids[:n]
}

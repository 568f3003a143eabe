package tokenizer

import (
	"sync"
	"unicode/utf8"
)

// appendSegment appends the ids of text without added tokens, except those matched after
// normalization.
func (t *Tokenizer) appendSegment(dst []int32, text string) []int32 {
	if t.normalizedRaw != nil {
		return t.appendNormalizing(dst, text)
	}
	for i := 0; i < len(text); {
		switch c := text[i]; t.kind[c] {
		case spaceByte:
			i++
		case punctByte:
			dst = append(dst, t.punctuation[c])
			i++
		case wordByte:
			dst, i = t.appendASCII(dst, text, i)
		default:
			dst, i = t.appendStretch(dst, text, i)
		}
	}
	return dst
}

// appendASCII appends the ids of the word at text[from:], and returns its end. It walks the trie
// while it looks for the end, because most words are one piece. A word that is not plain ASCII is
// then read again by appendStretch.
func (t *Tokenizer) appendASCII(dst []int32, text string, from int) ([]int32, int) {
	nodes := t.trie.nodes
	id, idEnd := int32(noPiece), from
	i := from
	for state := t.start; i < len(text); i++ {
		c := t.fold[text[i]]
		if c == 0 {
			break
		}
		n := nodes[state^uint32(c)]
		if n.label() != c {
			break
		}
		if found := n.id(); found >= 0 {
			id, idEnd = found, i+1
		}
		state = n.base
	}
	for i < len(text) && t.fold[text[i]] != 0 {
		i++
	}
	if i < len(text) && t.kind[text[i]] == other {
		return t.appendStretch(dst, text, from)
	}
	if id < 0 || i-from > t.maxWordRunes {
		return append(dst, t.unknown), i
	}
	word := len(dst)
	dst = append(dst, id)
	for idEnd < i {
		if id, idEnd = t.longestASCII(text[:i], idEnd); id < 0 {
			return append(dst[:word], t.unknown), i
		}
		dst = append(dst, id)
	}
	return dst, i
}

// longestASCII finds the longest piece that is a prefix of word[from:], and its end.
func (t *Tokenizer) longestASCII(word string, from int) (id int32, end int) {
	nodes := t.trie.nodes
	id = noPiece
	state := t.more
	for i := from; i < len(word); i++ {
		c := t.fold[word[i]]
		n := nodes[state^uint32(c)]
		if n.label() != c {
			break
		}
		if found := n.id(); found >= 0 {
			id, end = found, i+1
		}
		state = n.base
	}
	return id, end
}

// buffers hold normalized text.
var buffers = sync.Pool{New: func() any { return new([]byte) }}

// shortStretch is the length of most words with an accent or a foreign character. They need no
// buffer from the pool.
const shortStretch = 64

// largestBuffer bounds the capacity of a buffer that returns to the pool.
const largestBuffer = 1 << 20

func release(buf *[]byte) {
	if cap(*buf) <= largestBuffer {
		buffers.Put(buf)
	}
}

// appendStretch appends the ids of text[from:] up to the next ASCII space or punctuation mark, and
// returns the place of that character. Such a character neither changes nor is changed by its
// neighbours, so normalization may stop there.
func (t *Tokenizer) appendStretch(dst []int32, text string, from int) ([]int32, int) {
	end := from
	for end < len(text) && t.kind[text[end]] <= wordByte {
		end++
	}
	if stretch := text[from:end]; len(stretch) <= shortStretch {
		var room [3 * shortStretch]byte // decomposed text is at most three times as long
		dst = t.appendWords(dst, view(t.normalizer.append(room[:0], stretch)))
	} else {
		buf := buffers.Get().(*[]byte)
		*buf = t.normalizer.append((*buf)[:0], stretch)
		dst = t.appendWords(dst, view(*buf))
		release(buf)
	}
	return dst, end
}

// appendNormalizing normalizes text, and appends the ids of the added tokens that match in
// normalized text and of the words between them.
func (t *Tokenizer) appendNormalizing(dst []int32, text string) []int32 {
	buf := buffers.Get().(*[]byte)
	*buf = t.normalizer.append((*buf)[:0], text)
	normalized := view(*buf)
	from := 0
	for m := (match{}); t.normalizedRaw.next(normalized, &m); from = m.to {
		if from < m.from {
			dst = t.appendWords(dst, normalized[from:m.from])
		}
		dst = append(dst, m.id)
	}
	dst = t.appendWords(dst, normalized[from:])
	release(buf)
	return dst
}

// appendWords appends the ids of the words of normalized text.
func (t *Tokenizer) appendWords(dst []int32, text string) []int32 {
	from, runes := 0, 0
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[i:])
		}
		class := t.normalizer.class(r)
		if class == letter {
			runes++
			i += size
			continue
		}
		dst = t.appendWord(dst, text[from:i], runes)
		if class == punct {
			dst = t.appendWord(dst, text[i:i+size], 1)
		}
		i += size
		from, runes = i, 0
	}
	return t.appendWord(dst, text[from:], runes)
}

// appendWord appends the ids of a normalized word's pieces. An empty word has none.
func (t *Tokenizer) appendWord(dst []int32, word string, runes int) []int32 {
	if runes > t.maxWordRunes {
		return append(dst, t.unknown)
	}
	start := len(dst)
	state := t.start
	for word != "" {
		id, end := t.trie.longest(word, state)
		if id < 0 {
			return append(dst[:start], t.unknown)
		}
		dst = append(dst, id)
		word, state = word[end:], t.more
	}
	return dst
}

// longest finds the longest string below state that is a prefix of text, and its end.
func (t *trie) longest(text string, state uint32) (id int32, end int) {
	id = noPiece
	for i := range len(text) {
		n := t.nodes[state^uint32(text[i])]
		if n.label() != text[i] {
			break
		}
		if found := n.id(); found >= 0 {
			id, end = found, i+1
		}
		state = n.base
	}
	return id, end
}

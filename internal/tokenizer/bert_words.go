package tokenizer

import (
	"sync"
	"unicode/utf8"
)

// appendSegment appends the ids of text without added tokens, except those matched after
// normalization.
func (b *bert) appendSegment(dst []int32, text string, _ bool) []int32 {
	if b.normalizedRaw != nil {
		return b.appendNormalizing(dst, text)
	}
	for i := 0; i < len(text); {
		switch c := text[i]; b.kind[c] {
		case spaceByte:
			i++
		case punctByte:
			dst = append(dst, b.punctuation[c])
			i++
		case wordByte:
			dst, i = b.appendASCII(dst, text, i)
		default:
			dst, i = b.appendStretch(dst, text, i)
		}
	}
	return dst
}

// appendASCII appends the ids of the word at text[from:], and returns its end. It walks the trie
// while it looks for the end, because most words are one piece. A word that is not plain ASCII is
// then read again by appendStretch.
func (b *bert) appendASCII(dst []int32, text string, from int) ([]int32, int) {
	nodes := b.trie.nodes
	id, idEnd := int32(noPiece), from
	i := from
	for state := b.start; i < len(text); i++ {
		c := b.fold[text[i]]
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
	for i < len(text) && b.fold[text[i]] != 0 {
		i++
	}
	if i < len(text) && b.kind[text[i]] == other {
		return b.appendStretch(dst, text, from)
	}
	if id < 0 || i-from > b.maxWordRunes {
		return append(dst, b.unknown), i
	}
	word := len(dst)
	dst = append(dst, id)
	for idEnd < i {
		if id, idEnd = b.longestASCII(text[:i], idEnd); id < 0 {
			return append(dst[:word], b.unknown), i
		}
		dst = append(dst, id)
	}
	return dst, i
}

// longestASCII finds the longest piece that is a prefix of word[from:], and its end.
func (b *bert) longestASCII(word string, from int) (id int32, end int) {
	nodes := b.trie.nodes
	id = noPiece
	state := b.more
	for i := from; i < len(word); i++ {
		c := b.fold[word[i]]
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
func (b *bert) appendStretch(dst []int32, text string, from int) ([]int32, int) {
	end := from
	for end < len(text) && b.kind[text[end]] <= wordByte {
		end++
	}
	if stretch := text[from:end]; len(stretch) <= shortStretch {
		var room [3 * shortStretch]byte // decomposed text is at most three times as long
		dst = b.appendWords(dst, view(b.normalizer.append(room[:0], stretch)))
	} else {
		buf := buffers.Get().(*[]byte)
		*buf = b.normalizer.append((*buf)[:0], stretch)
		dst = b.appendWords(dst, view(*buf))
		release(buf)
	}
	return dst, end
}

// appendNormalizing normalizes text, and appends the ids of the added tokens that match in
// normalized text and of the words between them.
func (b *bert) appendNormalizing(dst []int32, text string) []int32 {
	buf := buffers.Get().(*[]byte)
	*buf = b.normalizer.append((*buf)[:0], text)
	normalized := view(*buf)
	from := 0
	for m := (match{}); b.normalizedRaw.next(normalized, &m); from = m.to {
		if from < m.from {
			dst = b.appendWords(dst, normalized[from:m.from])
		}
		dst = append(dst, m.id)
	}
	dst = b.appendWords(dst, normalized[from:])
	release(buf)
	return dst
}

// appendWords appends the ids of the words of normalized text.
func (b *bert) appendWords(dst []int32, text string) []int32 {
	from, runes := 0, 0
	for i := 0; i < len(text); {
		r, size := rune(text[i]), 1
		if r >= utf8.RuneSelf {
			r, size = utf8.DecodeRuneInString(text[i:])
		}
		class := b.normalizer.class(r)
		if class == letter {
			runes++
			i += size
			continue
		}
		dst = b.appendWord(dst, text[from:i], runes)
		if class == punct {
			dst = b.appendWord(dst, text[i:i+size], 1)
		}
		i += size
		from, runes = i, 0
	}
	return b.appendWord(dst, text[from:], runes)
}

// appendWord appends the ids of a normalized word's pieces. An empty word has none.
func (b *bert) appendWord(dst []int32, word string, runes int) []int32 {
	if runes > b.maxWordRunes {
		return append(dst, b.unknown)
	}
	return b.trie.appendPieces(dst, word, b.start, b.more, b.unknown)
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

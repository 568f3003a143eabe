package tokenizer

import (
	"strings"
	"unicode/utf8"
)

// Metaspace is SentencePiece's way to keep white space: each space becomes the replacement, usually
// "▁" (U+2581), and a word begins at each of these.
type Metaspace struct {
	Replacement rune
	Prepend     Prepending
	Whole       bool // do not cut (split: false)
}

// Prepending is where [Metaspace] puts a replacement before text that has none.
type Prepending uint8

const (
	PrependAlways Prepending = iota // before each word so far
	PrependFirst                    // only at the beginning of the whole text
	PrependNever
)

func (p Metaspace) cut(w *words) {
	var mark [utf8.UTFMax]byte
	replacement := string(utf8.AppendRune(mark[:0], p.Replacement))
	buf := w.texts[w.free][:0]
	for _, at := range w.spans {
		from := len(buf)
		buf = p.appendWord(buf, w.text[at.from:at.to], replacement, w.start && at.from == 0)
		if p.Whole {
			w.add(from, len(buf))
			continue
		}
		p.addWords(w, view(buf), from, replacement)
	}
	w.texts[w.free] = buf
	w.rewritten()
}

// appendWord appends a word with its spaces replaced, and a replacement before it where it needs
// one.
func (p Metaspace) appendWord(buf []byte, word, replacement string, start bool) []byte {
	if p.Prepend == PrependAlways || p.Prepend == PrependFirst && start {
		if word[0] != ' ' && !strings.HasPrefix(word, replacement) {
			buf = append(buf, replacement...)
		}
	}
	for {
		i := strings.IndexByte(word, ' ')
		if i < 0 {
			return append(buf, word...)
		}
		buf = append(append(buf, word[:i]...), replacement...)
		word = word[i+1:]
	}
}

// addWords adds the words of text[from:], each of which begins at a replacement.
func (p Metaspace) addWords(w *words, text string, from int, replacement string) {
	for at := from; ; {
		i := strings.Index(text[at:], replacement)
		if i < 0 {
			break
		}
		w.add(from, at+i)
		from = at + i
		at = from + len(replacement)
	}
	w.add(from, len(text))
}

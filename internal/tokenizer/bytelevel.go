package tokenizer

// ByteLevel is the pre-tokenizer of GPT-2's vocabulary, whose pieces are made of bytes. In the file
// each byte is written as a printable character: byteRunes.
type ByteLevel struct {
	AddPrefixSpace bool // put a space before a text that has none (add_prefix_space)
	Plain          bool // do not cut at all (use_regex: false)

	// mapped replaces each byte by its printable character. It is off where the model reads bytes
	// itself.
	mapped bool
}

// byteRunes are the characters by which GPT-2's vocabulary writes bytes: printable bytes of Latin-1
// stand for themselves, and the others are 256 and the characters after it, in their order.
var byteRunes = func() (runes [256]rune) {
	next := rune(256)
	for b := range runes {
		switch {
		case b >= '!' && b <= '~', b >= 0xA1 && b <= 0xAC, b >= 0xAE:
			runes[b] = rune(b)
		default:
			runes[b] = next
			next++
		}
	}
	return runes
}()

// runeBytes reverts byteRunes, for runes below 324.
var runeBytes = func() map[rune]byte {
	m := make(map[rune]byte, 256)
	for b, r := range byteRunes {
		m[r] = byte(b)
	}
	return m
}()

// pieceBytes turns the printable characters of a piece into the bytes for which they stand. It
// reports false for a piece that has others.
func pieceBytes(piece string) (string, bool) {
	raw := make([]byte, 0, len(piece))
	for _, r := range piece {
		b, ok := runeBytes[r]
		if !ok {
			return "", false
		}
		raw = append(raw, b)
	}
	return string(raw), true
}

func (p ByteLevel) cut(w *words) {
	if p.AddPrefixSpace {
		w.rewrite(appendSpaced)
	}
	if !p.Plain {
		for _, at := range w.spans {
			for from := at.from; from < at.to; {
				to := gpt2Word(w.text[:at.to], from)
				w.add(from, to)
				from = to
			}
		}
		w.done()
	}
	if p.mapped {
		w.rewrite(ByteCharacters{}.append)
	}
}

// appendSpaced appends a word, with a space before it if it has none.
func appendSpaced(dst []byte, word string) []byte {
	if word[0] != ' ' {
		dst = append(dst, ' ')
	}
	return append(dst, word...)
}

// rewrite replaces each word by what f appends for it.
func (w *words) rewrite(f func(dst []byte, word string) []byte) {
	buf := w.texts[w.free][:0]
	for _, at := range w.spans {
		from := len(buf)
		buf = f(buf, w.text[at.from:at.to])
		w.add(from, len(buf))
	}
	w.texts[w.free] = buf
	w.rewritten()
}

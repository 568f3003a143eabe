package tokenizer

import "unicode/utf8"

// The patterns of byte-level vocabularies look ahead, which Go's regular expressions cannot, so
// they are scanned by hand. Each pattern matches at every place, so a scanner gives the end of the
// word that begins at a place.

// gpt2Word is GPT-2's pattern, which also RoBERTa and ModernBERT use:
//
//	's|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+
func gpt2Word(text string, from int) (to int) {
	if text[from] == '\'' {
		if n := contraction(text[from:]); n > 0 {
			return from + n
		}
	}
	i := from
	if text[i] == ' ' && i+1 < len(text) {
		i++
	}
	c, size := classAt(text, i)
	if c == spaceRune {
		return spaces(text, from)
	}
	return skip(text, i+size, c)
}

// contraction is the length of the English contraction that text begins with, or 0.
func contraction(text string) int {
	if len(text) < 2 {
		return 0
	}
	switch text[1] {
	case 's', 't', 'm', 'd':
		return 2
	}
	if len(text) > 2 {
		switch text[1:3] {
		case "re", "ve", "ll":
			return 3
		}
	}
	return 0
}

// spaces is \s+(?!\S)|\s+: a run of white space without its last character, which goes to the word
// that follows, unless none follows or the run has only one.
func spaces(text string, from int) (to int) {
	to = skip(text, from, spaceRune)
	if to == len(text) {
		return to
	}
	_, last := utf8.DecodeLastRuneInString(text[from:to])
	if from+last < to {
		return to - last
	}
	return to
}

// qwenWord is the pattern of Qwen, and with up to three digits a word that of Llama 3:
//
//	(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+
func qwenWord(text string, from, digits int) (to int) {
	if text[from] == '\'' {
		if n := foldedContraction(text[from:]); n > 0 {
			return from + n
		}
	}
	c, size := classAt(text, from)
	switch c {
	case letterRune:
		return skip(text, from+size, letterRune)
	case numberRune:
		return skipNumbers(text, from+size, digits-1)
	}
	i := from + size
	if i < len(text) && text[from] != '\r' && text[from] != '\n' {
		next, size := classAt(text, i)
		if next == letterRune {
			return skip(text, i+size, letterRune)
		}
		if text[from] == ' ' && next == otherRune {
			c, i = otherRune, i+size
		}
	}
	if c == otherRune {
		return skipNewlines(text, skip(text, i, otherRune))
	}
	return linesOrSpaces(text, from)
}

func skipNumbers(text string, i, most int) int {
	for range most {
		if i == len(text) {
			break
		}
		c, size := classAt(text, i)
		if c != numberRune {
			break
		}
		i += size
	}
	return i
}

func skipNewlines(text string, i int) int {
	for i < len(text) && (text[i] == '\r' || text[i] == '\n') {
		i++
	}
	return i
}

// linesOrSpaces is \s*[\r\n]+|\s+(?!\S)|\s+: white space up to its last line end, or as in spaces.
func linesOrSpaces(text string, from int) (to int) {
	for i := skip(text, from, spaceRune); i > from; i-- {
		if c := text[i-1]; c == '\r' || c == '\n' {
			return i
		}
	}
	return spaces(text, from)
}

// foldedContraction is contraction in either case. The long s (U+017F) is a small form of S.
func foldedContraction(text string) int {
	const longS = "\u017f"
	if len(text) > 2 && text[1:3] == longS {
		return 1 + len(longS)
	}
	if len(text) < 2 {
		return 0
	}
	lowered := [3]byte{'\'', text[1] | 0x20}
	if len(text) > 2 {
		lowered[2] = text[2] | 0x20
	}
	return contraction(view(lowered[:min(len(text), 3)]))
}

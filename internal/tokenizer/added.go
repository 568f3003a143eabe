package tokenizer

import (
	"fmt"
	"strings"
	"unicode/utf8"
)

// matcher finds added tokens in text as the library's AddedVocabulary does: the leftmost match,
// then the longest, without overlaps.
type matcher struct {
	trie   trie
	root   uint32
	tokens []AddedToken
	first  [256]bool // bytes that tokens begin with
	only   int       // the one byte that all tokens begin with, or -1
}

// match is one token at text[from:to], including the white space that it strips. A search starts
// with the zero match.
type match struct {
	from, to int
	id       int32
	resume   int // where the next search starts; stripped white space does not count
}

// newMatchers builds one matcher for raw text and one for normalized text.
func newMatchers(tokens []AddedToken, normalize func([]byte, string) []byte) (raw, normalized *matcher, err error) {
	raw, err = newMatcher(tokens, false, func(content string) string { return content })
	if err != nil {
		return nil, nil, err
	}
	normalized, err = newMatcher(tokens, true, func(content string) string { return string(normalize(nil, content)) })
	return raw, normalized, err
}

// newMatcher builds a matcher of the tokens that are normalized or those that are not, or nil if
// there are none. pattern makes the text that is matched. Of tokens with the same one, a special
// one wins, then the earlier.
func newMatcher(tokens []AddedToken, normalized bool, pattern func(content string) string) (*matcher, error) {
	m := &matcher{only: -1}
	seen := make(map[string]bool)
	var entries []entry
	for _, special := range []bool{true, false} {
		for _, tok := range tokens {
			if tok.Normalized != normalized || tok.Special != special {
				continue
			}
			text := pattern(tok.Content)
			if seen[text] {
				continue
			}
			if text == "" {
				return nil, fmt.Errorf("added token %q: normalization removes all of it", tok.Content)
			}
			seen[text] = true
			entries = append(entries, entry{text, int32(len(m.tokens))})
			m.tokens = append(m.tokens, tok)
			m.first[text[0]] = true
		}
	}
	if len(entries) == 0 {
		return nil, nil
	}
	trie, roots := newTrie(entries)
	m.trie, m.root = trie, roots[0]
	firsts := 0
	for c, is := range m.first {
		if is {
			firsts++
			m.only = c
		}
	}
	if firsts > 1 {
		m.only = -1
	}
	return m, nil
}

// next replaces last by the next match after it, and reports whether there is one.
func (m *matcher) next(text string, last *match) bool {
	for at := last.resume; ; {
		at = m.candidate(text, at)
		if at < 0 {
			return false
		}
		which, size := m.trie.longest(text[at:], m.root)
		if which < 0 {
			at++
			continue
		}
		tok, end := &m.tokens[which], at+size
		if tok.SingleWord && besideWord(text, at, end) {
			at = end
			continue
		}
		found := match{from: at, to: end, id: tok.ID, resume: end}
		if tok.LStrip {
			found.from = max(len(trimSpaceEnd(text[:at])), last.to)
		}
		if tok.RStrip {
			found.to = len(text) - len(trimSpaceStart(text[end:]))
		}
		*last = found
		return true
	}
}

// candidate is the next place at or after from where a token may begin, or -1.
func (m *matcher) candidate(text string, from int) int {
	if m.only >= 0 {
		i := strings.IndexByte(text[from:], byte(m.only))
		if i < 0 {
			return -1
		}
		return from + i
	}
	for i := from; i < len(text); i++ {
		if m.first[text[i]] {
			return i
		}
	}
	return -1
}

// besideWord reports whether a word character is directly before or after text[from:to].
func besideWord(text string, from, to int) bool {
	before, size := utf8.DecodeLastRuneInString(text[:from])
	if size > 0 && isWord(before) {
		return true
	}
	after, size := utf8.DecodeRuneInString(text[to:])
	return size > 0 && isWord(after)
}

func trimSpaceEnd(text string) string   { return strings.TrimRightFunc(text, isSpace) }
func trimSpaceStart(text string) string { return strings.TrimLeftFunc(text, isSpace) }

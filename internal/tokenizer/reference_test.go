package tokenizer

import (
	"slices"
	"strings"
	"testing"
	"unicode/utf8"
)

// reference tokenizes as slowly and plainly as the library's stages are written down: whole texts,
// one stage after the other, maps of strings. It shares nothing with the tokenizer but the facts
// about single characters in unicode.go.
type reference struct {
	opts  Options
	ids   map[string]int32
	added []AddedToken

	contents map[string]string // the added tokens' contents, normalized
}

func newReference(vocab []string, opts Options) *reference {
	opts = opts.withDefaults()
	ref := &reference{opts: opts, ids: make(map[string]int32), added: opts.Added}
	for i, piece := range vocab {
		if piece != "" {
			ref.ids[piece] = int32(i)
		}
	}
	if opts.Added == nil {
		ref.added = specials(ref.ids, opts)
	}
	ref.contents = make(map[string]string)
	for _, tok := range ref.added {
		ref.contents[tok.Content] = ref.normalize(tok.Content)
	}
	return ref
}

func (ref *reference) pair(query, passage string, maxLength int, keep Keep) (ids []int32, split, cut int) {
	q, p := ref.tokenize(query), ref.tokenize(passage)
	total := len(q) + len(p)
	queryLonger := len(q) > len(p)
	if len(q) >= maxLength && len(p) >= maxLength {
		queryLonger = ref.read(q, maxLength, keep) > ref.read(p, maxLength, keep)
		for ; len(q) > len(p); q = drop(q, keep) {
		}
		for ; len(p) > len(q); p = drop(p, keep) {
		}
	}
	tie := &q // the side to cut once both are equal: the one that was not the longer
	if queryLonger {
		tie = &p
	}
	for len(q)+len(p) > max(0, maxLength-3) {
		side := tie
		switch {
		case len(q) > len(p):
			side = &q
		case len(p) > len(q):
			side = &p
		}
		*side = drop(*side, keep)
	}
	ids = append([]int32{ref.ids[ref.opts.CLS]}, q...)
	ids = append(ids, ref.ids[ref.opts.SEP])
	split = len(ids)
	ids = append(ids, p...)
	ids = append(ids, ref.ids[ref.opts.SEP])
	for i, id := range ids {
		if id == writtenUnknown {
			ids[i] = ref.ids[ref.opts.Unknown]
		}
	}
	return ids, split, total - len(q) - len(p)
}

func drop(ids []int32, keep Keep) []int32 {
	if keep == KeepStart {
		return ids[:len(ids)-1]
	}
	return ids[1:]
}

// writtenUnknown is the unknown piece where it is written in a text.
const writtenUnknown = -1

// read counts the tokens of whole words from the kept end until there are maxLength; only a word
// ends the count, not an added token.
func (ref *reference) read(ids []int32, maxLength int, keep Keep) int {
	isAdded := func(id int32) bool {
		return id == writtenUnknown || id != ref.ids[ref.opts.Unknown] &&
			slices.ContainsFunc(ref.added, func(tok AddedToken) bool { return tok.ID == id })
	}
	var units [][]int32
	for _, id := range ids {
		continues := false
		for piece, other := range ref.ids {
			continues = continues || other == id && strings.HasPrefix(piece, ref.opts.Prefix)
		}
		if continues && !isAdded(id) && len(units) > 0 {
			units[len(units)-1] = append(units[len(units)-1], id)
		} else {
			units = append(units, []int32{id})
		}
	}
	if keep == KeepEnd {
		slices.Reverse(units)
	}
	n := 0
	for _, unit := range units {
		n += len(unit)
		if n >= maxLength && !(len(unit) == 1 && isAdded(unit[0])) {
			break
		}
	}
	return n
}

func (ref *reference) tokenize(text string) []int32 {
	return ref.split(text, false, func(raw string) []int32 {
		return ref.split(ref.normalize(raw), true, func(normalized string) (ids []int32) {
			for _, word := range referenceWords(normalized) {
				ids = append(ids, ref.wordPiece(word)...)
			}
			return ids
		})
	})
}

// split finds the added tokens that are looked for at this stage, and gives the text between them
// to rest.
func (ref *reference) split(text string, normalized bool, rest func(string) []int32) (ids []int32) {
	done, search := 0, 0
	for search < len(text) {
		var found AddedToken
		size := 0
		for _, special := range []bool{true, false} {
			for _, tok := range ref.added {
				content := tok.Content
				if normalized {
					content = ref.contents[content]
				}
				if tok.Normalized == normalized && tok.Special == special && len(content) > size &&
					strings.HasPrefix(text[search:], content) {
					found, size = tok, len(content)
				}
			}
		}
		if size == 0 {
			search++
			continue
		}
		from, to := search, search+size
		search = to
		if found.SingleWord {
			before, n := utf8.DecodeLastRuneInString(text[:from])
			after, m := utf8.DecodeRuneInString(text[to:])
			if n > 0 && isWord(before) || m > 0 && isWord(after) {
				continue
			}
		}
		if found.LStrip {
			from = max(done, len(strings.TrimRightFunc(text[:from], isSpace)))
		}
		if found.RStrip {
			to = len(text) - len(strings.TrimLeftFunc(text[to:], isSpace))
		}
		if done < from {
			ids = append(ids, rest(text[done:from])...)
		}
		if found.ID == ref.ids[ref.opts.Unknown] {
			found.ID = writtenUnknown
		}
		ids = append(ids, found.ID)
		done = to
	}
	return append(ids, rest(text[done:])...)
}

func (ref *reference) normalize(text string) string {
	runes := []rune(text)
	if !ref.opts.KeepControls {
		runes = slices.DeleteFunc(runes, isOther)
		for i, r := range runes {
			if isSpace(r) {
				runes[i] = ' '
			}
		}
	}
	if !ref.opts.JoinCJK {
		var apart []rune
		for _, r := range runes {
			if isCJK(r) {
				apart = append(apart, ' ', r, ' ')
			} else {
				apart = append(apart, r)
			}
		}
		runes = apart
	}
	if ref.opts.Accents == StripAccents || ref.opts.Accents == AccentsByCase && !ref.opts.Cased {
		runes = slices.DeleteFunc(canonical(runes), isNonspacing)
	}
	if !ref.opts.Cased {
		var lowered []rune
		for _, r := range runes {
			lowered = lower(lowered, r)
		}
		runes = lowered
	}
	return string(runes)
}

// canonical decomposes runes and puts every run of marks in the order of their classes.
func canonical(runes []rune) []rune {
	var out []rune
	for _, r := range runes {
		out = decompose(out, r)
	}
	for i := 0; i < len(out); {
		end := i + 1
		if combiningClass(out[i]) != 0 {
			for end < len(out) && combiningClass(out[end]) != 0 {
				end++
			}
			slices.SortStableFunc(out[i:end], func(a, b rune) int {
				return int(combiningClass(a)) - int(combiningClass(b))
			})
		}
		i = end
	}
	return out
}

// referenceWords splits at white space and around punctuation.
func referenceWords(text string) (list []string) {
	for _, field := range strings.FieldsFunc(text, isSpace) {
		word := ""
		for _, r := range field {
			if isPunctuation(r) {
				list = append(list, word, string(r))
				word = ""
			} else {
				word += string(r)
			}
		}
		list = append(list, word)
	}
	return slices.DeleteFunc(list, func(word string) bool { return word == "" })
}

func (ref *reference) wordPiece(word string) (ids []int32) {
	unknown := []int32{ref.ids[ref.opts.Unknown]}
	runes := []rune(word)
	if len(runes) > ref.opts.MaxWordRunes {
		return unknown
	}
	for start := 0; start < len(runes); {
		end := len(runes)
		for ; end > start; end-- {
			piece := string(runes[start:end])
			if start > 0 {
				piece = ref.opts.Prefix + piece
			}
			if id, ok := ref.ids[piece]; ok {
				ids = append(ids, id)
				break
			}
		}
		if end == start {
			return unknown
		}
		start = end
	}
	return ids
}

// fuzzOptions are the settings that FuzzPair chooses from.
func fuzzOptions(g *golden) []Options {
	list := []Options{{MaxWordRunes: 5}, {Prefix: "t"}}
	for _, s := range g.Settings {
		list = append(list, s.Options.options())
	}
	return list
}

func FuzzPair(f *testing.F) {
	g := readGolden(f)
	vocab := readLines(f, "testdata/vocab.txt")
	var fast []*Tokenizer
	var slow []*reference
	for _, opts := range fuzzOptions(g) {
		fast = append(fast, newTokenizer(f, vocab, opts))
		slow = append(slow, newReference(vocab, opts))
	}
	for i, c := range g.Cases {
		f.Add(c.Query, c.Passage, uint8(i), uint16(c.MaxLength), c.Direction == "left")
	}
	f.Add("\xff\x91D", "caf\xc3 \xe6\xbc[SEP]\xed\xa0\x80", uint8(0), uint16(0), false)
	f.Add("\x91\xd1\x84", "a\xf0\x9f\x98", uint8(6), uint16(2), true)
	f.Fuzz(func(t *testing.T, query, passage string, setting uint8, maxLength uint16, left bool) {
		which := int(setting) % len(fast)
		keep := KeepStart
		if left {
			keep = KeepEnd
		}
		checkReference(t, fast[which], slow[which], query, passage, int(maxLength), keep)
	})
}

// checkReference compares all ways to tokenize a pair.
func checkReference(t *testing.T, tok *Tokenizer, ref *reference, query, passage string, maxLength int, keep Keep) {
	t.Helper()
	want, wantSplit, wantCut := ref.pair(query, passage, maxLength, keep)
	ids, split, cut := tok.Pair([]int32{-7}, query, passage, maxLength, keep)
	if !slices.Equal(ids[1:], want) || split != wantSplit || cut != wantCut || ids[0] != -7 {
		t.Fatalf("%+q, %+q, at most %d, keep %d: Pair\n got %v, %d, %d\nwant %v, %d, %d",
			query, passage, maxLength, keep, ids[1:], split, cut, want, wantSplit, wantCut)
	}
	q, p := tok.AppendSide(nil, query), tok.AppendSide(nil, passage)
	ids, split, cut = tok.Join(nil, q, p, maxLength, keep)
	if !slices.Equal(ids, want) || split != wantSplit || cut != wantCut {
		t.Fatalf("%+q, %+q, at most %d, keep %d: Join\n got %v, %d, %d\nwant %v, %d, %d",
			query, passage, maxLength, keep, ids, split, cut, want, wantSplit, wantCut)
	}
}

package tokenizer

import (
	"slices"
	"strings"
	"sync"
	"testing"
	"unicode/utf8"
)

// bpePieces are bytes and what smallMerges make of them.
var smallMerges = []Merge{{"a", "b"}, {"Ġ", "t"}, {"h", "e"}, {"Ġt", "he"}, {"a", "a"}, {"aa", "aa"}, {"ab", "ab"}, {"Ã", "©"}, {"c", "Ã©"}, {"b", "c"}, {"ab", "c"}}

func smallBPE(t testing.TB, opts BPEOptions) *BPE {
	t.Helper()
	pieces := []string{"<s>", "</s>"}
	for _, r := range byteRunes {
		pieces = append(pieces, string(r))
	}
	for _, m := range smallMerges {
		pieces = append(pieces, m.Left+m.Right)
	}
	m, err := NewBPE(pieces, smallMerges, opts)
	if err != nil {
		t.Fatal(err)
	}
	return m
}

func smallUnigram(t testing.TB, bytes bool) *Unigram {
	t.Helper()
	pieces := []string{"<s>", "<unk>", "▁", "▁the", "▁t", "he", "t", "h", "e", "a", "b", "ab", "aba", "漢", "漢字", "é", "▁ab", "ba", "<0xE5>", "<0xAD>", "<0x97>"}
	scores := []float64{0, 0, -2, -3, -4, -4.5, -6, -6.25, -6.125, -5, -5.5, -7, -9, -8, -8.5, -7.75, -6.5, -9.75, -20, -20, -20}
	u, err := NewUnigram(pieces, scores, UnigramOptions{Unknown: 1, ByteFallback: bytes})
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func wholePair() []Part {
	return []Part{{ID: 0}, {Text: Query}, {ID: 1}, {ID: 1}, {Text: Passage}, {ID: 1}}
}

func build(t testing.TB, c Config) *Tokenizer {
	t.Helper()
	if c.Pair == nil {
		c.Pair = wholePair()
	}
	tok, err := Build(c)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func TestByteLevelBPE(t *testing.T) {
	for _, c := range []struct{ name, text, want string }{
		{"nothing", "", ""},
		{"a word of one piece", " the", "Ġthe"},
		{"the first merge first", "abab", "abab"},
		{"the leftmost of equals", "aaa", "aa a"},
		{"a merge that an earlier one takes apart", "abc", "abc"},
		{"the last space of a run belongs to the word", "a   the", "a Ġ Ġ Ġthe"},
		{"a letter of two bytes", "cé", "cÃ©"},
		{"half of a letter", "\xc3", "ï ¿ ½"},
		{"an added token", "a<s>b", "a <s> b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tok := build(t, Config{Model: smallBPE(t, BPEOptions{}), PreTokenizers: []PreTokenizer{ByteLevel{}},
				Added: []AddedToken{{Content: "<s>", ID: 0, Special: true}}})
			if got := strings.Join(pieces(tok, tok.Append(nil, c.text)), " "); got != c.want {
				t.Errorf("%q: got %s, want %s", c.text, got, c.want)
			}
		})
	}
}

func TestUnigramWords(t *testing.T) {
	for _, c := range []struct {
		name, text, want string
		bytes            bool
	}{
		{name: "nothing", text: "", want: ""},
		{name: "the likeliest pieces", text: "the ab", want: "▁the ▁ab"},
		{name: "pieces that score more than two that are longer together", text: "aba", want: "▁ aba"},
		{name: "unknown characters are one piece", text: "xyzab", want: "▁ <unk> ab"},
		{name: "an unknown character in a word", text: "a漢字x", want: "▁ a 漢字 <unk>"},
		{name: "bytes of a character without a piece", text: "字", want: "▁ <0xE5> <0xAD> <0x97>", bytes: true},
		{name: "a byte without a piece", text: "字x", want: "▁ <unk>", bytes: true},
		{name: "a byte 0", text: "a\x00", want: "▁ a <unk>"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tok := build(t, Config{Model: smallUnigram(t, c.bytes), PreTokenizers: []PreTokenizer{WhitespaceSplit{}, Metaspace{Replacement: '▁'}}})
			if got := strings.Join(pieces(tok, tok.Append(nil, c.text)), " "); got != c.want {
				t.Errorf("%q: got %s, want %s", c.text, got, c.want)
			}
		})
	}
}

// Types: of a template with all types 0 the boundary is the end; the pair has both separators.
func TestTemplates(t *testing.T) {
	zero, one := wholePair(), wholePair()
	for i := 4; i < len(one); i++ {
		one[i].Type = 1
	}
	for _, c := range []struct {
		name          string
		pair          []Part
		max           int
		boundary, cut int
		want          string
	}{
		{"all of type 0", zero, 512, 9, 0, "<s> a b </s> </s> a b c </s>"},
		{"the passage of type 1", one, 512, 5, 0, "<s> a b </s> </s> a b c </s>"},
		{"cut", one, 7, 4, 2, "<s> a </s> </s> a b </s>"},
		{"cut to the special tokens", zero, 2, 4, 5, "<s> </s> </s> </s>"},
		{"no special tokens", []Part{{Text: Query}, {Text: Passage, Type: 1}}, 4, 2, 1, "a b a b"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tok := build(t, Config{Model: smallBPE(t, BPEOptions{}), PreTokenizers: []PreTokenizer{Digits{}, Split{Pattern: literal(" ")}}, Pair: c.pair})
			ids, boundary, cut := tok.Pair(nil, "a b", "a b c", c.max, KeepStart)
			if got := strings.Join(pieces(tok, ids), " "); got != c.want || boundary != c.boundary || cut != c.cut {
				t.Errorf("got %s, %d of type 0, %d cut\nwant %s, %d, %d", got, boundary, cut, c.want, c.boundary, c.cut)
			}
		})
	}
	for name, parts := range map[string][]Part{
		"no passage": {{Text: Query}}, "a text twice": {{Text: Query}, {Text: Query}, {Text: Passage}}, "the passage first": {{Text: Passage}, {Text: Query}},
		"types that fall": {{Text: Query, Type: 1}, {Text: Passage}}, "a third type": {{Text: Query}, {Text: Passage, Type: 2}},
	} {
		if CheckPair(parts) == nil {
			t.Errorf("%s: no error", name)
		}
	}
}

// plainMerges is BPE as it is defined: the pair of the lowest rank, the leftmost of equals, until
// there is none.
func plainMerges(ids []int32, t *mergeTable) []int32 {
	for {
		at, lowest := -1, uint32(noRank)
		for i := 1; i < len(ids); i++ {
			if r := t.rank(ids[i-1], ids[i]); r < lowest {
				at, lowest = i-1, r
			}
		}
		if at < 0 {
			return ids
		}
		ids[at] = t.slot(ids[at], ids[at+1]).id
		ids = slices.Delete(ids, at+1, at+2)
	}
}

// FuzzBPE compares both ways to merge with the definition, on words of any length.
func FuzzBPE(f *testing.F) {
	for _, s := range []string{"abab", "aaaaaaa", " the the", strings.Repeat("aab", 50), "cé\xff", strings.Repeat("a", 300)} {
		f.Add(s)
	}
	m := smallBPE(f, BPEOptions{})
	if !m.readBytes() {
		f.Fatal("it cannot read bytes")
	}
	f.Fuzz(func(t *testing.T, word string) {
		if word == "" {
			return
		}
		var s scratch
		got := m.appendWord(nil, word, &s)
		ids := m.appendBytes(nil, word)
		s.merger.ids = slices.Clone(ids)
		long := s.merger.appendLong(nil, &m.merges)
		want := plainMerges(slices.Clone(ids), &m.merges)
		if !slices.Equal(got, want) || !slices.Equal(long, want) {
			t.Errorf("%q: got %v and %v, want %v", word, got, long, want)
		}
	})
}

// FuzzUnigram holds that pieces cover a word and that no way to cut it scores more.
func FuzzUnigram(f *testing.F) {
	for _, s := range []string{"▁the", "▁ababab", "xyz", "▁漢字漢é", "▁the\x00"} {
		f.Add(s)
	}
	u := smallUnigram(f, false)
	f.Fuzz(func(t *testing.T, word string) {
		if word == "" || !utf8.ValidString(word) {
			return
		}
		var s scratch
		best := u.arrivals(word, &s)
		want := bestScore(u, word)
		if got := best[len(word)].score; got < want-1e-6 || got > want+1e-6 {
			t.Errorf("%q: scored %v, want %v", word, got, want)
		}
		for _, id := range u.appendWord(nil, word, &s) {
			if id < 0 || int(id) >= len(u.list) {
				t.Errorf("%q: id %d", word, id)
			}
		}
	})
}

// bestScore is the greatest sum of scores, from the end of the word to its beginning.
func bestScore(u *Unigram, word string) float64 {
	best := make([]float64, len(word)+1)
	for at := len(word) - 1; at >= 0; at-- {
		if !utf8.RuneStart(word[at]) {
			continue
		}
		size := runeLen(word[at])
		found := false
		for id, piece := range u.list {
			if piece == "" || !strings.HasPrefix(word[at:], piece) {
				continue
			}
			if x := u.scores[id] + best[at+len(piece)]; !found || x > best[at] {
				best[at], found = x, true
			}
		}
		if single := u.trie.lookup(word[at:at+size], u.root) >= 0; !single {
			if x := u.penalty + best[at+size]; !found || x > best[at] {
				best[at] = x
			}
		}
	}
	return best[0]
}

func TestAround(t *testing.T) {
	for _, c := range []struct {
		pair          []Part
		before, after []int32
	}{
		{wholePair(), []int32{0}, []int32{1}},
		{[]Part{{Text: Query}, {ID: 1}, {Text: Passage}, {ID: 1}}, nil, []int32{1}},
		{[]Part{{Text: Query}, {Text: Passage}}, nil, nil},
	} {
		tok := build(t, Config{Model: smallBPE(t, BPEOptions{}), Pair: c.pair})
		if before, after := tok.Around(); !slices.Equal(before, c.before) || !slices.Equal(after, c.after) {
			t.Errorf("%v: got %v and %v, want %v and %v", c.pair, before, after, c.before, c.after)
		}
	}
}

// TestConcurrentPipelines has many goroutines use one tokenizer; the race detector watches.
func TestConcurrentPipelines(t *testing.T) {
	text := "the ab café 漢字 e\u0301 \u1112\u1161\u11ab <s> aba"
	for name, c := range map[string]Config{
		"BPE":     {Model: smallBPE(t, BPEOptions{}), Normalizers: []Normalizer{NFKC}, PreTokenizers: []PreTokenizer{ByteLevel{}}},
		"Unigram": {Model: smallUnigram(t, true), Normalizers: []Normalizer{NFKD, Lowercase{}}, PreTokenizers: []PreTokenizer{Metaspace{Replacement: '▁'}}},
	} {
		t.Run(name, func(t *testing.T) {
			tok := build(t, c)
			want, _, _ := tok.Pair(nil, text, text, 20, KeepStart)
			tok.encoder.(*pipeline).scratch.Get() // each goroutine begins with an empty cache
			var group sync.WaitGroup
			for range 8 {
				group.Go(func() {
					if got, _, _ := tok.Pair(nil, text, text, 20, KeepStart); !slices.Equal(got, want) {
						t.Errorf("got %v, want %v", got, want)
					}
				})
			}
			group.Wait()
		})
	}
}

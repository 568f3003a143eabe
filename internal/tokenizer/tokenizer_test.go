package tokenizer

import (
	"slices"
	"strings"
	"sync"
	"testing"
)

// smallVocab is enough of a vocabulary to tell the rules apart.
var smallVocab = strings.Fields(`[PAD] [UNK] [CLS] [SEP] [MASK] a b c e i x 1 . , ! ' - [ ] # < ##a ##b ##c ##e ##ing
	the cafe un want wanted ##want ##wanted ##ed ab abc ##bc 漢 字 😀 ##😀 σοφος istanbul sep ` + "\u8c48")

func TestAppend(t *testing.T) {
	tests := []struct {
		name, text string
		opts       Options
		want       string
	}{
		{name: "nothing", text: "", want: ""},
		{name: "only white space", text: " \t\r\n\u00a0\u3000 ", want: ""},
		{name: "a word that is one piece", text: "the", want: "the"},
		{name: "upper case", text: "THE The", want: "the the"},
		{name: "the longest piece first", text: "abc", want: "abc"},
		{name: "then the longest of the rest", text: "unwanted abbc", want: "un ##wanted ab ##bc"},
		{name: "a rest that has no piece makes the word unknown", text: "abz the", want: "[UNK] the"},
		{name: "a beginning that has no piece", text: "zab", want: "[UNK]"},
		{name: "punctuation stands alone", text: "a.b,'c-!", want: "a . b , ' c - !"},
		{name: "ASCII symbols are punctuation, unknown ones too", text: "a<b=c", want: "a < b [UNK] c"},
		{name: "a piece with ## is not found at the start", text: "##a", want: "# # a"},
		{name: "accents", text: "Café cafe\u0301", want: "cafe cafe"},
		{name: "accents kept", text: "café", opts: Options{Accents: KeepAccents}, want: "[UNK]"},
		{name: "cased keeps case and accents", text: "the The café", opts: Options{Cased: true}, want: "the [UNK] [UNK]"},
		{name: "cased, accents stripped", text: "café", opts: Options{Cased: true, Accents: StripAccents}, want: "cafe"},
		{name: "a capital with two lower-case characters", text: "İstanbul", want: "istanbul"},
		{name: "final sigma is no other sigma", text: "ΣΟΦΟς ΣΟΦΟΣ", want: "σοφος [UNK]"},
		{name: "every CJK character is a word", text: "漢字a漢", want: "漢 字 a 漢"},
		{name: "a CJK compatibility ideograph decomposes", text: "\uf900", want: "\u8c48"},
		{name: "but only where accents are stripped", text: "\uf900", opts: Options{Accents: KeepAccents}, want: "[UNK]"},
		{name: "CJK joined", text: "a漢", opts: Options{JoinCJK: true}, want: "[UNK]"},
		{name: "emoji are letters", text: "😀😀 😀a", want: "😀 ##😀 😀 ##a"},
		{name: "control characters vanish inside words", text: "c\x00a\u200bf\u00ade \x7f", want: "cafe"},
		{name: "vertical tab vanishes, no-break space splits", text: "a\vb a\u00a0b", want: "ab a b"},
		{name: "control characters kept", text: "a\x01b", opts: Options{KeepControls: true}, want: "[UNK]"},
		{name: "vertical tab kept is white space", text: "a\vb", opts: Options{KeepControls: true}, want: "a b"},
		{name: "invalid UTF-8 vanishes", text: "ca\xfff\xc3e \x91", want: "cafe"},
		{name: "invalid UTF-8 kept is U+FFFD", text: "a\xff", opts: Options{KeepControls: true}, want: "[UNK]"},
		{name: "special tokens", text: "a[SEP]b [MASK][CLS]", want: "a [SEP] b [MASK] [CLS]"},
		{name: "special tokens are told by case", text: "[sep]", want: "[ sep ]"},
		{name: "no added tokens", text: "[SEP]", opts: Options{Added: []AddedToken{}}, want: "[ sep ]"},
		{name: "100 characters", text: strings.Repeat("a", 100), want: "a" + strings.Repeat(" ##a", 99)},
		{name: "101 characters", text: strings.Repeat("a", 101) + " b", want: "[UNK] b"},
		{name: "101 characters, one of them dropped", text: strings.Repeat("a", 100) + "\x00 b",
			want: "a" + strings.Repeat(" ##a", 99) + " b"},
		{name: "100 accented characters", text: strings.Repeat("ä", 100), want: "a" + strings.Repeat(" ##a", 99)},
		{name: "101 accented characters", text: strings.Repeat("ä", 101), want: "[UNK]"},
		{name: "words of at most 3", text: "abc abca", opts: Options{MaxWordRunes: 3}, want: "abc [UNK]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tok := newTokenizer(t, smallVocab, tt.opts)
			if got := strings.Join(pieces(tok, tok.Append(nil, tt.text)), " "); got != tt.want {
				t.Errorf("%+q:\n got %s\nwant %s", tt.text, got, tt.want)
			}
		})
	}
}

func TestAppendAddedTokens(t *testing.T) {
	const id = 1000
	tests := []struct {
		name, text string
		token      AddedToken
		want       string
	}{
		{"inside a word", "axyb", AddedToken{Content: "xy"}, "a xy b"},
		{"not in another case", "XY", AddedToken{Content: "xy"}, "[UNK]"},
		{"in another case, if normalized", "aXYb", AddedToken{Content: "xY", Normalized: true}, "a xY b"},
		{"with accents, if normalized", "x\u0301y", AddedToken{Content: "xy", Normalized: true}, "xy"},
		{"a single word between spaces", "a xy b", AddedToken{Content: "xy", SingleWord: true}, "a xy b"},
		{"a single word between punctuation", "a,xy.", AddedToken{Content: "xy", SingleWord: true}, "a , xy ."},
		{"a single word touched by a letter", "axy", AddedToken{Content: "xy", SingleWord: true}, "[UNK]"},
		{"a single word touched by a mark", "xy\u0301 a", AddedToken{Content: "xy", SingleWord: true}, "[UNK] a"},
		{"a single word twice, touched by itself", "xyxy", AddedToken{Content: "xy", SingleWord: true}, "[UNK]"},
		{"a longer name than the special token's", "[SEP]]", AddedToken{Content: "[SEP]]"}, "[SEP]]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.token.ID = id
			sep := AddedToken{Content: "[SEP]", ID: 3, Special: true}
			tok := newTokenizer(t, smallVocab, Options{Added: []AddedToken{sep, tt.token}})
			got := strings.Join(pieces(tok, tok.Append(nil, tt.text)), " ")
			if got != tt.want {
				t.Errorf("%+q:\n got %s\nwant %s", tt.text, got, tt.want)
			}
			if got, want := tok.VocabSize(), id+1; got != want {
				t.Errorf("vocabulary size is %d, want %d", got, want)
			}
		})
	}
}

func TestPairTruncates(t *testing.T) {
	tok := newTokenizer(t, smallVocab, Options{})
	tests := []struct {
		name           string
		query, passage string
		maxLength      int
		keep           Keep
		want           string
		split, cut     int
	}{
		{"both empty", "", "", 512, KeepStart, "[CLS] [SEP] [SEP]", 2, 0},
		{"empty passage", "a", "", 512, KeepStart, "[CLS] a [SEP] [SEP]", 3, 0},
		{"empty query", "", "a", 512, KeepStart, "[CLS] [SEP] a [SEP]", 2, 0},
		{"exactly long enough", "a b", "c e", 7, KeepStart, "[CLS] a b [SEP] c e [SEP]", 4, 0},
		{"only the longer passage", "a", "a b c e i", 7, KeepStart, "[CLS] a [SEP] a b c [SEP]", 3, 2},
		{"only the longer passage, its end kept", "a", "a b c e i", 7, KeepEnd, "[CLS] a [SEP] c e i [SEP]", 3, 2},
		{"only the longer query", "a b c e i", "a", 7, KeepStart, "[CLS] a b c [SEP] a [SEP]", 5, 2},
		{"only the longer query, its end kept", "a b c e i", "a", 7, KeepEnd, "[CLS] c e i [SEP] a [SEP]", 5, 2},
		{"both, the odd one to the passage of equals", "a b c", "a b c", 6, KeepStart, "[CLS] a [SEP] a b [SEP]", 3, 3},
		{"both, the odd one to the longer query", "a b c e", "a b c", 6, KeepStart, "[CLS] a b [SEP] a [SEP]", 4, 4},
		{"both, the odd one to the longer passage", "a b", "a b c", 6, KeepEnd, "[CLS] b [SEP] b c [SEP]", 3, 2},
		{"reading goes on after a written unknown piece", "a b c a b [UNK] a", "a b c a b c a", 6, KeepStart, "[CLS] a b [SEP] a [SEP]", 4, 11},
		{"but not after an unknown word", "a b c a b abz a", "a b c a b c a", 6, KeepStart, "[CLS] a [SEP] a b [SEP]", 3, 11},
		{"reading from the end, too", "a [UNK] a b c a b", "a b c a b c a", 6, KeepEnd, "[CLS] a b [SEP] a [SEP]", 4, 11},
		{"room for one", "a", "b", 4, KeepStart, "[CLS] [SEP] b [SEP]", 2, 1},
		{"room for none", "a", "b", 3, KeepStart, "[CLS] [SEP] [SEP]", 2, 2},
		{"less than the special tokens", "a", "b", 1, KeepEnd, "[CLS] [SEP] [SEP]", 2, 2},
		{"nothing allowed", "a", "b", 0, KeepStart, "[CLS] [SEP] [SEP]", 2, 2},
		{"nonsense", "a", "b", -5, KeepStart, "[CLS] [SEP] [SEP]", 2, 2},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ids, split, cut := tok.Pair(nil, tt.query, tt.passage, tt.maxLength, tt.keep)
			if got := strings.Join(pieces(tok, ids), " "); got != tt.want || split != tt.split || cut != tt.cut {
				t.Errorf("got %s, split %d, cut %d\nwant %s, split %d, cut %d",
					got, split, cut, tt.want, tt.split, tt.cut)
			}
		})
	}
}

func TestNewRefuses(t *testing.T) {
	with := func(pieces ...string) []string { return append(strings.Fields("[UNK] [CLS] [SEP]"), pieces...) }
	added := func(tokens ...AddedToken) Options { return Options{Added: tokens} }
	tests := []struct {
		name  string
		vocab []string
		opts  Options
		want  string
	}{
		{"nothing", nil, Options{}, `no piece "[UNK]"`},
		{"no [CLS]", []string{"[UNK]", "[SEP]"}, Options{}, `no piece "[CLS]"`},
		{"no [SEP]", []string{"[UNK]", "[CLS]"}, Options{}, `no piece "[SEP]"`},
		{"no token of the name given", with(), Options{Unknown: "<unk>"}, `no piece "<unk>"`},
		{"a piece that would overflow the stack", with(strings.Repeat("a", 8<<20)), Options{}, "piece 3 has 8388608 bytes; at most 16384"},
		{"an added token that would overflow the stack", with(), added(AddedToken{Content: strings.Repeat("a", 8<<20), ID: 3}),
			"has 8388608 bytes; at most 16384"},
		{"a piece twice", with("a", "a"), Options{}, `piece "a" appears twice, as 3 and 4`},
		{"invalid UTF-8", with("\xff"), Options{}, "piece 3"},
		{"a byte 0", with("a\x00"), Options{}, "piece 3"},
		{"an added token without content", with(), added(AddedToken{}), "no content"},
		{"an added token twice", with(), added(AddedToken{Content: "a", ID: 3}, AddedToken{Content: "a", ID: 4}), "twice"},
		{"an added token with another's id", with("a"), added(AddedToken{Content: "b", ID: 3}), `the id of "a"`},
		{"an added token with a wrong id", with("a"), added(AddedToken{Content: "a", ID: 4}), "but id 3 in the vocabulary"},
		{"an added token with a negative id", with(), added(AddedToken{Content: "a", ID: -1}), "not between"},
		{"an added token that normalizing deletes", with(),
			added(AddedToken{Content: "\u0301", ID: 3, Normalized: true}), "normalization removes all of it"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tok, err := New(tt.vocab, tt.opts)
			if err == nil || tok != nil || !strings.Contains(err.Error(), tt.want) {
				t.Errorf("got %v and error %v, want an error with %q", tok, err, tt.want)
			}
		})
	}
}

func TestToken(t *testing.T) {
	vocab := []string{"[UNK]", "", "[CLS]", "[SEP]"}
	tok := newTokenizer(t, vocab, Options{Added: []AddedToken{{Content: "x", ID: 1}, {Content: "y", ID: 6}}})
	for id, want := range map[int32]string{-1: "", 0: "[UNK]", 1: "x", 5: "", 6: "y", 7: ""} {
		if got := tok.Token(id); got != want {
			t.Errorf("token %d is %q, want %q", id, got, want)
		}
	}
	if got := tok.VocabSize(); got != 7 {
		t.Errorf("vocabulary size is %d, want 7", got)
	}
	if vocab[1] != "" {
		t.Error("New changed the caller's vocabulary")
	}
}

func TestPairAllocatesNothing(t *testing.T) {
	if raceDetector {
		t.Skip("the race detector makes sync.Pool forget buffers on purpose")
	}
	tok := newTokenizer(t, smallVocab, Options{})
	texts := map[string]string{
		"ASCII":     "The unwanted cafe, [SEP] and abc!",
		"non-ASCII": "Café İstanbul 漢字 “😀” \u302e\U0001d165 a\x00b \xff новый",
		"long":      strings.Repeat("ünwäntéd漢 ", 500),
	}
	for name, text := range texts {
		t.Run(name, func(t *testing.T) {
			dst, _, _ := tok.Pair(nil, text, text, 512, KeepStart)
			allocs := testing.AllocsPerRun(100, func() {
				dst, _, _ = tok.Pair(dst[:0], text, text, 512, KeepEnd)
			})
			if allocs != 0 {
				t.Errorf("%v allocations a pair", allocs)
			}
		})
	}
}

// TestConcurrentUse has many goroutines meet the same new characters at once; the race detector
// judges.
func TestConcurrentUse(t *testing.T) {
	tok := newTokenizer(t, smallVocab, Options{})
	text := "café 漢字 😀 \u302e \U0001d165 новый \u1e9e"
	want, _, _ := newTokenizer(t, smallVocab, Options{}).Pair(nil, text, text, 512, KeepStart)
	var group sync.WaitGroup
	for range 8 {
		group.Go(func() {
			if got, _, _ := tok.Pair(nil, text, text, 512, KeepStart); !slices.Equal(got, want) {
				t.Errorf("got %v, want %v", got, want)
			}
		})
	}
	group.Wait()
}

// TestAppendHostileText tokenizes a mebibyte of what is worst for each stage. All of it is linear
// in the text, so that a test that takes seconds here has found something.
func TestAppendHostileText(t *testing.T) {
	const size = 1 << 20
	fill := func(s string) string { return strings.Repeat(s, size/len(s)) }
	tok := newTokenizer(t, smallVocab, Options{})
	tests := []struct {
		name, text string
		tokens     int
		first      string
	}{
		{"one word", fill("a"), 1, "[UNK]"},
		{"one word that is not ASCII", fill("é"), 1, "[UNK]"},
		{"one word that shows at its end that it is not ASCII", fill("a") + "é", 1, "[UNK]"},
		{"accents alone", fill("\u0301"), 0, ""},
		{"marks in the wrong order", fill("\u302e\U0001d165"), 1, "[UNK]"},
		{"brackets", fill("["), size, "["},
		{"beginnings of a special token", fill("[SE"), size / 3 * 2, "["},
		{"white space", fill(" "), 0, ""},
		{"bytes 0", fill("\x00"), 0, ""},
		{"invalid UTF-8", fill("\xff"), 0, ""},
		{"CJK without a space", fill("漢"), size / 3, "漢"},
		{"words of 100 letters with no piece at the end", fill(strings.Repeat("a", 99) + "z "), size / 101, "[UNK]"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			ids := tok.Append(nil, tt.text)
			if len(ids) != tt.tokens || len(ids) > 0 && tok.Token(ids[0]) != tt.first {
				t.Errorf("%d tokens, want %d of which the first is %q; got %q", len(ids), tt.tokens, tt.first,
					pieces(tok, ids[:min(len(ids), 5)]))
			}
		})
	}
}

package tokenizer

import (
	"strings"
	"testing"
)

func TestRegexRefused(t *testing.T) {
	for regex, want := range map[string]string{
		``: "match nothing", `a*`: "match nothing", `a|`: "match nothing", `(?=a)`: "match nothing", `(`: "without its )", `)`: "without its (", `[`: "without its ]",
		`[]`: "empty brackets", `[a-z&&[^b]]`: "brackets in brackets", `[[:alpha:]]`: "brackets in brackets", `^a`: "anchor", `a$`: "anchor", `*a`: "nothing before it",
		`a**`: "repetition of a repetition", `(a*)*b`: "repetition of what can match nothing", `a{2}{3}`: "repetition of a repetition", `a{1000}`: "at most 256",
		`(((a{200}){200}){200})`: "too long", `\1`: `\1`, `\p{Greek}`: `\p{Greek}`, `\pL`: "without a name", `\k<a>`: `\k`, `(?<name>a)`: "(?<nam", `(?m:.)`: "(?m:.)",
		`(?<=ab)c`: "more than one character", `(?i:straße)`: "either case", `(?i:first)`: "either case", `(?i:[a-z])`: "brackets in either case", `a{2}+`: "+ after braces",
		`[z-a]`: "ends before", `[\d-x]`: "after a class", `\x{110000}`: `\x`, `a{`: "no repetition", "\xff": "UTF-8", `\`: "backslash at its end",
		strings.Repeat("(", 60) + "a" + strings.Repeat(")", 60): "too deep",
	} {
		if _, err := newRegex(regex); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("%.60s: got %v, want an error with %s", regex, err, want)
		}
	}
}

func TestRegexFind(t *testing.T) {
	for _, c := range []struct{ regex, text, want string }{
		{`a|ab`, "xab", "a"}, {`(?>a|ab)c`, "abc", ""}, {`(?:a|ab)c`, "abc", "abc"}, {`a+?b`, "aab", "aab"}, {`a{2,3}`, "aaaa", "aaa"}, {`a{,2}b`, "aab", "aab"},
		{`\s+(?!\S)`, "a   b", "  "}, {`\s+(?=\S)`, "  b", "  "}, {`(?<!a)b`, "abb", "b"}, {`[^a-c\s]+`, "ab de", "de"}, {`(?i:'LL|k)`, "'lL", "'lL"}, {`(?i:k)`, "\u212a", "\u212a"},
		{`\bfoo\b`, "afoo foo", "foo"}, {`\Aa`, "ba", ""}, {`a\z`, "aba", "a"}, {`\p{^L}`, "ab1", "1"}, {`\P{L}`, "ab1", "1"}, {`.`, "\n\u2028", "\u2028"}, {`\x41\u00e9`, "Aé", "Aé"},
		{`(a|b)+c`, strings.Repeat("ab", 3000) + "c", strings.Repeat("ab", 3000) + "c"},
	} {
		r, err := newRegex(c.regex)
		if err != nil {
			t.Errorf("%s: %v", c.regex, err)
			continue
		}
		start, end, _ := r.find(c.text, 0, new(memory))
		if got := c.text[start:end]; got != c.want {
			t.Errorf("%s in %.40q: got %.40q, want %.40q", c.regex, c.text, got, c.want)
		}
	}
}

// A search that fails again and again does not take a time that grows with the square of the text,
// and still finds what it should.
func TestRegexHostile(t *testing.T) {
	for _, c := range []struct{ regex, text string }{
		{`a*b|a`, strings.Repeat("a", 1<<17)}, {`(?:a|a)+b|a`, strings.Repeat("a", 1<<14)}, {`(?:a+)+b|a`, strings.Repeat("a", 1<<14)}, {`\s*x|\s`, strings.Repeat(" ", 1<<17)},
		{`(?=a*b)a|a`, strings.Repeat("a", 1<<14)},
	} {
		r, err := newRegex(c.regex)
		if err != nil {
			t.Fatal(err)
		}
		s := Split{r, Isolated, false}
		var w words
		w.reset(c.text, true)
		s.cut(&w)
		if len(w.spans) != len(c.text) {
			t.Errorf("%s: %d words, want %d", c.regex, len(w.spans), len(c.text))
		}
	}
}

func FuzzRegex(f *testing.F) {
	for _, s := range []string{gpt2Pattern, qwenPattern, llamaPattern, `(?>a|ab)c|[^\s\p{N}]{2,3}?`, `\bfoo(?=x)|(?<!a)b++`} {
		f.Add(s, "It's  12 foox ab\n\n ")
	}
	f.Fuzz(func(t *testing.T, regex, text string) {
		r, err := newRegex(regex)
		if err != nil || len(text) > 1<<10 {
			return
		}
		text = string([]rune(text))
		m := new(memory)
		quick := new(memory)
		for from := 0; from < len(text); {
			start, end, ok := r.find(text, from, m)
			if !ok {
				break
			}
			if start < from || end <= start || end > len(text) {
				t.Fatalf("%q in %q from %d: match %d to %d", regex, text, from, start, end)
			}
			quick.reset()
			quick.steps = patience // with memory from the first step
			if s, e, ok := r.find(text, from, quick); !ok || s != start || e != end {
				t.Fatalf("%q in %q from %d: match %d to %d, with memory %d to %d, %v", regex, text, from, start, end, s, e, ok)
			}
			from = end
		}
	})
}

// FuzzScanners compares the patterns that are scanned by hand with the engine.
func FuzzScanners(f *testing.F) {
	for _, s := range []string{"It's I'LL 'ſ  12 ab\r\n\n  x", " \u00a0\u2028a", "'", " '", "a\n \n b", "٣٤ ½ x²"} {
		f.Add(s)
	}
	engines := make(map[string]*regex)
	for pattern := range scanners {
		r, err := newRegex(pattern)
		if err != nil {
			f.Fatal(err)
		}
		engines[pattern] = r
	}
	f.Fuzz(func(t *testing.T, text string) {
		text = string([]rune(text))
		for pattern, scan := range scanners {
			for from := 0; from < len(text); {
				to := scan(text, from)
				start, end, ok := engines[pattern].find(text, from, new(memory))
				if !ok || start != from || end != to {
					t.Fatalf("%q from %d with %s: scanned to %d, the engine matches %d to %d, %v", text, from, pattern, to, start, end, ok)
				}
				from = to
			}
		}
	})
}

func FuzzPrecompiled(f *testing.F) {
	f.Add([]byte("\x08\x00\x00\x00\x00\x04\x00\x00\x61\x01\x00\x00A\x00"), "a\u0301")
	f.Fuzz(func(t *testing.T, charsmap []byte, text string) {
		n, err := NewPrecompiled(charsmap)
		if err != nil {
			return
		}
		n.append(nil, string([]rune(text)))
	})
}

// FuzzPipeline runs texts through all components: nothing panics, and ids are in range.
func FuzzPipeline(f *testing.F) {
	for _, s := range []string{"the Café 漢字 12", "<s> a\u0301\u200d \x00\xff", "\u1112\u1161\u11ab 🇩🇪👩‍👧 ", "a  b\n\n c"} {
		f.Add(s, "the\tb")
	}
	added := []AddedToken{{Content: "<s>", ID: 0, LStrip: true}}
	var toks []*Tokenizer
	for _, model := range []func() Model{
		func() Model { return smallBPE(f, BPEOptions{Unknown: "<s>", FuseUnknown: true}) }, func() Model { return smallUnigram(f, true) },
	} {
		for _, normalizers := range [][]Normalizer{{NFKC, Lowercase{}, RemoveMarks{}}, {NMT{}, NFD, Strip{Left: true}}, {NewBERTNormalizer(Options{})}, {ByteCharacters{}}} {
			for _, pre := range [][]PreTokenizer{{ByteLevel{AddPrefixSpace: true}}, {WhitespaceSplit{}, Metaspace{Replacement: '▁', Prepend: PrependFirst}},
				{Punctuation{MergedWithNext}, Digits{}, ByteLevel{Plain: true}}, {Whitespace{}}, nil} {
				tokens := added[:1]
				if m := model(); len(m.pieces()) < 30 {
					tokens = []AddedToken{added[0], {Content: "the", ID: 22, Normalized: true, SingleWord: true}}
				}
				toks = append(toks, build(f, Config{Model: model(), Normalizers: normalizers, PreTokenizers: pre, Added: tokens}))
			}
		}
	}
	f.Fuzz(func(t *testing.T, query, passage string) {
		for _, tok := range toks {
			ids, boundary, cut := tok.Pair(nil, query, passage, 16, KeepEnd)
			if boundary < 0 || boundary > len(ids) || cut < 0 {
				t.Fatalf("%q, %q: boundary %d of %d, %d cut", query, passage, boundary, len(ids), cut)
			}
			for _, id := range ids {
				if id < 0 || int(id) >= tok.VocabSize() {
					t.Fatalf("%q, %q: id %d of %d", query, passage, id, tok.VocabSize())
				}
			}
			q, p := tok.Append(nil, query), tok.Append(nil, passage)
			joined, b2, c2 := tok.Join(nil, q, p, 16, KeepEnd)
			if len(joined) != len(ids) || b2 != boundary || c2 != cut {
				t.Fatalf("%q, %q: Pair and Join differ", query, passage)
			}
		}
	})
}

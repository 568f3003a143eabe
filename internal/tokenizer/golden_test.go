package tokenizer

import (
	"crypto/sha256"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"
)

// golden is what testdata/reference.js writes: the library's own answers.
type golden struct {
	Settings []struct {
		Name    string
		Options goldenOptions
	}
	Digests map[string]string
	Cases   []struct {
		Settings, Query, Passage, Direction string
		MaxLength                           int `json:"max_length"`
		IDs                                 []int32
		TypeIDs                             []int32 `json:"type_ids"`
	}
}

type goldenOptions struct {
	CleanText          *bool `json:"clean_text"`
	HandleChineseChars *bool `json:"handle_chinese_chars"`
	StripAccents       *bool `json:"strip_accents"`
	Lowercase          *bool
	Added              []struct {
		Content                             string
		ID                                  int32
		SingleWord                          bool `json:"single_word"`
		LStrip, RStrip, Normalized, Special bool
	}
}

func (g goldenOptions) options() Options {
	no := func(b *bool) bool { return b != nil && !*b }
	opts := Options{Cased: no(g.Lowercase), KeepControls: no(g.CleanText), JoinCJK: no(g.HandleChineseChars)}
	if g.StripAccents != nil {
		opts.Accents = KeepAccents
		if *g.StripAccents {
			opts.Accents = StripAccents
		}
	}
	if g.Added != nil {
		opts.Added = []AddedToken{}
	}
	for _, a := range g.Added {
		opts.Added = append(opts.Added, AddedToken(a))
	}
	return opts
}

func readGolden(t testing.TB) *golden {
	t.Helper()
	data, err := os.ReadFile("testdata/golden.json")
	if err != nil {
		t.Fatal(err)
	}
	g := new(golden)
	if err := json.Unmarshal(data, g); err != nil {
		t.Fatal(err)
	}
	return g
}

func readLines(t testing.TB, path string) []string {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return strings.Split(strings.TrimSuffix(string(data), "\n"), "\n")
}

func newTokenizer(t testing.TB, vocab []string, opts Options) *Tokenizer {
	t.Helper()
	tok, err := New(vocab, opts)
	if err != nil {
		t.Fatal(err)
	}
	return tok
}

func checkPair(t *testing.T, tok *Tokenizer, query, passage string, maxLength int, keep Keep, ids, typeIDs []int32) {
	t.Helper()
	got, split, _ := tok.Pair(nil, query, passage, maxLength, keep)
	if !slices.Equal(got, ids) {
		t.Errorf("%+q, %+q, at most %d:\n got %v\nwant %v", query, passage, maxLength, got, ids)
		return
	}
	if want := len(typeIDs) - int(sum(typeIDs)); split != want {
		t.Errorf("%+q, %+q: %d tokens have type id 0, want %d", query, passage, split, want)
	}
}

func sum(ids []int32) (n int32) {
	for _, id := range ids {
		n += id
	}
	return n
}

func TestGolden(t *testing.T) {
	g := readGolden(t)
	vocab := readLines(t, "testdata/vocab.txt")
	tokenizers := make(map[string]*Tokenizer)
	for _, s := range g.Settings {
		tokenizers[s.Name] = newTokenizer(t, vocab, s.Options.options())
	}
	if len(g.Cases) < 500 {
		t.Fatalf("only %d cases", len(g.Cases))
	}
	for _, c := range g.Cases {
		keep := KeepStart
		if c.Direction == "left" {
			keep = KeepEnd
		}
		t.Run(c.Settings, func(t *testing.T) {
			checkPair(t, tokenizers[c.Settings], c.Query, c.Passage, c.MaxLength, keep, c.IDs, c.TypeIDs)
		})
	}
}

// TestEveryRune compares what becomes of every code point with the library by digests, since the
// forms themselves would be megabytes. A failure means that Go's or x/text's Unicode tables have
// moved, and unicode.go must mask more.
func TestEveryRune(t *testing.T) {
	if raceDetector {
		t.Skip("a million characters take long under the race detector, and one goroutine has no races")
	}
	const none = KeepAccents
	forms := map[string]Options{
		"clean": {Cased: true, JoinCJK: true, Accents: none},
		"cjk":   {Cased: true, KeepControls: true, Accents: none},
		"strip": {Cased: true, KeepControls: true, JoinCJK: true, Accents: StripAccents},
		"lower": {KeepControls: true, JoinCJK: true, Accents: none},
		"all":   {},
	}
	lines := map[string]func(r rune) string{
		"class": func(r rune) string {
			switch {
			case isSpace(r):
				return "2"
			case isPunctuation(r):
				return "3"
			}
			return "1"
		},
	}
	for name, opts := range forms {
		n := newBERTNormalizer(opts)
		lines[name] = func(r rune) string { return hexRunes(n.append(nil, string(r))) }
	}
	strip := newBERTNormalizer(forms["strip"])
	lines["order"] = func(r rune) string { return hexRunes(strip.append(nil, "a\u302E"+string(r)+"\U0001D165")) }

	want := readGolden(t).Digests
	if len(want) != len(lines) {
		t.Errorf("the golden file has %d digests, want %d", len(want), len(lines))
	}
	for name, line := range lines {
		t.Run(name, func(t *testing.T) {
			hash := sha256.New()
			for r := rune(0); r <= utf8.MaxRune; r++ {
				if utf8.ValidRune(r) {
					hash.Write([]byte(line(r) + "\n"))
				}
			}
			if got := fmt.Sprintf("%x", hash.Sum(nil)); got != want[name] {
				t.Errorf("digest of all characters is %s, want %s", got, want[name])
			}
		})
	}
}

func hexRunes(text []byte) string {
	var s []byte
	for i, r := range string(text) {
		if i > 0 {
			s = append(s, ' ')
		}
		s = strconv.AppendInt(s, int64(r), 16)
	}
	return string(s)
}

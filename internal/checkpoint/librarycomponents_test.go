package checkpoint

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/material"
	"github.com/crossrank/crossrank/internal/tokenizer"
)

// component is a section of tokenizer.json.
type component map[string]any

func named(kind string, members ...any) component {
	c := component{"type": kind}
	for i := 0; i < len(members); i += 2 {
		c[members[i].(string)] = members[i+1]
	}
	return c
}

func bertNormalizer(clean, chinese bool, accents any, lower bool) component {
	return named("BertNormalizer", "clean_text", clean, "handle_chinese_chars", chinese, "strip_accents", accents, "lowercase", lower)
}

func replaceRegex(regex, content string) component {
	return named("Replace", "pattern", component{"Regex": regex}, "content", content)
}

func normalizers(steps ...component) component {
	return named("Sequence", "normalizers", append([]component{}, steps...))
}

func preTokenizers(steps ...component) component {
	return named("Sequence", "pretokenizers", append([]component{}, steps...))
}

func split(kind, pattern, behavior string, invert bool) component {
	return named("Split", "pattern", component{kind: pattern}, "behavior", behavior, "invert", invert)
}

func metaspace(scheme string, split bool) component {
	return named("Metaspace", "replacement", "▁", "prepend_scheme", scheme, "split", split)
}

func byteLevel(prefix, regex bool) component {
	return named("ByteLevel", "add_prefix_space", prefix, "trim_offsets", true, "use_regex", regex)
}

var testNormalizers = []component{
	bertNormalizer(true, true, nil, true), bertNormalizer(false, true, nil, true), bertNormalizer(true, false, true, false), bertNormalizer(true, true, false, true),
	named("NFC"), named("NFD"), named("NFKC"), named("NFKD"), named("Lowercase"), named("Nmt"), named("StripAccents"),
	normalizers(named("NFD"), named("StripAccents"), named("Lowercase")), normalizers(named("NFKD"), named("StripAccents")),
	named("Strip", "strip_left", true, "strip_right", false), named("Strip", "strip_left", false, "strip_right", true),
	named("Prepend", "prepend", "▁"), named("Replace", "pattern", component{"String": "a"}, "content", "bé"),
	replaceRegex(" {2,}", " "), replaceRegex(`\s+`, " "), replaceRegex(`[\x{300}-\x{36f}]`, ""), replaceRegex(`(?<=\p{L})\p{N}`, "#"),
	replaceRegex(`(?i:the)`, "<a>"), replaceRegex(`\bd\w*`, "-"),
	normalizers(named("Nmt"), named("NFKC"), replaceRegex(" {2,}", " "), named("Lowercase")), normalizers(),
	normalizers(named("Prepend", "prepend", "▁"), named("Replace", "pattern", component{"String": " "}, "content", "▁")),
}

// testRegexes are patterns of real tokenizers, and others for parts of the engine.
var testRegexes = []string{
	`'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,
	`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
	`(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`,
	`(?:'s|'t|'re|'ve|'m|'ll|'d)| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`,                                            // the first one in other words, for the engine
	`[^\r\n\p{L}\p{N}]?[\p{Lu}\p{Lt}\p{Lm}\p{Lo}\p{M}]*[\p{Ll}\p{Lm}\p{Lo}\p{M}]+|[\p{Lu}\p{Lt}]+|\p{Nd}|[\p{P}\p{S}]+|\p{Z}|.`, // as in newer vocabularies
	`[^\r\n\p{L}\p{N}]?+\p{L}++|\p{N}{1,3}?|\s*+[\r\n]|\s+(?=\S)|[^\s]`,
	`\d{2,3}?|\w+?\b|\S`, `\W+`, `\D+`, `(?>a|ab)c|.`, `[a-c\d_-]+|[^a-z]`, `(?<!a)b|(?<=\s)\S+`, `\A.|.\z`, `\u00e9|\x41|\t`, `(a|b|cc)+`,
}

var testPreTokenizers = func() (list []component) {
	behaviors := []string{"Removed", "Isolated", "MergedWithPrevious", "MergedWithNext", "Contiguous"}
	list = []component{
		named("BertPreTokenizer"), named("Whitespace"), named("WhitespaceSplit"), named("Digits", "individual_digits", true),
		named("Digits", "individual_digits", false), byteLevel(false, true), byteLevel(true, true), byteLevel(true, false), byteLevel(false, false),
		metaspace("always", true), metaspace("first", true), metaspace("never", true), metaspace("first", false), metaspace("always", false),
		named("Metaspace", "replacement", "_", "add_prefix_space", true), named("Metaspace", "replacement", "▁", "add_prefix_space", false, "prepend_scheme", "never"),
		preTokenizers(named("WhitespaceSplit"), metaspace("always", true)), preTokenizers(named("WhitespaceSplit"), metaspace("first", true)),
		preTokenizers(named("Digits", "individual_digits", true), byteLevel(false, true)), preTokenizers(byteLevel(false, true), named("Digits", "individual_digits", true)),
		preTokenizers(named("Punctuation", "behavior", "Contiguous"), byteLevel(true, true)), preTokenizers(), preTokenizers(metaspace("first", true), named("Punctuation", "behavior", "Isolated")),
		preTokenizers(split("Regex", `\s+`, "MergedWithNext", false), metaspace("first", true)),
	}
	for _, b := range behaviors {
		list = append(list, named("Punctuation", "behavior", b), split("String", "a", b, false), split("String", " ", b, true), split("Regex", `\s+|[aeiou]`, b, false),
			split("Regex", `\w+|[^\w\s]+`, b, true))
	}
	for _, r := range testRegexes {
		list = append(list, split("Regex", r, "Isolated", false), preTokenizers(split("Regex", r, "MergedWithPrevious", true), byteLevel(false, false)))
	}
	return list
}()

// variant is a fixture's tokenizer.json with other sections.
type variant map[string]any

func readVariant(t *testing.T, fixture string) variant {
	t.Helper()
	v := variant{}
	material.ReadJSON(t, &v, "fixtures", fixture, tokenizerFile)
	return v
}

// open opens a variant here and in the library.
func (v variant) open(t *testing.T, lib *library) *tokenizer.Tokenizer {
	t.Helper()
	data := short(v)
	if _, err := lib.ask(libraryRequest{JSON: &data}); err != nil {
		t.Fatalf("the library: %v", err)
	}
	return buildTokenizer(t, []byte(data))
}

// compareVariant compares a tokenizer with the library's, over texts.
func compareVariant(t *testing.T, lib *library, v variant, n int) {
	t.Helper()
	compareTexts(t, lib, v.open(t, lib), newTextMaker(3), n)
}

func short(c any) string {
	text, _ := json.Marshal(c)
	return string(text)
}

// TestLibraryComponents compares single components, in the tokenizers of a model of each kind.
func TestLibraryComponents(t *testing.T) {
	lib := startLibrary(t)
	n := comparedTexts(t) / 5
	for _, fixture := range []string{"xlmr-a", "roberta-a", "distilbert-a"} {
		for _, c := range testNormalizers {
			t.Run(fixture+"/"+short(c), func(t *testing.T) {
				v := readVariant(t, fixture)
				v["normalizer"] = c
				compareVariant(t, lib, v, n)
			})
		}
		for _, c := range testPreTokenizers {
			t.Run(fixture+"/"+short(c), func(t *testing.T) {
				v := readVariant(t, fixture)
				v["pre_tokenizer"] = c
				if fixture == "distilbert-a" && strings.Contains(short(c), "first") {
					t.Skip("a space that BertNormalizer puts before the first character is not counted as the beginning of a text")
				}
				compareVariant(t, lib, v, n)
			})
		}
	}
}

// TestLibraryModels compares the settings of models, and of added tokens.
func TestLibraryModels(t *testing.T) {
	lib := startLibrary(t)
	n := comparedTexts(t)
	model := func(v variant) map[string]any { return v["model"].(map[string]any) }
	bytePieces := func(add func(piece string)) {
		for b := range 256 {
			add(fmt.Sprintf("<0x%02X>", b))
		}
	}
	for _, c := range []struct {
		name, fixture string
		edit          func(v variant)
	}{
		{"Unigram with bytes", "xlmr-a", func(v variant) {
			m := model(v)
			m["byte_fallback"] = true
			vocab := m["vocab"].([]any)
			mask := vocab[len(vocab)-1]
			vocab = vocab[:len(vocab)-1] // its id changes, and so does that of the added token
			bytePieces(func(piece string) { vocab = append(vocab, []any{piece, -30.0}) })
			m["vocab"] = append(vocab, mask)
			added := v["added_tokens"].([]any)
			added[len(added)-1].(map[string]any)["id"] = len(vocab)
		}},
		{"Unigram with some bytes", "xlmr-a", func(v variant) {
			m := model(v)
			m["byte_fallback"] = true
			vocab := m["vocab"].([]any)
			for i, b := range []byte("\xe0\xe1\xf0\x9f\x98\x80\xa4") {
				vocab[5000+i] = []any{fmt.Sprintf("<0x%02X>", b), -30.0}
			}
		}},
		{"Unigram with a piece twice, positive scores and long unknown pieces", "xlmr-a", func(v variant) {
			vocab := model(v)["vocab"].([]any)
			vocab[6000], vocab[6001], vocab[6002] = []any{"the", 50.0}, []any{"the", -1.0}, []any{"\U000e0fff\U000e0fff", 3.0}
		}},
		{"BPE that takes whole words", "qwen3-seq-a", func(v variant) { model(v)["ignore_merges"] = true }},
		{"Llama 3's tokenizer", "qwen3-seq-a", func(v variant) {
			v["normalizer"], model(v)["ignore_merges"] = nil, true
			v["pre_tokenizer"] = preTokenizers(split("Regex", testRegexes[2], "Isolated", false), byteLevel(false, false))
		}},
		{"BPE of characters", "roberta-a", func(v variant) {
			v["pre_tokenizer"] = named("Whitespace")
			model(v)["unk_token"] = "<unk>"
		}},
		{"BPE of characters, unknown ones fused", "roberta-a", func(v variant) {
			v["pre_tokenizer"] = named("WhitespaceSplit")
			model(v)["unk_token"], model(v)["fuse_unk"] = "<unk>", true
		}},
		{"BPE that drops unknown characters", "roberta-a", func(v variant) { v["pre_tokenizer"] = named("WhitespaceSplit") }},
		{"BPE with bytes", "roberta-a", func(v variant) {
			v["pre_tokenizer"] = named("WhitespaceSplit")
			m := model(v)
			m["byte_fallback"], m["unk_token"], m["fuse_unk"] = true, "<unk>", true
			vocab := m["vocab"].(map[string]any)
			bytePieces(func(piece string) { vocab[piece] = len(vocab) })
		}},
		{"BPE with bytes before an unknown one is fused", "roberta-a", func(v variant) {
			v["pre_tokenizer"] = named("WhitespaceSplit")
			m := model(v)
			m["byte_fallback"], m["unk_token"], m["fuse_unk"] = true, "<unk>", true
			vocab := m["vocab"].(map[string]any)
			for _, b := range []byte("é漢\u0301") {
				if piece := fmt.Sprintf("<0x%02X>", b); vocab[piece] == nil {
					vocab[piece] = len(vocab)
				}
			}
		}},
		{"BPE with a prefix and a suffix", "roberta-a", func(v variant) {
			v["pre_tokenizer"] = named("Whitespace")
			v["model"] = component{"type": "BPE", "unk_token": "<unk>", "continuing_subword_prefix": "##", "end_of_word_suffix": "</w>",
				"dropout": nil, "fuse_unk": false, "byte_fallback": false,
				"vocab": map[string]any{"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "a": 4, "##a": 5, "##b": 6, "##a</w>": 7, "##b</w>": 8, "a</w>": 9, "ab</w>": 10,
					"aa": 11, "t": 12, "##h": 13, "##e</w>": 14, "th": 15, "the</w>": 16, "i": 17, "##n</w>": 18, "in</w>": 19, "##e": 20, "<mask>": 21},
				"merges": []string{"t ##h", "th ##e</w>", "a ##b</w>", "a ##a", "i ##n</w>"}}
			added := v["added_tokens"].([]any)
			added[len(added)-1].(map[string]any)["id"] = 21
		}},
		{"WordPiece of short words", "distilbert-a", func(v variant) {
			v["pre_tokenizer"] = named("WhitespaceSplit")
			model(v)["max_input_chars_per_word"] = 5
		}},
		{"added tokens of all kinds", "xlmr-a", addTokens}, {"added tokens of all kinds, of bytes", "roberta-a", addTokens},
		{"added tokens of all kinds in lower case", "distilbert-a", addTokens},
		{"added tokens in a text of which nothing precedes", "xlmr-a", func(v variant) {
			addTokens(v)
			for i, a := range v["added_tokens"].([]any) { // one that normalizing removes is refused
				if token := a.(map[string]any); strings.TrimSpace(token["content"].(string)) == "" {
					token["content"] = fmt.Sprint("token", i)
				}
			}
			v["pre_tokenizer"] = metaspace("first", true)
			v["normalizer"] = named("Strip", "strip_left", true, "strip_right", true)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			v := readVariant(t, c.fixture)
			c.edit(v)
			compareVariant(t, lib, v, n)
		})
	}
}

// addTokens adds tokens with each setting.
func addTokens(v variant) {
	ids := make(map[string]float64)
	switch vocab := v["model"].(map[string]any)["vocab"].(type) {
	case []any:
		for i, piece := range vocab {
			ids[piece.([]any)[0].(string)] = float64(i)
		}
	case map[string]any:
		for piece, id := range vocab {
			ids[piece] = id.(float64)
		}
	}
	added := v["added_tokens"].([]any)
	next := 0.0
	for _, id := range ids {
		next = max(next, id+1)
	}
	for _, a := range added {
		next = max(next, a.(map[string]any)["id"].(float64)+1)
	}
	for i, text := range []string{"The", "the q", "é", "Größe", "漢", "क", "  ", "not", "12", "2", "an", "\n", "Ñ", "мир", "ab"} {
		id, ok := ids[text]
		if !ok {
			id = next
			next++
		}
		added = append(added, map[string]any{"id": id, "content": text, "single_word": i%2 == 1, "lstrip": i%3 == 1, "rstrip": i%5 == 2,
			"normalized": i%4 > 1, "special": i%7 == 0})
	}
	v["added_tokens"] = added
}

// TestLibraryPairs compares the templates of pairs, with truncation.
func TestLibraryPairs(t *testing.T) {
	lib := startLibrary(t)
	special := func(id string, kind int) component {
		return component{"SpecialToken": component{"id": id, "type_id": kind}}
	}
	text := func(id string, kind int) component {
		return component{"Sequence": component{"id": id, "type_id": kind}}
	}
	tokens := component{"<s>": component{"id": "<s>", "ids": []int{0}, "tokens": []string{"<s>"}},
		"</s>": component{"id": "</s>", "ids": []int{2, 3}, "tokens": []string{"</s>", "<unk>"}}}
	template := func(parts ...component) component {
		return named("TemplateProcessing", "single", []component{text("A", 0)}, "pair", parts, "special_tokens", tokens)
	}
	bert := named("BertProcessing", "cls", []any{"<s>", 0}, "sep", []any{"</s>", 2})
	for _, c := range []any{
		nil, bert, named("RobertaProcessing", "cls", []any{"<s>", 0}, "sep", []any{"</s>", 2}, "trim_offsets", true, "add_prefix_space", true),
		named("ByteLevel", "add_prefix_space", true, "trim_offsets", true, "use_regex", true),
		named("Sequence", "processors", []component{bert, named("ByteLevel", "add_prefix_space", true, "trim_offsets", true, "use_regex", true)}),
		template(text("A", 0), special("</s>", 0), text("B", 0)), template(text("A", 0), special("</s>", 0), text("B", 1), special("<s>", 1)),
		template(special("<s>", 0), special("<s>", 0), text("A", 1), text("B", 1)), template(text("A", 0), text("B", 0)),
	} {
		t.Run(short(c), func(t *testing.T) {
			for _, fixture := range []string{"xlmr-a", "roberta-a"} {
				v := readVariant(t, fixture)
				v["post_processor"] = c
				comparePairs(t, lib, v.open(t, lib), newTextMaker(4), comparedTexts(t)/10)
			}
		})
	}
}

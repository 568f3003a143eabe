package checkpoint

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/material"
	"github.com/crossrank/crossrank/internal/tokenizer"
)

// tokenizerJSON is a tokenizer.json with the vocabulary of tinyVocab.
const tokenizerJSON = `{
	"version": "1.0",
	"truncation": {"max_length": 3, "strategy": "LongestFirst", "stride": 0},
	"padding": {"strategy": {"Fixed": 512}},
	"added_tokens": [
		{"id": 0, "content": "[PAD]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
		{"id": 1, "content": "[UNK]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
		{"id": 2, "content": "[CLS]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
		{"id": 3, "content": "[SEP]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true},
		{"id": 4, "content": "[MASK]", "single_word": false, "lstrip": false, "rstrip": false, "normalized": false, "special": true}
	],
	"normalizer": {"type": "BertNormalizer", "clean_text": true, "handle_chinese_chars": true, "strip_accents": null, "lowercase": true},
	"pre_tokenizer": {"type": "BertPreTokenizer"},
	"post_processor": {
		"type": "TemplateProcessing",
		"single": [],
		"pair": [
			{"SpecialToken": {"id": "[CLS]", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}},
			{"SpecialToken": {"id": "[SEP]", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 1}},
			{"SpecialToken": {"id": "[SEP]", "type_id": 1}}
		],
		"special_tokens": {
			"[CLS]": {"id": "[CLS]", "ids": [2], "tokens": ["[CLS]"]}, "[SEP]": {"id": "[SEP]", "ids": [3], "tokens": ["[SEP]"]}
		}
	},
	"decoder": {"type": "WordPiece", "prefix": "##", "cleanup": true},
	"model": {
		"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100,
		"vocab": {"[PAD]": 0, "[UNK]": 1, "[CLS]": 2, "[SEP]": 3, "[MASK]": 4, "[unused]": 5, "a": 6, "b": 7, "##c": 8, "cat": 9, "Ä": 10}
	}
}`

// edit replaces a part of tokenizerJSON that must be there.
func edit(t testing.TB, old, new string) string {
	t.Helper()
	if !strings.Contains(tokenizerJSON, old) {
		t.Fatalf("the file has no %s", old)
	}
	return strings.Replace(tokenizerJSON, old, new, 1)
}

// encodePair gives the ids of a pair.
func encodePair(tok *tokenizer.Tokenizer, query, passage string) []int32 {
	ids, _, _ := tok.Join(nil, tok.Append(nil, query), tok.Append(nil, passage), 512, tokenizer.KeepStart)
	return ids
}

// bertProcessing is tokenizerJSON with the post-processor that older files have.
func bertProcessing(t testing.TB) string {
	t.Helper()
	from, to := strings.Index(tokenizerJSON, `"type": "TemplateProcessing"`), strings.Index(tokenizerJSON, "\t},\n\t\"decoder\"")
	return edit(t, tokenizerJSON[from:to], `"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]`)
}

// sequences is tokenizerJSON with a Sequence in each section.
func sequences(t testing.TB, normalizers, pretokenizers, processors string) string {
	t.Helper()
	s := bertProcessing(t)
	for old, new := range map[string]string{
		`"type": "BertNormalizer"`:   `"type": "Sequence", "normalizers": [` + normalizers + `]`,
		`"type": "BertPreTokenizer"`: `"type": "Sequence", "pretokenizers": [` + pretokenizers + `]`,
		`"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]`: `"type": "Sequence", "processors": [
			{"type": "BertProcessing", "sep": ["[SEP]", 3], "cls": ["[CLS]", 2]}` + processors + `]`,
	} {
		if !strings.Contains(s, old) {
			t.Fatalf("the file has no %s", old)
		}
		s = strings.Replace(s, old, new, 1)
	}
	return s
}

// What the files say must show in the ids.
func TestTokenizerSettings(t *testing.T) {
	const query, passage = "Ä ac", "[SEP] CAT"
	cut := func(old, new string) map[string]string { return map[string]string{tokenizerFile: edit(t, old, new)} }
	vocab := func(config string) map[string]string {
		return map[string]string{vocabFile: tinyVocab, tokenizerConfigFile: config}
	}
	for _, c := range []struct {
		name  string
		files map[string]string
		want  []int32
	}{
		{"tokenizer.json", cut("version", "version"), []int32{2, 6, 6, 8, 3, 3, 9, 3}},
		{"vocab.txt alone", map[string]string{vocabFile: tinyVocab}, []int32{2, 6, 6, 8, 3, 3, 9, 3}},
		{"vocab.txt with Windows line ends", map[string]string{vocabFile: strings.ReplaceAll(tinyVocab, "\n", "\r\n")},
			[]int32{2, 6, 6, 8, 3, 3, 9, 3}},
		{"cased, by tokenizer.json", cut(`"lowercase": true`, `"lowercase": false`), []int32{2, 10, 6, 8, 3, 3, 1, 3}},
		{"cased, by tokenizer_config.json", vocab(`{"do_lower_case": false}`), []int32{2, 10, 6, 8, 3, 3, 1, 3}},
		{"accents kept, by tokenizer.json", cut(`"strip_accents": null`, `"strip_accents": false`), []int32{2, 1, 6, 8, 3, 3, 9, 3}},
		{"accents kept, by tokenizer_config.json", vocab(`{"strip_accents": false}`), []int32{2, 1, 6, 8, 3, 3, 9, 3}},
		{"cased without accents", vocab(`{"do_lower_case": false, "strip_accents": true}`), []int32{2, 1, 6, 8, 3, 3, 1, 3}},
		{"another prefix", map[string]string{tokenizerFile: strings.ReplaceAll(tokenizerJSON, "##", "@@")}, []int32{2, 6, 6, 8, 3, 3, 9, 3}},
		{"words of one character", cut(`"max_input_chars_per_word": 100`, `"max_input_chars_per_word": 1`), []int32{2, 6, 1, 3, 3, 1, 3}},
		{"no added tokens", cut(tokenizerJSON[strings.Index(tokenizerJSON, `{"id": 0`):strings.Index(tokenizerJSON, "\n\t],")], ""),
			[]int32{2, 6, 6, 8, 3, 1, 1, 1, 9, 3}},
		{"an added token behind the vocabulary, of normalized text", cut(`"added_tokens": [`, `"added_tokens": [{"id": 11, "content": "caT"},`),
			[]int32{2, 6, 6, 8, 3, 3, 11, 3}},
		{"an added token in tokenizer_config.json", vocab(`{"added_tokens_decoder": {"11": {"content": "CAT", "normalized": false}}}`),
			[]int32{2, 6, 6, 8, 3, 3, 11, 3}},
		{"special tokens by other names", map[string]string{vocabFile: strings.NewReplacer("[SEP]", "</s>", "[CLS]", "<s>").Replace(tinyVocab),
			tokenizerConfigFile: `{"cls_token": {"content": "<s>"}, "sep_token": "</s>"}`}, []int32{2, 6, 6, 8, 3, 1, 1, 1, 9, 3}},
		{"both files in agreement", map[string]string{tokenizerFile: tokenizerJSON,
			tokenizerConfigFile: `{"do_lower_case": true, "strip_accents": true}`}, []int32{2, 6, 6, 8, 3, 3, 9, 3}},
		{"BertProcessing", map[string]string{tokenizerFile: bertProcessing(t)}, []int32{2, 6, 6, 8, 3, 3, 9, 3}},
		{"sequences of one step", map[string]string{tokenizerFile: sequences(t, `{"type": "BertNormalizer"}`, `{"type": "BertPreTokenizer"}`, "")},
			[]int32{2, 6, 6, 8, 3, 3, 9, 3}},
		{"sequences of steps that change nothing", map[string]string{tokenizerFile: sequences(t, `{"type": "NFC"}, {"type": "BertNormalizer"}, {"type": "Strip"}, {"type": "Lowercase"}`,
			`{"type": "WhitespaceSplit"}, {"type": "BertPreTokenizer"}`, `, {"type": "ByteLevel", "trim_offsets": true}`)}, []int32{2, 6, 6, 8, 3, 3, 9, 3}},
		{"white space, then punctuation", map[string]string{tokenizerFile: sequences(t, `{"type": "BertNormalizer"}`,
			`{"type": "WhitespaceSplit"}, {"type": "Punctuation", "behavior": "Isolated"}`, "")}, []int32{2, 6, 6, 8, 3, 3, 9, 3}},
		{"lower case by a step of its own, which keeps accents", map[string]string{tokenizerFile: sequences(t,
			`{"type": "Lowercase"}, {"type": "BertNormalizer", "lowercase": false}`, `{"type": "BertPreTokenizer"}`, "")}, []int32{2, 1, 6, 8, 3, 3, 9, 3}},
		{"a sequence, whatever tokenizer_config.json says", map[string]string{tokenizerConfigFile: `{"do_lower_case": false}`,
			tokenizerFile: sequences(t, `{"type": "BertNormalizer"}`, `{"type": "BertPreTokenizer"}`, "")}, []int32{2, 6, 6, 8, 3, 3, 9, 3}},
		{"a piece that stands twice in vocab.txt", map[string]string{vocabFile: tinyVocab + "a\n"}, []int32{2, 11, 11, 8, 3, 3, 9, 3}},
		{"a piece that stands twice in tokenizer.json", cut(`"a": 6`, `"a": 6, "a": 11`), []int32{2, 11, 11, 8, 3, 3, 9, 3}},
		{"a piece that stands twice, the last id the lower", cut(`"cat": 9`, `"cat": 11, "cat": 9`), []int32{2, 6, 6, 8, 3, 3, 9, 3}},
		{"a model without a type", cut(`"type": "WordPiece", "unk_token"`, `"unk_token"`), []int32{2, 6, 6, 8, 3, 3, 9, 3}},
		{"NFKC", cut(`"BertNormalizer"`, `"NFKC"`), []int32{2, 10, 6, 8, 3, 3, 1, 3}},
		{"an empty sequence", cut(`"type": "BertNormalizer"`, `"type": "Sequence", "normalizers": []`), []int32{2, 10, 6, 8, 3, 3, 1, 3}},
		{"no normalizer", cut(`"normalizer": {`, `"normalizer": null, "x": {`), []int32{2, 10, 6, 8, 3, 3, 1, 3}},
		{"BERT's, then StripAccents", cut(`"type": "BertNormalizer"`, `"type": "Sequence", "normalizers": [{"type": "BertNormalizer"}, {"type": "StripAccents"}]`),
			[]int32{2, 6, 6, 8, 3, 3, 9, 3}},
		{"BERT's, then NFC", cut(`"type": "BertNormalizer"`, `"type": "Sequence", "normalizers": [{"type": "BertNormalizer"}, {"type": "NFC"}]`),
			[]int32{2, 6, 6, 8, 3, 3, 9, 3}},
		{"NFC, then BERT's without accents stripped", cut(`"type": "BertNormalizer"`,
			`"type": "Sequence", "normalizers": [{"type": "NFC"}, {"type": "BertNormalizer", "strip_accents": false}]`), []int32{2, 1, 6, 8, 3, 3, 9, 3}},
		{"BERT's twice", cut(`"type": "BertNormalizer"`, `"type": "Sequence", "normalizers": [{"type": "BertNormalizer"}, {"type": "BertNormalizer"}]`),
			[]int32{2, 6, 6, 8, 3, 3, 9, 3}},
		{"only white space", cut(`"BertPreTokenizer"`, `"WhitespaceSplit"`), []int32{2, 6, 6, 8, 3, 3, 9, 3}},
		{"only punctuation", cut(`"BertPreTokenizer"`, `"Punctuation"`), []int32{2, 1, 3, 3, 1, 3}},
		{"punctuation that is dropped", cut(`"BertPreTokenizer"`, `"Punctuation", "behavior": "Removed"`), []int32{2, 1, 3, 3, 1, 3}},
		{"BERT's, then digits", cut(`"type": "BertPreTokenizer"`, `"type": "Sequence", "pretokenizers": [{"type": "BertPreTokenizer"}, {"type": "Digits"}]`),
			[]int32{2, 6, 6, 8, 3, 3, 9, 3}},
		{"words of letters", cut(`"BertPreTokenizer"`, `"Whitespace"`), []int32{2, 6, 6, 8, 3, 3, 9, 3}},
		{"no special tokens", cut(`"TemplateProcessing"`, `"ByteLevel"`), []int32{6, 6, 8, 3, 9}},
		{"RobertaProcessing", cut(`"type": "TemplateProcessing"`, `"type": "RobertaProcessing", "cls": ["[CLS]", 2], "sep": ["[SEP]", 3]`),
			[]int32{2, 6, 6, 8, 3, 3, 3, 9, 3}},
		{"a template with two ids for a token", cut(`"ids": [2]`, `"ids": [2, 2]`), []int32{2, 2, 6, 6, 8, 3, 3, 9, 3}},
		{"a template of one type until its last token", cut(`{"Sequence": {"id": "B", "type_id": 1}}`, `{"Sequence": {"id": "B", "type_id": 0}}`),
			[]int32{2, 6, 6, 8, 3, 3, 9, 3}},
		{"tokenizer.json before vocab.txt", map[string]string{tokenizerFile: tokenizerJSON, vocabFile: "nothing of use"},
			[]int32{2, 6, 6, 8, 3, 3, 9, 3}},
	} {
		r, err := OpenTokenizer(directoryOf(t, c.files))
		if err != nil {
			t.Errorf("%s: %v", c.name, err)
			continue
		}
		if got := encodePair(r.Tokenizer, query, passage); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

func TestTokenizerFilesRefused(t *testing.T) {
	const tj, tc, vt = tokenizerFile, tokenizerConfigFile, vocabFile
	for _, c := range []struct {
		name             string
		file, old, new   string // old of the good file becomes new; all of it where old is empty
		wantFile, wantAt string
		want             string
	}{
		{"not JSON", tj, "", "{", tj, "", "too early"},
		{"not UTF-8", tj, `"1.0"`, "\"\xff\"", tj, "", "UTF-8"},
		{"no model", tj, `"model":`, `"Model":`, tj, "model", "missing"},
		{"an unknown token that is not there", tj, `"unk_token": "[UNK]"`, `"unk_token": "<unk>"`, tj, "", "<unk>"},
		{"an empty prefix", tj, `"continuing_subword_prefix": "##"`, `"continuing_subword_prefix": ""`, tj, "model", "empty"},
		{"no characters a word", tj, `"max_input_chars_per_word": 100`, `"max_input_chars_per_word": 0`, tj, "model.max_input_chars_per_word", "1 to"},
		{"no vocabulary", tj, `"vocab":`, `"words":`, tj, "model.vocab", "missing"},
		{"a vocabulary that is a list", tj, `"vocab": {"[PAD]": 0`, `"vocab": [], "x": {"[PAD]": 0`, tj, "model.vocab", "begins with ["},
		{"an empty vocabulary", tj, `"vocab": {"[PAD]": 0`, `"vocab": {}, "x": {"[PAD]": 0`, tj, "model.vocab", "0 pieces"},
		{"a piece with an id that others have", tj, `"a": 6`, `"a": 6, "a": 7`, tj, "model.vocab", "both have id 7"},
		{"an id twice", tj, `"a": 6`, `"a": 7`, tj, "model.vocab", "both have id 7"},
		{"a hole", tj, `"a": 6`, `"a": 11`, tj, "model.vocab", `"a" has id 11`},
		{"an id below zero", tj, `"a": 6`, `"a": -1`, tj, "model.vocab", "has id -1"},
		{"an id with a fraction", tj, `"a": 6`, `"a": 6.5`, tj, "model.vocab", `the id of "a"`},
		{"an id beyond 64 bits", tj, `"a": 6`, `"a": 99999999999999999999`, tj, "model.vocab", `the id of "a"`},
		{"a sequence without steps", tj, `"BertNormalizer"`, `"Sequence"`, tj, "normalizer.normalizers", "missing"},
		{"sequences in sequences", tj, `"type": "BertNormalizer"`, strings.Repeat(`"type": "Sequence", "normalizers": [{`, 5) + `"type": "BertNormalizer"` +
			strings.Repeat("}]", 5), tj, "normalizer" + strings.Repeat(".normalizers[0]", 4) + ".type", "Sequence"},
		{"special tokens twice", tj, `"type": "TemplateProcessing"`, `"type": "Sequence", "processors": [
			{"type": "BertProcessing", "cls": ["[CLS]", 2], "sep": ["[SEP]", 3]}, {"type": "TemplateProcessing"}]`,
			tj, "post_processor.processors[1].type", "for a second time"},
		{"BertProcessing with another id", tj, `"type": "TemplateProcessing"`, `"type": "BertProcessing", "cls": ["[CLS]", 4], "sep": ["[SEP]", 3]`,
			tj, "post_processor.cls", `which is that of "[MASK]"`},
		{"BertProcessing without a token", tj, `"type": "TemplateProcessing"`, `"type": "BertProcessing", "cls": ["[CLS]", 2]`,
			tj, "post_processor.sep", "missing"},
		{"BertProcessing with half a token", tj, `"type": "TemplateProcessing"`, `"type": "BertProcessing", "cls": ["[CLS]"], "sep": ["[SEP]", 3]`,
			tj, "post_processor.cls", "a token and its id"},
		{"lowercase that is a number", tj, `"lowercase": true`, `"lowercase": 1`, tj, "normalizer.lowercase", "true or false"},
		{"a pair the wrong way round", tj, `{"Sequence": {"id": "A"`, `{"Sequence": {"id": "B"`, tj, "post_processor.pair", "$A once, and then $B once"},
		{"a pair without its last token", tj, `{"SpecialToken": {"id": "[SEP]", "type_id": 1}}`, `{"SpecialToken": {"id": "[PAD]", "type_id": 1}}`, tj, "post_processor.special_tokens.[PAD]", "missing"},
		{"a part that is neither", tj, `{"SpecialToken": {"id": "[SEP]", "type_id": 1}}`, `{"Other": {}}`, tj, "post_processor.pair[4].Sequence", "missing"},
		{"a template with another id", tj, `"ids": [2]`, `"ids": [5]`, tj, "post_processor.special_tokens.[CLS].ids", `which is that of "[unused]"`},
		{"a template with an id beyond all", tj, `"ids": [2]`, `"ids": [11]`, tj, "post_processor.special_tokens.[CLS].ids", "ids go to 10"},
		{"types that fall", tj, `{"SpecialToken": {"id": "[CLS]", "type_id": 0}}`, `{"SpecialToken": {"id": "[CLS]", "type_id": 1}}`, tj, "post_processor.pair", "the types"},
		{"a third type", tj, `{"Sequence": {"id": "B", "type_id": 1}}`, `{"Sequence": {"id": "B", "type_id": 2}}`, tj, "post_processor.pair[3].Sequence.type_id", "0 to 1"},
		{"an unknown model", tj, `"type": "WordPiece", "unk_token"`, `"type": "WordLevel", "unk_token"`, tj, "model.type", `"WordLevel"`},
		{"a model of a kind that cannot be told", tj, `"type": "WordPiece", "unk_token": "[UNK]", "continuing_subword_prefix": "##", "max_input_chars_per_word": 100`,
			`"unk_token": "[UNK]"`, tj, "model.type", `""`},
		{"BPE without merges", tj, `"type": "WordPiece", "unk_token"`, `"type": "BPE", "unk_token"`, tj, "model.merges", "missing"},
		{"an unknown normalizer", tj, `"BertNormalizer"`, `"Romanize"`, tj, "normalizer.type", `"Romanize"`},
		{"an unknown pre-tokenizer", tj, `"BertPreTokenizer"`, `"UnicodeScripts"`, tj, "pre_tokenizer.type", `"UnicodeScripts"`},
		{"an unknown post-processor", tj, `"TemplateProcessing"`, `"OtherProcessing"`, tj, "post_processor.type", "OtherProcessing"},
		{"RobertaProcessing without its tokens", tj, `"TemplateProcessing"`, `"RobertaProcessing"`, tj, "post_processor.cls", "missing"},
		{"added tokens that are an object", tj, `"added_tokens": [`, `"added_tokens": {}, "x": [`, tj, "added_tokens", "a list"},
		{"an added token with another's id", tj, `{"id": 4,`, `{"id": 5,`, tj, "added_tokens", `"[unused]"`},
		{"two added tokens of one id", tj, `{"id": 4, "content": "[MASK]"`, `{"id": 3, "content": "[SEP]"`, tj, "added_tokens", "both have id 3"},
		{"an added token far away", tj, `"added_tokens": [`, `"added_tokens": [{"id": 13, "content": "X"},`, tj, "added_tokens", "nothing has id 11"},
		{"an added token without an id", tj, `{"id": 4,`, `{`, tj, "added_tokens[4].id", "missing"},
		{"an added token without content", tj, `"content": "[MASK]",`, ``, tj, "added_tokens[4].content", "missing"},
		{"an added token with an empty content", tj, `"content": "[MASK]"`, `"content": ""`, tj, "added_tokens[4].content", "empty"},
		{"an added token that is a string", tj, `"added_tokens": [`, `"added_tokens": ["x",`, tj, "added_tokens[0]", "JSON object"},

		{"a config that is a list", tc, "", "[]", tc, "", "begins with ["},
		{"do_lower_case that is a string", tc, "", `{"do_lower_case": "yes"}`, tc, "do_lower_case", "true or false"},
		{"a config that contradicts", tc, "", `{"do_lower_case": false}`, tc, "do_lower_case", "make them agree"},
		{"a config that contradicts about accents", tc, "", `{"strip_accents": false}`, tc, "strip_accents", "make them agree"},
		{"words that are split already", tc, "", `{"do_basic_tokenize": false}`, tc, "do_basic_tokenize", "false"},
		{"words never split", tc, "", `{"never_split": ["x"]}`, tc, "never_split", "1 tokens"},
		{"text cut at its start", tc, "", `{"truncation_side": "left"}`, tc, "truncation_side", `"left"`},
		{"a length below the least", tc, "", `{"model_max_length": 7}`, tc, "model_max_length", "8 to"},
		{"a length below zero", tc, "", `{"model_max_length": -1}`, tc, "model_max_length", "8 to"},
		{"a length that is no number", tc, "", `{"model_max_length": NaN}`, tc, "model_max_length", "not NaN"},
		{"a length of minus infinity", tc, "", `{"model_max_length": -Infinity}`, tc, "model_max_length", "-Infinity"},
		{"a length in words", tc, "", `{"model_max_length": "many"}`, tc, "model_max_length", "a number"},
		{"an id in words", tc, "", `{"added_tokens_decoder": {"one": {"content": "x"}}}`, tc, "added_tokens_decoder", "not an id"},
		{"an id in two spellings", tc, "", `{"added_tokens_decoder": {"07": {"content": "b"}}}`, tc, "added_tokens_decoder", "not an id"},

		{"an empty vocabulary file", vt, "", "", vt, "", "empty"},
		{"an empty line", vt, "a\n", "\n", vt, "", "vocab.txt:7: it is empty"},
		{"a line that is not UTF-8", vt, "a\n", "\xff\n", vt, "", "vocab.txt:7: it is not UTF-8"},
		{"no [SEP]", vt, "[SEP]", "[sep]", vt, "", "[SEP]"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := map[string]string{tokenizerFile: tokenizerJSON, tokenizerConfigFile: "{}", vocabFile: tinyVocab}
			if c.file == vocabFile {
				delete(files, tokenizerFile)
			}
			if c.old != "" && !strings.Contains(files[c.file], c.old) {
				t.Fatalf("%s has no %s", c.file, c.old)
			}
			if c.old == "" {
				files[c.file] = c.new
			} else {
				files[c.file] = strings.Replace(files[c.file], c.old, c.new, 1)
			}
			_, err := OpenTokenizer(directoryOf(t, files))
			e := (*Error)(nil)
			if !errors.As(err, &e) || e.File != c.wantFile || e.Field != c.wantAt || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error of %s at %q with %s", err, c.wantFile, c.wantAt, c.want)
			}
		})
	}
}

// TestOtherTokenizers: what says most about a tokenizer of another kind, its model, is named first.
func TestOtherTokenizers(t *testing.T) {
	files := map[string]string{
		"word level": `{"normalizer": {"type": "Other"}, "pre_tokenizer": {"type": "ByteLevel"}, "model": {"type": "WordLevel", "vocab": {}}}`,
		"another":    `{"normalizer": {"type": "Precompiled"}, "model": {"type": "Other", "vocab": [["a", 0]]}}`,
	}
	for name, content := range files {
		_, err := OpenTokenizer(directoryOf(t, map[string]string{tokenizerFile: content}))
		if e := (*Error)(nil); !errors.As(err, &e) || e.Field != "model.type" {
			t.Errorf("%s: got %v, want an error at model.type", name, err)
		}
	}
}

// A list of faults costs what its first one does: minutes were spent on the millions that a file
// has room for.
func TestFaultsDoNotAddUp(t *testing.T) {
	faults := strings.Repeat("1,", 200_000) + "1"
	for _, c := range []struct{ name, old, new string }{
		{"added tokens", `"added_tokens": [`, `"added_tokens": [` + faults + ","},
		{"a template", `"pair": [`, `"pair": [` + faults + ","},
	} {
		dir := directoryOf(t, map[string]string{tokenizerFile: edit(t, c.old, c.new)})
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		_, err := OpenTokenizer(dir)
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: read without an error", c.name)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 48<<20 {
			t.Errorf("%s: %d MiB were allocated for a file of %d KiB, want at most 48", c.name, n>>20, len(faults)>>10)
		}
	}
}

// Both files of the reference vocabulary describe one tokenizer.
func TestReferenceVocabulary(t *testing.T) {
	read := func(from, as string) *tokenizer.Tokenizer {
		data, err := os.ReadFile(material.Path(t, "vocab", from))
		if err != nil {
			t.Fatal(err)
		}
		config, err := os.ReadFile(material.Path(t, "model-config", tokenizerConfigFile))
		if err != nil {
			t.Fatal(err)
		}
		r, err := OpenTokenizer(directoryOf(t, map[string]string{as: string(data), tokenizerConfigFile: string(config)}))
		if err != nil || r.MaxLength != 512 {
			t.Fatalf("%s: max length %d, %v", from, r.MaxLength, err)
		}
		return r.Tokenizer
	}
	a, b := read("vocab.txt", vocabFile), read("tokenizer.json", tokenizerFile)
	data, err := os.ReadFile(filepath.Join(material.Path(t, "golden"), "bert_base_uncased_cases.json"))
	if err != nil {
		t.Fatal(err)
	}
	if !json.Valid(data) { // any text will do: the file's own is full of edge cases
		t.Fatal("the golden file is damaged")
	}
	if x, y := a.Append(nil, string(data)), b.Append(nil, string(data)); len(x) == 0 || !slices.Equal(x, y) {
		t.Errorf("%d and %d tokens differ", len(x), len(y))
	}
}

func FuzzTokenizerJSON(f *testing.F) {
	f.Add([]byte(tokenizerJSON))
	f.Add([]byte(bpeJSON))
	f.Add([]byte(unigramJSON))
	f.Add([]byte(edit(f, `"a": 6`, `"a": -1`)))
	f.Add([]byte(edit(f, `"added_tokens": [`, `"added_tokens": [{"id": 11, "content": "CAT", "lstrip": true, "single_word": true},`)))
	f.Add([]byte(edit(f, `"lowercase": true`, `"lowercase": false`)))
	f.Add([]byte(bertProcessing(f)))
	f.Add([]byte(sequences(f, `{"type": "NFC"}, {"type": "BertNormalizer"}, {"type": "Lowercase"}`,
		`{"type": "WhitespaceSplit"}, {"type": "Punctuation"}`, `, {"type": "ByteLevel"}`)))
	f.Add([]byte(edit(f, `"a": 6`, `"a": 6, "a": 11`)))
	f.Add([]byte(edit(f, `"version": "1.0"`, `"version": [NaN, -Infinity, {"Infinity": Infinity}]`)))
	f.Fuzz(func(t *testing.T, data []byte) {
		v, err := parseTokenizer(data)
		if err != nil {
			if e := (*Error)(nil); !errors.As(err, &e) || e.File != tokenizerFile {
				t.Errorf("an error without a file: %v", err)
			}
			return
		}
		touch(t, v)
	})
}

func FuzzVocab(f *testing.F) {
	f.Add([]byte(tinyVocab), []byte(`{}`))
	f.Add([]byte(strings.ReplaceAll(tinyVocab, "\n", "\r\n")), []byte(`{"do_lower_case": false, "model_max_length": 1e30}`))
	f.Add([]byte(tinyVocab), []byte(`{"added_tokens_decoder": {"11": {"content": "x"}}, "unk_token": {"content": "[UNK]"}}`))
	f.Add([]byte("\n\n"), []byte(`{"strip_accents": null}`))
	f.Fuzz(func(t *testing.T, vocab, config []byte) {
		c, err := parseTokenizerConfig(config)
		if err != nil {
			return
		}
		if v, err := fromVocab(vocab, c); err == nil {
			touch(t, v)
		}
	})
}

// touch uses a vocabulary that parsed: its ids must stay below its size.
func touch(t *testing.T, v *vocabulary) {
	tok, err := v.build()
	if err != nil {
		return
	}
	for _, id := range encodePair(tok, "Ä cat [SEP] acb "+v.pieces[0], strings.Join(v.pieces[:min(20, len(v.pieces))], " ")) {
		if id < 0 || int(id) >= v.size() {
			t.Errorf("id %d of %d", id, v.size())
		}
	}
}

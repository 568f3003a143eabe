package checkpoint

import (
	"errors"
	"slices"
	"strings"
	"testing"
)

// bpeJSON and unigramJSON are small tokenizer.json files of the other kinds of models.
const bpeJSON = `{
	"added_tokens": [{"id": 0, "content": "<s>", "special": true}, {"id": 2, "content": "</s>", "special": true}, {"id": 10, "content": "<mask>", "lstrip": true, "special": true}],
	"normalizer": null,
	"pre_tokenizer": {"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true},
	"post_processor": {"type": "RobertaProcessing", "sep": ["</s>", 2], "cls": ["<s>", 0], "trim_offsets": true, "add_prefix_space": false},
	"model": {"dropout": null, "unk_token": null, "continuing_subword_prefix": "", "end_of_word_suffix": "", "fuse_unk": false,
		"vocab": {"<s>": 0, "<pad>": 1, "</s>": 2, "a": 3, "b": 4, "Ġ": 5, "ab": 6, "Ġa": 7, "Ã": 8, "©": 9}, "merges": ["a b", "Ġ a"]}
}`

const unigramJSON = `{
	"added_tokens": [{"id": 0, "content": "<s>", "special": true}, {"id": 1, "content": "</s>", "special": true}],
	"normalizer": {"type": "Sequence", "normalizers": [{"type": "Replace", "pattern": {"Regex": " {2,}"}, "content": " "}, {"type": "Lowercase"}]},
	"pre_tokenizer": {"type": "Metaspace", "replacement": "▁", "prepend_scheme": "always"},
	"post_processor": {"type": "TemplateProcessing", "single": [], "pair": [
		{"SpecialToken": {"id": "<s>", "type_id": 0}}, {"Sequence": {"id": "A", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}},
		{"SpecialToken": {"id": "</s>", "type_id": 0}}, {"Sequence": {"id": "B", "type_id": 0}}, {"SpecialToken": {"id": "</s>", "type_id": 0}}],
		"special_tokens": {"<s>": {"id": "<s>", "ids": [0], "tokens": ["<s>"]}, "</s>": {"id": "</s>", "ids": [1], "tokens": ["</s>"]}}},
	"model": {"type": "Unigram", "unk_id": 2, "byte_fallback": false,
		"vocab": [["<s>", 0], ["</s>", 0], ["<unk>", 0.0], ["▁", -1.5], ["a", -2e0], ["▁a", -2.25], ["b", -3], ["ab", -4.5]]}
}`

func TestStages(t *testing.T) {
	const query, passage = "ab  AB", "é a<mask>"
	for _, c := range []struct {
		name, file, config string
		want               []int32
	}{
		{"BPE", bpeJSON, "{}", []int32{0, 6, 5, 5, 2, 2, 8, 9, 7, 10, 2}},
		{"BPE of pairs", strings.Replace(bpeJSON, `["a b", "Ġ a"]`, `[["a", "b"], ["Ġ", "a"]]`, 1), "{}", []int32{0, 6, 5, 5, 2, 2, 8, 9, 7, 10, 2}},
		{"BPE with a space first", strings.Replace(bpeJSON, `"add_prefix_space": false, "trim`, `"add_prefix_space": true, "trim`, 1), `{"add_prefix_space": true}`,
			[]int32{0, 5, 6, 5, 5, 2, 2, 5, 8, 9, 7, 10, 2}},
		{"Unigram", unigramJSON, "{}", []int32{0, 5, 6, 5, 6, 1, 1, 3, 2, 5, 2, 4, 2, 1}},
		{"Unigram whose configuration speaks of case", unigramJSON, `{"do_lower_case": false}`, []int32{0, 5, 6, 5, 6, 1, 1, 3, 2, 5, 2, 4, 2, 1}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := OpenTokenizer(directoryOf(t, map[string]string{tokenizerFile: c.file, tokenizerConfigFile: c.config}))
			if err != nil {
				t.Fatal(err)
			}
			if got := encodePair(r.Tokenizer, query, passage); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", got, c.want)
			}
			ids, boundary := r.Pair(nil, query, passage)
			if boundary != len(ids) {
				t.Errorf("%d of %d tokens are of type 0, want all", boundary, len(ids))
			}
		})
	}
}

func TestStagesRefused(t *testing.T) {
	double := `{"type": "Replace", "pattern": {"String": "a"}, "content": "aa"},`
	for _, c := range []struct{ name, file, old, new, config, wantAt, want string }{
		{"random merges", bpeJSON, `"dropout": null`, `"dropout": 0.1`, "", "model.dropout", "random"},
		{"a merge of three", bpeJSON, `"a b"`, `"a b a"`, "", "model.merges", "merge 0"},
		{"a merge of what is not there", bpeJSON, `"a b"`, `"a x"`, "", "", `"x"`},
		{"a merge to what is not there", bpeJSON, `"a b"`, `"b a"`, "", "", `makes "ba"`},
		{"an unknown piece that is not there", bpeJSON, `"unk_token": null`, `"unk_token": "<unk>"`, "", "", "<unk>"},
		{"a space first in one file only", bpeJSON, "", "", `{"add_prefix_space": true}`, "add_prefix_space", "make them agree"},
		{"RobertaProcessing with another id", bpeJSON, `["</s>", 2]`, `["</s>", 1]`, "", "post_processor.sep", `"<pad>"`},
		{"no unknown piece", unigramJSON, `"unk_id": 2`, `"unk_id": null`, "", "model.unk_id", "missing"},
		{"an unknown piece beyond all", unigramJSON, `"unk_id": 2`, `"unk_id": 8`, "", "", "8"},
		{"a score in words", unigramJSON, `["b", -3]`, `["b", "low"]`, "", "model.vocab", "piece 6"},
		{"a score beyond all", unigramJSON, `["b", -3]`, `["b", 1e999]`, "", "", "score"},
		{"a piece without a score", unigramJSON, `["b", -3]`, `["b"]`, "", "model.vocab", `"b"`},
		{"a piece with two scores", unigramJSON, `["b", -3]`, `["b", -3, -4]`, "", "model.vocab", "more than a score"},
		{"a pattern that cannot be run", unigramJSON, `" {2,}"`, `"\\p{Greek}+"`, "", "normalizer.normalizers[0].pattern", "Greek"},
		{"a pattern of no kind", unigramJSON, `"Regex"`, `"Glob"`, "", "normalizer.normalizers[0].pattern.String", "missing"},
		{"a replacement of two characters", unigramJSON, `"replacement": "▁"`, `"replacement": "__"`, "", "pre_tokenizer.replacement", "one character"},
		{"a scheme of its own", unigramJSON, `"prepend_scheme": "always"`, `"prepend_scheme": "often"`, "", "pre_tokenizer.prepend_scheme", "often"},
		{"two schemes", unigramJSON, `"prepend_scheme": "always"`, `"prepend_scheme": "always", "add_prefix_space": false`, "", "pre_tokenizer.prepend_scheme", "make them agree"},
		{"normalizers that double again and again", unigramJSON, `{"type": "Replace"`, strings.Repeat(double, 30) + `{"type": "Replace"`, "", "", "64 times as long"},
		{"too many steps", unigramJSON, `{"type": "Replace"`, strings.Repeat(`{"type": "NFC"},`, 40) + `{"type": "Replace"`, "", "normalizer.normalizers[32].type", "at most 32"},
		{"a map that is no base64", unigramJSON, `{"type": "Lowercase"}`, `{"type": "Precompiled", "precompiled_charsmap": "?"}`, "", "normalizer.normalizers[1].precompiled_charsmap", "base64"},
		{"a map that is cut off", unigramJSON, `{"type": "Lowercase"}`, `{"type": "Precompiled", "precompiled_charsmap": "/////w=="}`, "", "normalizer.normalizers[1].precompiled_charsmap", "array"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if !strings.Contains(c.file, c.old) {
				t.Fatalf("the file has no %s", c.old)
			}
			files := map[string]string{tokenizerFile: strings.Replace(c.file, c.old, c.new, 1)}
			if c.config != "" {
				files[tokenizerConfigFile] = c.config
			}
			_, err := OpenTokenizer(directoryOf(t, files))
			e := (*Error)(nil)
			if !errors.As(err, &e) || e.Field != c.wantAt || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error at %q with %s", err, c.wantAt, c.want)
			}
		})
	}
}

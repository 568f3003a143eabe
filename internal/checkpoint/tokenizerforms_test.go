package checkpoint

import (
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/encoding/protowire"

	"github.com/crossrank/crossrank/internal/material"
	"github.com/crossrank/crossrank/internal/tokenizer"
)

// TestFormsGiveTheIDsOfTokenizerJSON makes the other files of whole tokenizers of their
// tokenizer.json, and compares ids over generated texts and pairs.
func TestFormsGiveTheIDsOfTokenizerJSON(t *testing.T) {
	for _, c := range []struct {
		name  string
		files func(testing.TB, tokenizerParts) map[string]string
	}{
		{"roberta.json", mergeFiles},
		{"xlm-roberta.json", xlmRobertaFiles},
		{"deberta-v3.json", deBERTaFiles},
	} {
		t.Run(c.name, func(t *testing.T) {
			var parts tokenizerParts
			material.ReadJSON(t, &parts, "tokenizers", c.name)
			want := readTokenizer(t, material.Path(t, "tokenizers", c.name))
			r, err := OpenTokenizer(directoryOf(t, c.files(t, parts)))
			if err != nil {
				t.Fatal(err)
			}
			compareTokenizers(t, r.Tokenizer, want, comparedTexts(t))
		})
	}
}

func compareTokenizers(t *testing.T, got, want *tokenizer.Tokenizer, n int) {
	t.Helper()
	if got.VocabSize() != want.VocabSize() {
		t.Fatalf("%d ids, want %d", got.VocabSize(), want.VocabSize())
	}
	m, differ := newTextMaker(5), 0
	for range n {
		query, passage, length := m.make(), m.make(), 3+m.IntN(60)
		a, split, _ := got.Pair(nil, query, passage, length, tokenizer.KeepStart)
		b, wantSplit, _ := want.Pair(nil, query, passage, length, tokenizer.KeepStart)
		if !slices.Equal(a, b) || split != wantSplit {
			if differ++; differ <= 10 {
				t.Errorf("%+q, %+q: got %v\nwant %v", query, passage, show(got, a), show(want, b))
			}
		}
	}
	if differ > 0 {
		t.Errorf("%d of %d pairs differ", differ, n)
	}
}

// tokenizerParts are the parts of tokenizer.json that are in other files too.
type tokenizerParts struct {
	Normalizer json.RawMessage
	Model      struct {
		Vocab  json.RawMessage
		Merges []string
		Unk    uint64 `json:"unk_id"`
	}
}

func mergeFiles(_ testing.TB, p tokenizerParts) map[string]string {
	return map[string]string{
		bytesVocabFile: string(p.Model.Vocab),
		mergesFile:     "#version: 0.2\n" + strings.Join(p.Model.Merges, "\n") + "\n",
	}
}

// pieces are those of a Unigram, and its precompiled map.
func (p tokenizerParts) pieces(t testing.TB) (list []spmPiece, charsmap []byte) {
	t.Helper()
	var vocab [][2]any
	if err := json.Unmarshal(p.Model.Vocab, &vocab); err != nil {
		t.Fatal(err)
	}
	for _, entry := range vocab {
		list = append(list, spmPiece{entry[0].(string), float32(entry[1].(float64)), 0})
	}
	text := string(p.Normalizer)
	_, text, _ = strings.Cut(text, `"precompiled_charsmap"`)
	charsmap, err := base64.StdEncoding.DecodeString(strings.Split(text, `"`)[1])
	if err != nil {
		t.Fatal(err)
	}
	return list, charsmap
}

func xlmRobertaFiles(t testing.TB, p tokenizerParts) map[string]string {
	list, charsmap := p.pieces(t)
	list = slices.Concat([]spmPiece{{"<unk>", 0, 2}, {"<s>", 0, 3}, {"</s>", 0, 3}}, list[4:len(list)-1])
	return map[string]string{xlmRobertaFile: string(spm(list, 0, charsmap))}
}

func deBERTaFiles(t testing.TB, p tokenizerParts) map[string]string {
	list, charsmap := p.pieces(t)
	return map[string]string{deBERTaFile: string(spm(list, p.Model.Unk, charsmap)), addedTokensFile: `{"[MASK]": 128000}`}
}

// spmPiece is a piece of a model of SentencePiece; type 0 is left out.
type spmPiece struct {
	text  string
	score float32
	kind  uint64
}

// spm writes a model of SentencePiece.
func spm(pieces []spmPiece, unknown uint64, charsmap []byte) (out []byte) {
	for _, p := range pieces {
		m := appendBytes(nil, 1, []byte(p.text))
		m = protowire.AppendTag(m, 2, protowire.Fixed32Type)
		m = protowire.AppendFixed32(m, math.Float32bits(p.score))
		if p.kind > 0 {
			m = appendNumber(m, 3, p.kind)
		}
		out = appendBytes(out, 1, m)
	}
	out = appendBytes(out, 2, appendNumber(appendNumber(nil, 3, 1), 40, unknown))
	normalizer := appendBytes(appendBytes(nil, 1, []byte("nmt_nfkc")), 2, charsmap)
	return appendBytes(out, 3, appendNumber(normalizer, 3, 1))
}

func appendBytes(m []byte, number protowire.Number, b []byte) []byte {
	return protowire.AppendBytes(protowire.AppendTag(m, number, protowire.BytesType), b)
}

func appendNumber(m []byte, number protowire.Number, x uint64) []byte {
	return protowire.AppendVarint(protowire.AppendTag(m, number, protowire.VarintType), x)
}

var (
	tinyXLMR = []spmPiece{{"<unk>", 0, 2}, {"<s>", 0, 3}, {"</s>", 0, 3}, {"▁", -2, 0}, {"▁a", -1, 1}, {"b", -3, 1}, {"@x", -4, userPiece}}
	tinySPM  = []spmPiece{{"[PAD]", 0, 3}, {"[CLS]", 0, 3}, {"[SEP]", 0, 3}, {"[UNK]", 0, 2}, {"▁", -2, 1}, {"▁a", -1, 1}, {"b", -3, 1}, {".", -4, 1}}

	tinyBytes  = `{"<s>": 0, "<pad>": 1, "</s>": 2, "<unk>": 3, "a": 4, "b": 5, "Ġ": 6, "ab": 7, "Ġa": 8}`
	tinyMerges = "#version: 0.2\na b\nĠ a\n"
)

// TestTokenizerForms: what the class of a form adds to its files, and what the other files change.
func TestTokenizerForms(t *testing.T) {
	xlmr, deberta := string(spm(tinyXLMR, 0, nil)), string(spm(tinySPM, 3, nil))
	merges := func(config string) map[string]string {
		return map[string]string{bytesVocabFile: tinyBytes, mergesFile: tinyMerges, tokenizerConfigFile: config}
	}
	for _, c := range []struct {
		name           string
		files          map[string]string
		query, passage string
		want           []int32
	}{
		{"merges", merges(`{}`), "ab", "a <mask>", []int32{0, 7, 2, 2, 4, 9, 2}},
		{"merges with a space first", merges(`{"add_prefix_space": true, "tokenizer_class": "RobertaTokenizerFast"}`), "ab", " a",
			[]int32{0, 6, 7, 2, 2, 8, 2}},
		{"merges with another special token", merges(`{"cls_token": "a", "sep_token": {"content": "b", "rstrip": true}}`), "ab ", "",
			[]int32{4, 4, 5, 5, 5, 5}},
		{"merges with a list of added tokens", merges(`{"added_tokens_decoder": {"9": {"content": "x"}, "10": {"content": "<mask>", "special": true}}}`),
			"xab", " <mask>", []int32{0, 9, 7, 2, 2, 6, 10, 2}},
		{"XLM-R", map[string]string{xlmRobertaFile: xlmr}, "a b", "c@x <mask>", []int32{0, 5, 4, 6, 2, 2, 4, 3, 7, 8, 2}},
		{"DeBERTa", map[string]string{deBERTaFile: deberta}, " a.", "A[MASK]", []int32{1, 5, 7, 2, 4, 3, 8, 2}},
		{"DeBERTa in lower case", map[string]string{deBERTaFile: deberta, tokenizerConfigFile: `{"do_lower_case": true}`}, "A", "", []int32{1, 5, 2, 2}},
		{"DeBERTa that cuts at punctuation", map[string]string{deBERTaFile: deberta, tokenizerConfigFile: `{"split_by_punct": true}`},
			"a.", "", []int32{1, 5, 4, 7, 2, 2}},
		{"BERT with ids of added tokens", map[string]string{vocabFile: tinyVocab, addedTokensFile: `{"[MASK]": 4, "Dog": 11}`},
			"[mask]", "dog[MASK]", []int32{2, 1, 1, 1, 3, 11, 4, 3}},
		{"DeBERTa with ids of added tokens", map[string]string{deBERTaFile: deberta, addedTokensFile: `{"[MASK]": 9, "x": 8}`},
			"x", "[MASK]", []int32{1, 8, 2, 9, 2}},
	} {
		t.Run(c.name, func(t *testing.T) {
			r, err := OpenTokenizer(directoryOf(t, c.files))
			if err != nil {
				t.Fatal(err)
			}
			if got, _ := r.Pair(nil, c.query, c.passage); !slices.Equal(got, c.want) {
				t.Errorf("got %v, want %v", show(r.Tokenizer, got), c.want)
			}
		})
	}
}

func TestHostileTokenizerForms(t *testing.T) {
	xlmr, deberta := string(spm(tinyXLMR, 0, nil)), string(spm(tinySPM, 3, nil))
	trainer := func(number protowire.Number, x uint64) string {
		return string(appendBytes(nil, 2, appendNumber(nil, number, x)))
	}
	normalizer := func(number protowire.Number) string { return string(appendBytes(nil, 3, appendNumber(nil, number, 0))) }
	for _, c := range []struct {
		name  string
		files map[string]string
		file  string
		want  string
	}{
		{"no merges", map[string]string{bytesVocabFile: tinyBytes}, mergesFile, "vocab.json is only half of a tokenizer without it"},
		{"a merge of three", map[string]string{bytesVocabFile: tinyBytes, mergesFile: "a b\na b c\n"}, mergesFile + ":2", `it is "a b c"`},
		{"a merge of one", map[string]string{bytesVocabFile: tinyBytes, mergesFile: "ab"}, mergesFile + ":1", "two pieces"},
		{"merges that make nothing", map[string]string{bytesVocabFile: tinyBytes, mergesFile: "b a"}, bytesVocabFile, `merge 0 makes "ba"`},
		{"a vocabulary that is a list", map[string]string{bytesVocabFile: `["a"]`, mergesFile: ""}, bytesVocabFile, "it begins with"},
		{"an id that is text", map[string]string{bytesVocabFile: `{"a": "0"}`, mergesFile: ""}, bytesVocabFile, "it must be an integer"},
		{"an id twice", map[string]string{bytesVocabFile: `{"a": 0, "b": 0}`, mergesFile: ""}, bytesVocabFile, "both have id 0"},
		{"another class of merges", map[string]string{bytesVocabFile: tinyBytes, mergesFile: tinyMerges, tokenizerConfigFile: `{"tokenizer_class": "Qwen2TokenizerFast"}`},
			tokenizerConfigFile, `tokenizer_class: it is "Qwen2Tokenizer", but vocab.json can only be read as RobertaTokenizer reads it; save it as tokenizer.json`},
		{"another class of pieces", map[string]string{xlmRobertaFile: xlmr, tokenizerConfigFile: `{"tokenizer_class": "CamembertTokenizer"}`},
			tokenizerConfigFile, "CamembertTokenizer"},
		{"no message", map[string]string{xlmRobertaFile: "\x0a\x7f"}, xlmRobertaFile, "byte 0: unexpected EOF"},
		{"an empty file", map[string]string{deBERTaFile: ""}, deBERTaFile, "it has no pieces"},
		{"a text", map[string]string{deBERTaFile: "spm"}, deBERTaFile, "reading a model of SentencePiece"},
		{"first pieces of another model", map[string]string{xlmRobertaFile: deberta}, xlmRobertaFile, `its first pieces are ["[PAD]" "[CLS]" "[SEP]"]`},
		{"one piece", map[string]string{xlmRobertaFile: string(spm(tinyXLMR[:1], 0, nil))}, xlmRobertaFile, `its first pieces are ["<unk>"]`},
		{"an unknown piece that is not there", map[string]string{deBERTaFile: deberta + trainer(40, 1<<63)}, deBERTaFile, "its unknown piece has id"},
		{"merges in a model", map[string]string{deBERTaFile: deberta + trainer(3, 2)}, deBERTaFile, "its model_type is 2"},
		{"spaces at the end of words", map[string]string{deBERTaFile: deberta + trainer(24, 1)}, deBERTaFile, "treat_whitespace_as_suffix"},
		{"no space first", map[string]string{deBERTaFile: deberta + normalizer(3)}, deBERTaFile, "its add_dummy_prefix is false"},
		{"all spaces kept", map[string]string{deBERTaFile: deberta + normalizer(4)}, deBERTaFile, "its remove_extra_whitespaces is false"},
		{"a map that is none", map[string]string{deBERTaFile: string(spm(tinySPM, 3, []byte("map")))}, deBERTaFile, "less than 4 bytes"},
		{"a score that is none", map[string]string{deBERTaFile: string(spm(append(slices.Clone(tinySPM), spmPiece{"x", float32(math.NaN()), 0}), 3, nil))},
			deBERTaFile, "its score is NaN"},
		{"ids of added tokens that are none", map[string]string{deBERTaFile: deberta, addedTokensFile: `{"x": -1}`}, addedTokensFile, "x: it is -1"},
		{"an id far away", map[string]string{deBERTaFile: deberta, addedTokensFile: `{"x": 12}`}, addedTokensFile, `"x" has id 12, but nothing has id 8`},
		{"a form that cannot be read", map[string]string{"spiece.model": xlmr}, "spiece.model", "it cannot be read; save it as tokenizer.json"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := OpenTokenizer(directoryOf(t, c.files))
			if err == nil || !strings.Contains(err.Error(), c.file+": ") || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error of %s with %s", err, c.file, c.want)
			}
		})
	}
}

func FuzzSentencePieces(f *testing.F) {
	f.Add(spm(tinyXLMR, 0, nil), []byte(`{}`))
	f.Add(spm(tinySPM, 3, nil), []byte(`{"split_by_punct": true, "do_lower_case": true}`))
	f.Add(append(spm(tinySPM, 3, nil), 0x0b, 0x0c), []byte(`{"mask_token": "a", "added_tokens_decoder": {"8": {"content": "b b"}}}`))
	f.Add(spm(tinyXLMR, 0, []byte("\x04\x00\x00\x00\x00\x00\x00\x00x\x00")), []byte(`{"unk_token": {"content": "b", "lstrip": true}}`))
	f.Fuzz(func(t *testing.T, data, config []byte) {
		for file, read := range map[string]func([]byte, *tokenizerConfig) (*vocabulary, error){xlmRobertaFile: fromXLMRoberta, deBERTaFile: fromDeBERTa} {
			c, err := parseTokenizerConfig(config)
			if err != nil {
				return
			}
			v, err := read(data, c)
			if err != nil {
				checkFile(t, err, file, tokenizerConfigFile)
				continue
			}
			touch(t, v)
		}
	})
}

func FuzzMerges(f *testing.F) {
	f.Add([]byte(tinyBytes), []byte(tinyMerges), []byte(`{}`))
	f.Add([]byte(tinyBytes), []byte("a b\r\n\r\nĠ a"), []byte(`{"add_prefix_space": true, "mask_token": "ab"}`))
	f.Add([]byte(`{"a": 0, "a": 1}`), []byte("#version\n"), []byte(`{"cls_token": "a", "sep_token": ""}`))
	f.Fuzz(func(t *testing.T, vocab, merges, config []byte) {
		c, err := parseTokenizerConfig(config)
		if err != nil {
			return
		}
		v, err := fromMerges(vocab, merges, c)
		if err != nil {
			checkFile(t, err, bytesVocabFile, mergesFile, tokenizerConfigFile)
			return
		}
		touch(t, v)
	})
}

// checkFile: an error is about one of some files.
func checkFile(t *testing.T, err error, files ...string) {
	t.Helper()
	if e := (*Error)(nil); !errors.As(err, &e) || !slices.Contains(files, e.File) {
		t.Error(fmt.Errorf("an error about none of %v: %w", files, err))
	}
}

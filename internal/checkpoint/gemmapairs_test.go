package checkpoint

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/crossrank/crossrank/internal/tokenizer"
)

// gemmaTokenizer makes a variant's tokenizer one in the form of Gemma's: pairs of characters that
// are merged, with bytes for others, over text whose spaces are pieces. Its merges make the pieces
// of the variant.
func gemmaTokenizer(v variant) {
	ids, pieces := map[string]int{}, []string{"<pad>", "<eos>", "<bos>", "<unk>"}
	for b := range 256 {
		pieces = append(pieces, fmt.Sprintf("<0x%02X>", b))
	}
	for _, entry := range v["model"].(map[string]any)["vocab"].([]any) {
		if piece := entry.([]any)[0].(string); !strings.HasPrefix(piece, "<") {
			pieces = append(pieces, piece)
		}
	}
	pieces = append(pieces, "\n", "\n\n")
	for id, piece := range pieces {
		ids[piece] = id
	}
	var merges [][]string
	for _, piece := range pieces[260:] {
		if left, right, ok := halves(ids, piece); ok {
			merges = append(merges, []string{left, right})
		}
	}
	v["normalizer"] = named("Replace", "pattern", component{"String": " "}, "content", "▁")
	v["pre_tokenizer"] = split("String", " ", "MergedWithPrevious", false)
	v["model"] = component{"type": "BPE", "unk_token": "<unk>", "fuse_unk": true, "byte_fallback": true, "vocab": ids, "merges": merges}
	v["added_tokens"] = []any{}
	for id, piece := range pieces[:4] {
		v["added_tokens"] = append(v["added_tokens"].([]any), component{"id": id, "content": piece, "special": true, "single_word": false, "lstrip": false,
			"rstrip": false, "normalized": false})
	}
	v["post_processor"] = named("TemplateProcessing",
		"single", []any{component{"SpecialToken": component{"id": "<bos>", "type_id": 0}}, component{"Sequence": component{"id": "A", "type_id": 0}}},
		"pair", []any{component{"SpecialToken": component{"id": "<bos>", "type_id": 0}}, component{"Sequence": component{"id": "A", "type_id": 0}},
			component{"SpecialToken": component{"id": "<bos>", "type_id": 1}}, component{"Sequence": component{"id": "B", "type_id": 1}}},
		"special_tokens", component{"<bos>": component{"id": "<bos>", "ids": []int{2}, "tokens": []string{"<bos>"}}})
}

// halves cuts a piece in two pieces of which the later one comes as early as may be.
func halves(ids map[string]int, piece string) (left, right string, ok bool) {
	best := len(ids)
	for at := 1; at < len(piece); at++ {
		l, okLeft := ids[piece[:at]]
		r, okRight := ids[piece[at:]]
		if okLeft && okRight && utf8.RuneStart(piece[at]) && max(l, r) < best {
			best, left, right, ok = max(l, r), piece[:at], piece[at:], true
		}
	}
	return left, right, ok
}

// TestLibraryGemma compares the ids of texts, and of pairs, in Gemma's form of a tokenizer.
func TestLibraryGemma(t *testing.T) {
	lib := startLibrary(t)
	for _, split := range []bool{true, false} { // files of the first Gemma do not split at spaces
		v := readVariant(t, "xlmr-a")
		gemmaTokenizer(v)
		if !split {
			v["pre_tokenizer"] = nil
		}
		tok := v.open(t, lib)
		compareTexts(t, lib, tok, newTextMaker(9), comparedTexts(t))
		comparePairs(t, lib, tok, newTextMaker(10), comparedTexts(t)/10)
	}
}

// TestBGEGemmaPairs holds the ids of a pair against parts that are encoded one by one, as
// FlagEmbedding's own program does, whole and cut at the end of the passage.
func TestBGEGemmaPairs(t *testing.T) {
	v := readVariant(t, "xlmr-a")
	gemmaTokenizer(v)
	plain := buildTokenizer(t, []byte(short(v)))
	seamed, err := bgeChat.seamed(plain)
	if err != nil || seamed.prompt.Between != "\nB:" || seamed.prompt.BeforePassage != " " {
		t.Fatalf("got %+v, error %v; want all before the passage but the space to be shared", seamed, err)
	}
	chat, p := seamed.tokenizer(plain, affixes{}), &seamed.prompt
	end := plain.Append(plain.Append(nil, "\n"), "Given a query A and a passage B, determine whether the passage contains an answer to the query "+
		"by providing a prediction of either 'Yes' or 'No'.")
	texts := []string{"", "how tall is k2", "K2.", "a ", "\n", " b\n\n", "9", "'s", "...", "中文。\U0001f600", "x <eos>"}
	for _, query := range texts {
		for _, passage := range texts {
			want := []int32{2}
			for _, part := range []string{"A: " + query, "\n", "B: " + passage} {
				want = plain.Append(want, part)
			}
			for _, room := range []int{1000, len(want) - 1} {
				got, _, _ := chat.Join(nil, p.AppendQuery(nil, chat, "", query), chat.AppendSide(nil, p.Passage(passage)), room+len(end), tokenizer.KeepStart)
				if whole := slices.Concat(want[:min(len(want), room)], end); !slices.Equal(got, whole) {
					t.Errorf("%q, %q:\n got %v\nwant %v", query, passage, show(plain, got), show(plain, whole))
				}
			}
		}
	}
	model := v["model"].(component)
	ids := model["vocab"].(map[string]int)
	ids[":▁"] = len(ids)
	model["merges"] = append(model["merges"].([][]string), []string{":", "▁"})
	if seamed, err := bgeChat.seamed(buildTokenizer(t, []byte(short(v)))); err != nil || *seamed != bgeChat {
		t.Errorf("a piece over the seam: got %+v, error %v; want the chat as it is", seamed, err)
	}
	other := strings.ReplaceAll(llamaTokenizer(), "bos", "s")
	if _, err := bgeChat.seamed(buildTokenizer(t, []byte(other))); err == nil || !strings.Contains(err.Error(), "must be one token") {
		t.Errorf("a tokenizer without <bos>: got %v", err)
	}
}

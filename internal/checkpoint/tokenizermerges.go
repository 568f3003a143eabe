package checkpoint

import (
	"bytes"
	"errors"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/crossrank/crossrank/internal/tokenizer"
)

// The files of a byte-level BPE: the pieces with their ids, and the merges.
const (
	bytesVocabFile = "vocab.json"
	mergesFile     = "merges.txt"
)

// robertaTokens are those of transformers' RobertaTokenizer, and of XLMRobertaTokenizer.
var robertaTokens = classTokens{
	cls: specialToken{"cls_token", tokenizer.AddedToken{Content: "<s>"}},
	sep: specialToken{"sep_token", tokenizer.AddedToken{Content: "</s>"}},
	others: []specialToken{
		{"bos_token", tokenizer.AddedToken{Content: "<s>"}},
		{"pad_token", tokenizer.AddedToken{Content: "<pad>"}},
		{"eos_token", tokenizer.AddedToken{Content: "</s>"}},
		{"unk_token", tokenizer.AddedToken{Content: "<unk>"}},
		{"mask_token", tokenizer.AddedToken{Content: "<mask>", LStrip: true}},
	},
	pair: robertaPair,
}

// fromMerges makes the tokenizer that transformers' RobertaTokenizer makes of vocab.json and
// merges.txt. Other classes read the same two files in other ways.
func fromMerges(vocab, mergeList []byte, c *tokenizerConfig) (*vocabulary, error) {
	c.needClass(bytesVocabFile, "RobertaTokenizer")
	prefix := c.o.boolean("add_prefix_space", false)
	if c.o.err != nil {
		return nil, c.o.err
	}
	pieces, err := parseBytesVocab(vocab)
	if err != nil {
		return nil, err
	}
	merges, err := parseMerges(mergeList)
	if err != nil {
		return nil, err
	}
	v := &vocabulary{file: bytesVocabFile, pieces: pieces, limit: c.limit, noTypes: c.noTypes, stages: &stages{
		model:         &modelSection{kind: bpeModel, merges: merges},
		preTokenizers: []tokenizer.PreTokenizer{tokenizer.ByteLevel{AddPrefixSpace: prefix}},
	}}
	return v, c.addTokens(v, robertaTokens)
}

// parseBytesVocab reads vocab.json: {"piece": id, …}.
func parseBytesVocab(data []byte) ([]string, error) {
	o := &object{file: bytesVocabFile, text: data}
	pieces, err := pieceIDs(data, func(value jsontext.Value, err error) error { return o.fault("", value, err) })
	if e := (*Error)(nil); err == nil || errors.As(err, &e) {
		return pieces, err
	}
	return nil, &Error{File: bytesVocabFile, Err: err}
}

// parseMerges reads merges.txt: one merge a line, the first to be done first. Empty lines and the
// one that has the version of the format are passed over.
func parseMerges(data []byte) (list []tokenizer.Merge, err error) {
	n := 0
	for line := range bytes.Lines(data) {
		n++
		text := strings.TrimRight(string(line), "\r\n")
		if strings.HasPrefix(text, "#version") || text == "" {
			continue
		}
		left, right, ok := strings.Cut(text, " ")
		if !ok || left == "" || right == "" || strings.Contains(right, " ") {
			return nil, &Error{File: mergesFile, Line: n, Err: fmt.Errorf("it is %.80q; it must be two pieces with a space between", text)}
		}
		if list = append(list, tokenizer.Merge{Left: left, Right: right}); len(list) > maxVocab {
			return nil, &Error{File: mergesFile, Line: n, Err: fmt.Errorf("it has more than %d merges", maxVocab)}
		}
	}
	return list, nil
}

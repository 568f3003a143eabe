package checkpoint

import (
	"fmt"
	"slices"
	"strconv"

	"github.com/crossrank/crossrank/internal/tokenizer"
)

// The models of SentencePiece, by the names that transformers gives them.
const (
	xlmRobertaFile = "sentencepiece.bpe.model"
	deBERTaFile    = "spm.model"
)

// xlmRobertaHead are the first pieces of XLM-R's vocabulary, and the first ones of its file.
var xlmRobertaHead, xlmRobertaFileHead = []string{"<s>", "<pad>", "</s>", "<unk>"}, []string{"<unk>", "<s>", "</s>"}

// fromXLMRoberta makes the tokenizer of XLM-R of a model of SentencePiece: four special pieces
// stand in place of the file's first three, so that all others have the next id, and <mask> comes
// last.
func fromXLMRoberta(data []byte, c *tokenizerConfig) (*vocabulary, error) {
	c.needClass(xlmRobertaFile, "XLMRobertaTokenizer")
	m, s, err := c.readSentencePieces(xlmRobertaFile, data)
	if err != nil {
		return nil, err
	}
	if !slices.Equal(m.pieces[:min(3, len(m.pieces))], xlmRobertaFileHead) {
		return nil, &Error{File: xlmRobertaFile, Err: fmt.Errorf("its first pieces are %q; those of XLM-R are %q",
			m.pieces[:min(3, len(m.pieces))], xlmRobertaFileHead)}
	}
	pieces := slices.Concat(xlmRobertaHead, m.pieces[3:], []string{"<mask>"})
	scores := make([]float64, len(pieces))
	for i, score := range m.scores[3:] {
		scores[len(xlmRobertaHead)+i] = shortest(score)
	}
	s.preTokenizers = append(s.preTokenizers, tokenizer.WhitespaceSplit{}, metaspaceAlways)
	s.model = &modelSection{kind: unigramModel, scores: scores, unigram: tokenizer.UnigramOptions{Unknown: 3}}
	v := &vocabulary{file: xlmRobertaFile, pieces: pieces, limit: c.limit, noTypes: c.noTypes, stages: s}
	c.addPieces(m, len(xlmRobertaHead)-len(xlmRobertaFileHead))
	return v, c.addTokens(v, robertaTokens)
}

// shortest is the shortest decimal number that is nearest to score as a float32. The tokenizer.json
// that XLM-R was published with has these, and their last bits decide where sums are equal.
func shortest(score float32) float64 {
	return parseScore(strconv.FormatFloat(float64(score), 'f', -1, 32))
}

// deBERTaTokens are those of transformers' DebertaV2Tokenizer.
var deBERTaTokens = classTokens{
	cls: specialToken{"cls_token", tokenizer.AddedToken{Content: "[CLS]"}},
	sep: specialToken{"sep_token", tokenizer.AddedToken{Content: "[SEP]"}},
	others: []specialToken{
		{"pad_token", tokenizer.AddedToken{Content: "[PAD]"}},
		{"unk_token", tokenizer.AddedToken{Content: "[UNK]", Normalized: true}},
		{"mask_token", tokenizer.AddedToken{Content: "[MASK]"}},
	},
	pair: bertPair,
}

// fromDeBERTa makes the tokenizer of DeBERTa-v2 and v3 of a model of SentencePiece.
func fromDeBERTa(data []byte, c *tokenizerConfig) (*vocabulary, error) {
	c.needClass(deBERTaFile, "DebertaV2Tokenizer")
	lower, punctuation := c.o.boolean("do_lower_case", false), c.o.boolean("split_by_punct", false)
	m, s, err := c.readSentencePieces(deBERTaFile, data)
	if err != nil {
		return nil, err
	}
	spaces, err := tokenizer.NewRegexPattern(" {2,}")
	if err != nil {
		return nil, err
	}
	s.normalizers = slices.Concat([]tokenizer.Normalizer{tokenizer.Strip{Left: true, Right: true}}, s.normalizers, []tokenizer.Normalizer{tokenizer.Replace{Pattern: spaces, Content: " "}})
	if s.lowers = lower; lower {
		s.normalizers = slices.Insert(s.normalizers, 0, tokenizer.Normalizer(tokenizer.Lowercase{}))
	}
	if punctuation {
		s.preTokenizers = append(s.preTokenizers, tokenizer.Punctuation{Behavior: tokenizer.Isolated})
	}
	s.preTokenizers = append(s.preTokenizers, metaspaceAlways)
	scores := make([]float64, len(m.scores))
	for i, score := range m.scores {
		scores[i] = float64(score)
	}
	s.model = &modelSection{kind: unigramModel, scores: scores, unigram: tokenizer.UnigramOptions{Unknown: int32(m.unknown)}}
	v := &vocabulary{file: deBERTaFile, pieces: m.pieces, limit: c.limit, noTypes: c.noTypes, stages: s}
	c.addPieces(m, 0)
	return v, c.addTokens(v, deBERTaTokens)
}

// metaspaceAlways puts ▁ before each word that has none.
var metaspaceAlways = tokenizer.Metaspace{Replacement: '▁', Prepend: tokenizer.PrependAlways}

// readSentencePieces reads a model and the normalizer that it has.
func (c *tokenizerConfig) readSentencePieces(file string, data []byte) (*sentencePieces, *stages, error) {
	if c.o.err != nil {
		return nil, nil, c.o.err
	}
	m, err := parseSentencePieces(data)
	if err != nil {
		return nil, nil, &Error{File: file, Err: err}
	}
	s := &stages{sequence: true}
	if len(m.charsmap) > 0 {
		p, err := tokenizer.NewPrecompiled(m.charsmap)
		if err != nil {
			return nil, nil, &Error{File: file, Field: "precompiled_charsmap", Err: err}
		}
		s.normalizers = append(s.normalizers, p)
	}
	return m, s, nil
}

// addPieces makes added tokens of the pieces that are found in a text before it is cut. Ids are
// higher than in the file by shift.
func (c *tokenizerConfig) addPieces(m *sentencePieces, shift int) {
	for _, id := range m.user {
		if !slices.ContainsFunc(c.added, func(t tokenizer.AddedToken) bool { return t.Content == m.pieces[id] }) {
			c.added = append(c.added, tokenizer.AddedToken{Content: m.pieces[id], ID: int32(id + shift)})
		}
	}
}

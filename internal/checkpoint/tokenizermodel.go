package checkpoint

import (
	"bytes"
	"fmt"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/crossrank/crossrank/internal/tokenizer"
)

// The kinds of models in tokenizer.json.
const (
	wordPieceModel = "WordPiece"
	unigramModel   = "Unigram"
	bpeModel       = "BPE"
)

// modelSection is the section model of tokenizer.json, other than its pieces.
type modelSection struct {
	kind string

	wordPiece tokenizer.WordPieceOptions
	unigram   tokenizer.UnigramOptions
	bpe       tokenizer.BPEOptions
	scores    []float64 // of a Unigram, by id
	merges    []tokenizer.Merge
}

// readModel reads the section model, and its pieces into v.
func (v *vocabulary) readModel(o *object) *modelSection {
	s := new(modelSection)
	if _, ok := o.need("model"); !ok {
		return s
	}
	m := o.object("model")
	s.kind = m.str("type", "")
	if s.kind == "" && m.err == nil {
		s.kind = kindWithoutType(m)
	}
	switch s.kind {
	case wordPieceModel:
		s.readWordPiece(m, v)
	case unigramModel:
		s.readUnigram(m, v)
	case bpeModel:
		s.readBPE(m, v)
	default:
		m.fail("type", "it is %.80q; these can be read: %s, %s, %s", s.kind, wordPieceModel, unigramModel, bpeModel)
	}
	o.merge(m)
	return s
}

// kindWithoutType finds out the kind of a model in a file from before the library wrote it.
func kindWithoutType(m *object) string {
	vocab, _ := m.get("vocab")
	switch {
	case m.members["merges"] != nil:
		return bpeModel
	case vocab.Kind() == '[':
		return unigramModel
	case m.members["max_input_chars_per_word"] != nil:
		return wordPieceModel
	}
	return ""
}

func (s *modelSection) readWordPiece(m *object, v *vocabulary) {
	v.opts.Unknown = m.str("unk_token", "[UNK]")
	v.opts.Prefix = m.str("continuing_subword_prefix", "##")
	v.opts.MaxWordRunes = m.sizeOr("max_input_chars_per_word", 1, 1<<20, 100)
	if v.opts.Unknown == "" || v.opts.Prefix == "" {
		m.fail("", "unk_token and continuing_subword_prefix must not be empty")
	}
	s.wordPiece = tokenizer.WordPieceOptions{Unknown: v.opts.Unknown, Prefix: v.opts.Prefix, MaxRunes: v.opts.MaxWordRunes}
	v.readPieces(m)
}

func (s *modelSection) readUnigram(m *object, v *vocabulary) {
	s.unigram.ByteFallback = m.boolean("byte_fallback", false)
	s.unigram.Unknown = int32(m.size("unk_id", 0, maxVocab-1))
	raw, ok := m.need("vocab")
	if !ok {
		return
	}
	var err error
	if v.pieces, s.scores, err = scoredPieces(raw); err != nil {
		m.fail("vocab", "%w", err)
	}
}

// scoredPieces reads [["piece", score], …].
func scoredPieces(raw jsontext.Value) (pieces []string, scores []float64, err error) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(raw), jsontext.AllowDuplicateNames(true))
	if dec.PeekKind() != '[' {
		return nil, nil, fmt.Errorf("it must be a list of pieces with their scores")
	}
	n := bytes.Count(raw, []byte("["))
	pieces, scores = make([]string, 0, n), make([]float64, 0, n)
	for dec.ReadToken(); dec.PeekKind() != ']'; {
		if len(pieces) == maxVocab {
			return nil, nil, fmt.Errorf("it has more than %d pieces", maxVocab)
		}
		piece, score, err := scoredPiece(dec)
		if err != nil {
			return nil, nil, fmt.Errorf("piece %d: %w", len(pieces), err)
		}
		pieces, scores = append(pieces, piece), append(scores, score)
	}
	return pieces, scores, nil
}

func scoredPiece(dec *jsontext.Decoder) (piece string, score float64, err error) {
	if dec.PeekKind() != '[' {
		return "", 0, fmt.Errorf("it must be a piece and its score")
	}
	dec.ReadToken()
	if dec.PeekKind() != '"' {
		return "", 0, fmt.Errorf("it must begin with its text")
	}
	token, err := dec.ReadToken()
	if err != nil {
		return "", 0, err
	}
	piece = token.String()
	if dec.PeekKind() != '0' {
		return "", 0, fmt.Errorf("the score of %.80q must be a number", piece)
	}
	number, err := dec.ReadValue()
	if err != nil {
		return "", 0, err
	}
	score = parseScore(string(number))
	if end, err := dec.ReadToken(); err != nil || end.Kind() != ']' {
		return "", 0, fmt.Errorf("%.80q has more than a score", piece)
	}
	return piece, score, nil
}

func (s *modelSection) readBPE(m *object, v *vocabulary) {
	if raw, ok := m.get("dropout"); ok && string(raw) != "0" && string(raw) != "0.0" {
		m.fail("dropout", "it is %.40s, so that ids are random; only null can be computed", raw)
	}
	s.bpe = tokenizer.BPEOptions{
		Unknown:      m.str("unk_token", ""),
		FuseUnknown:  m.boolean("fuse_unk", false),
		Prefix:       m.str("continuing_subword_prefix", ""),
		Suffix:       m.str("end_of_word_suffix", ""),
		ByteFallback: m.boolean("byte_fallback", false),
		IgnoreMerges: m.boolean("ignore_merges", false),
	}
	v.readPieces(m)
	if m.err != nil {
		return
	}
	if raw, ok := m.need("merges"); ok {
		var err error
		if s.merges, err = merges(raw); err != nil {
			m.fail("merges", "%w", err)
		}
	}
}

// merges reads ["a b", …] or [["a", "b"], …].
func merges(raw jsontext.Value) ([]tokenizer.Merge, error) {
	dec := jsontext.NewDecoder(bytes.NewBuffer(raw), jsontext.AllowDuplicateNames(true))
	if dec.PeekKind() != '[' {
		return nil, fmt.Errorf("it must be a list of pairs")
	}
	var list []tokenizer.Merge
	for dec.ReadToken(); dec.PeekKind() != ']'; {
		if len(list) == maxVocab {
			return nil, fmt.Errorf("it has more than %d merges", maxVocab)
		}
		pair, err := mergePair(dec)
		if err != nil {
			return nil, fmt.Errorf("merge %d: %w", len(list), err)
		}
		list = append(list, pair)
	}
	return list, nil
}

func mergePair(dec *jsontext.Decoder) (pair tokenizer.Merge, err error) {
	bad := fmt.Errorf(`it must be "a b" or ["a", "b"]`)
	if dec.PeekKind() == '"' {
		token, err := dec.ReadToken()
		if err != nil {
			return pair, err
		}
		left, right, ok := strings.Cut(token.String(), " ")
		if !ok || strings.Contains(right, " ") {
			return pair, bad
		}
		return tokenizer.Merge{Left: left, Right: right}, nil
	}
	if dec.PeekKind() != '[' {
		return pair, bad
	}
	dec.ReadToken()
	for _, part := range []*string{&pair.Left, &pair.Right} {
		if dec.PeekKind() != '"' {
			return pair, bad
		}
		token, err := dec.ReadToken()
		if err != nil {
			return pair, err
		}
		*part = token.String()
	}
	if end, err := dec.ReadToken(); err != nil || end.Kind() != ']' {
		return pair, bad
	}
	return pair, nil
}

// build makes the model of the pieces of v.
func (s *modelSection) build(v *vocabulary) (tokenizer.Model, error) {
	switch s.kind {
	case unigramModel:
		return tokenizer.NewUnigram(v.pieces, s.scores, s.unigram)
	case bpeModel:
		return tokenizer.NewBPE(v.pieces, s.merges, s.bpe)
	}
	return tokenizer.NewWordPiece(v.pieces, s.wordPiece)
}

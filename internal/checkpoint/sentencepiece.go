package checkpoint

import (
	"fmt"
	"math"

	"google.golang.org/protobuf/encoding/protowire"
)

// sentencePieces is what a model of SentencePiece says, as far as transformers reads it. The file
// is a protobuf message; the numbers below are those of its fields in sentencepiece_model.proto.
type sentencePieces struct {
	pieces   []string // by id
	scores   []float32
	user     []int  // ids of pieces that are found in a text before it is cut
	unknown  int    // id of the unknown piece
	charsmap []byte // the precompiled map of the normalizer; nil: none
}

// userPiece is the type of pieces that are found in a text before it is cut. transformers makes no
// difference between the others.
const userPiece = 4

// unigramKind is the model_type of a unigram language model.
const unigramKind = 1

// parseSentencePieces reads a model. Settings by which texts are cut in another way than
// transformers cuts them are refused.
func parseSentencePieces(data []byte) (*sentencePieces, error) {
	m := &sentencePieces{}
	err := eachField(data, func(number protowire.Number, f field) error {
		switch number {
		case 1: // pieces
			return m.readPiece(f.bytes)
		case 2: // trainer_spec
			return eachField(f.bytes, m.readTrainer)
		case 3: // normalizer_spec
			return eachField(f.bytes, m.readNormalizer)
		}
		return nil
	})
	switch {
	case err != nil:
		return nil, fmt.Errorf("reading a model of SentencePiece: %w", err)
	case len(m.pieces) == 0:
		return nil, fmt.Errorf("it has no pieces, so it is no model of SentencePiece")
	case m.unknown >= len(m.pieces):
		return nil, fmt.Errorf("its unknown piece has id %d, but it has %d pieces", m.unknown, len(m.pieces))
	}
	return m, nil
}

func (m *sentencePieces) readPiece(message []byte) error {
	if len(m.pieces) == maxVocab {
		return fmt.Errorf("it has more than %d pieces", maxVocab)
	}
	piece, score, kind := "", float32(0), uint64(0)
	err := eachField(message, func(number protowire.Number, f field) error {
		switch number {
		case 1: // piece
			piece = string(f.bytes)
		case 2: // score
			score = math.Float32frombits(uint32(f.number))
		case 3: // type
			kind = f.number
		}
		return nil
	})
	if kind == userPiece {
		m.user = append(m.user, len(m.pieces))
	}
	m.pieces, m.scores = append(m.pieces, piece), append(m.scores, score)
	return err
}

func (m *sentencePieces) readTrainer(number protowire.Number, f field) error {
	switch {
	case number == 3 && f.number != unigramKind: // model_type
		return fmt.Errorf("its model_type is %d; only a unigram model (%d) can be read", f.number, unigramKind)
	case number == 24 && f.number != 0: // treat_whitespace_as_suffix
		return fmt.Errorf("its treat_whitespace_as_suffix is true, which cannot be computed")
	case number == 40: // unk_id
		m.unknown = int(min(f.number, math.MaxInt32))
	}
	return nil
}

func (m *sentencePieces) readNormalizer(number protowire.Number, f field) error {
	if number == 2 { // precompiled_charsmap
		m.charsmap = f.bytes
	}
	for _, s := range []struct {
		number protowire.Number
		name   string
	}{{3, "add_dummy_prefix"}, {4, "remove_extra_whitespaces"}, {5, "escape_whitespaces"}} {
		if number == s.number && f.number == 0 {
			return fmt.Errorf("its %s is false; only true can be computed", s.name)
		}
	}
	return nil
}

// field is the value of a field of a message: its bytes, or a number of any other type.
type field struct {
	number uint64
	bytes  []byte
}

// eachField calls f for each field of a message.
func eachField(message []byte, f func(number protowire.Number, value field) error) error {
	for at := 0; at < len(message); {
		number, kind, n := protowire.ConsumeTag(message[at:])
		if n < 0 {
			return fmt.Errorf("byte %d: %w", at, protowire.ParseError(n))
		}
		value, size := consumeField(number, kind, message[at+n:])
		if size < 0 {
			return fmt.Errorf("byte %d: %w", at, protowire.ParseError(size))
		}
		if err := f(number, value); err != nil {
			return err
		}
		at += n + size
	}
	return nil
}

// consumeField reads one value. A size below 0 is an error of protowire.
func consumeField(number protowire.Number, kind protowire.Type, rest []byte) (value field, size int) {
	switch kind {
	case protowire.VarintType:
		value.number, size = protowire.ConsumeVarint(rest)
	case protowire.Fixed32Type:
		var x uint32
		x, size = protowire.ConsumeFixed32(rest)
		value.number = uint64(x)
	case protowire.Fixed64Type:
		value.number, size = protowire.ConsumeFixed64(rest)
	case protowire.BytesType:
		value.bytes, size = protowire.ConsumeBytes(rest)
	default:
		size = protowire.ConsumeFieldValue(number, kind, rest)
	}
	return value, size
}

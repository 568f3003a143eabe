package checkpoint

import (
	"fmt"
	"strconv"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/crossrank/crossrank/internal/tokenizer"
)

// parseTokenizer reads tokenizer.json, the file of the Hugging Face tokenizers library. What it
// cannot compute as that library does it refuses by name: ids that differ a little make scores that
// are wrong without a sign.
//
// BERT's tokenizer is recognized and read into options of its own, because it is computed in
// another way. All others are read as [stages].
//
// The sections truncation and padding are settings of the program that saved the file, and its
// decoder only turns ids back into text. None of the three is read.
func parseTokenizer(data []byte) (*vocabulary, error) {
	o := parseObject(tokenizerFile, data)
	v := &vocabulary{file: tokenizerFile}
	model := v.readModel(o) // first, because its type says most about a tokenizer
	if o.err != nil {
		return nil, o.err
	}
	if err := v.readAdded(o); err != nil {
		return nil, err
	}
	if model.kind != wordPieceModel || !v.readBERT(o) {
		v.stages = &stages{model: model}
		v.stages.read(o)
	}
	v.readPostProcessor(o)
	if o.err != nil {
		return nil, o.err
	}
	return v, nil
}

// readBERT reads the sections normalizer and pre_tokenizer as those of BERT's tokenizer, and
// reports whether they are. If not, v is as before.
func (v *vocabulary) readBERT(o *object) bool {
	b := *v
	trial := *o // its fault is no fault of the file
	b.readNormalizer(&trial)
	readPreTokenizer(&trial)
	if trial.err != nil {
		return false
	}
	*v = b
	return true
}

// readPieces turns the member vocab into the list of pieces.
func (v *vocabulary) readPieces(m *object) {
	raw, ok := m.need("vocab")
	if !ok {
		return
	}
	var err error
	v.pieces, err = pieceIDs(raw, func(value jsontext.Value, err error) error { return m.fault("vocab", value, err) })
	if e, ok := err.(*Error); ok {
		m.err = e
	} else if err != nil {
		m.fail("vocab", "%w", err)
	}
}

// pieceIDs turns {"piece": id, …} into the list of pieces. If a piece appears more than once, its
// last id counts, as in the reference, and the others are unused. An error about one value is made
// by fault.
func pieceIDs(raw []byte, fault func(value jsontext.Value, err error) error) ([]string, error) {
	ids := make(map[string]int)
	members := 0
	err := eachMember(raw, func(piece string, value jsontext.Value) error {
		id, err := strconv.Atoi(string(value))
		if err != nil {
			return fault(value, fmt.Errorf("the id of %.80q is %.40s; it must be an integer", piece, value))
		}
		members++
		ids[piece] = id
		return nil
	})
	if err != nil {
		return nil, err
	}
	return piecesByID(ids, members)
}

// piecesByID lists the pieces of a vocabulary with so many members. Its ids must be those of the
// first members.
func piecesByID(ids map[string]int, members int) ([]string, error) {
	if members == 0 || members > maxVocab {
		return nil, fmt.Errorf("it has %d pieces; 1 to %d can be read", members, maxVocab)
	}
	pieces, taken := make([]string, members), make([]bool, members)
	size := 0
	for piece, id := range ids {
		if id < 0 || id >= members {
			return nil, fmt.Errorf("%.80q has id %d; %d pieces have the ids 0 to %d", piece, id, members, members-1)
		}
		if taken[id] {
			return nil, fmt.Errorf("%.80q and %.80q both have id %d", pieces[id], piece, id)
		}
		pieces[id], taken[id] = piece, true
		size = max(size, id+1)
	}
	return pieces[:size], nil
}

func (v *vocabulary) readAdded(o *object) error {
	tokens := []tokenizer.AddedToken{} // not nil: a file that lists none means none
	for i, raw := range o.list("added_tokens") {
		token := o.part(fmt.Sprintf("added_tokens[%d]", i), raw)
		id := token.size("id", 0, maxVocab-1)
		tokens = append(tokens, parseAdded(token, int32(id)))
		if o.merge(token); o.err != nil {
			return o.err // there may be millions of them
		}
	}
	if o.err != nil {
		return o.err
	}
	return v.add(tokenizerFile, "added_tokens", tokens)
}

package checkpoint

import (
	"errors"
	"fmt"
	"slices"

	"github.com/crossrank/crossrank/internal/network"
)

// decoder is what a translation of a decoder has besides its network.
type decoder struct {
	chat *chat // in which it reads a pair, if its files have none; nil: they must

	// Of a language model whose score is made of the logits of one or two tokens. A nil output
	// means that the file has the head.
	output  *network.Linear
	tokens  int     // of which the output has rows
	yes, no string  // the tokens where no LogitScore names them; "": it must
	wanted  []int32 // the tokens that the head has, once they are known
}

// answers are the ids of the tokens whose logits make a score: that of yes, less that of no if
// there is one.
type answers struct {
	yes, no int32
	one     bool // there is no second token
}

// answersOf finds the answers of a language model: those that a LogitScore names, else the family's
// own by their names in the vocabulary.
func (d *decoder) answersOf(s *settings, v *vocabulary) (answers, error) {
	if s.answers != nil {
		return *s.answers, nil
	}
	if d.yes == "" {
		return answers{}, &Error{File: modulesFile, Err: errors.New("no LogitScore module says which tokens' logits make a score; " +
			"convert the model with sentence-transformers, or to a classifier")}
	}
	yes, no := slices.Index(v.pieces, d.yes), slices.Index(v.pieces, d.no)
	if yes < 0 || no < 0 {
		return answers{}, &Error{File: v.file, Err: fmt.Errorf("it has no tokens %q and %q, whose logits make a score", d.yes, d.no)}
	}
	return answers{yes: int32(yes), no: int32(no)}, nil
}

// reading adds to how a model reads text what a decoder has besides: the chat, in which a prompt of
// sentence-transformers is the instruction, and the answers.
func (d *decoder) reading(dir string, s *settings, v *vocabulary, r Reading) (Reading, error) {
	c, err := d.readChat(dir)
	if err != nil {
		return Reading{}, err
	}
	if r.Tokenizer, err = c.tokenizer(r.Tokenizer); err != nil {
		return Reading{}, &Error{File: v.file, Err: err}
	}
	r.Prompt = c.prompt
	if s.prompt != "" {
		r.Prompt.Instruction = s.prompt
	}
	if d.output != nil {
		r.answers, err = d.answersOf(s, v)
	}
	return r, err
}

// languageModel is the decoder of a language model; nil for other models.
func (c *modelConfig) languageModel() *decoder {
	if c.decoder == nil || c.decoder.output == nil {
		return nil
	}
	return c.decoder
}

// readAnswers reads only what the head needs besides the weights.
func (d *decoder) readAnswers(dir string) (answers, error) {
	s, err := readSettings(dir, d)
	if err != nil {
		return answers{}, err
	}
	d.shape(s)
	if s.answers != nil {
		return *s.answers, nil
	}
	v, err := readVocabulary(dir)
	if err != nil {
		return answers{}, err
	}
	return d.answersOf(s, v)
}

// shape gives the head as many rows as there are answers.
func (d *decoder) shape(s *settings) {
	d.output.Out = 2
	if s.answers != nil && s.answers.one {
		d.output.Out = 1
	}
}

// want makes room in the head for the rows of the answers, which take fills.
func (d *decoder) want(a answers) error {
	d.wanted = []int32{a.no, a.yes}
	if a.one {
		d.wanted = d.wanted[1:]
	}
	for _, id := range d.wanted {
		if int(id) >= d.tokens {
			return &Error{File: configFile, Field: "vocab_size", Err: fmt.Errorf("it is %d, but the score is made of the logit of token %d",
				d.tokens, id)}
		}
	}
	d.output.Weight = make([]float32, len(d.wanted)*d.output.In)
	return nil
}

// take keeps the rows of the answers, of some rows of the output from number first on.
func (d *decoder) take(first int, rows network.Table) {
	for i, id := range d.wanted {
		if at := int(id) - first; at >= 0 && at < rows.Rows {
			own := d.output.Weight[i*d.output.In : (i+1)*d.output.In]
			copy(own, rows.Row(at, own))
		}
	}
}

package checkpoint

import (
	"cmp"
	"errors"
	"fmt"
	"slices"

	"github.com/crossrank/crossrank/internal/network"
)

// decoder is what a translation of a decoder has besides its network.
type decoder struct {
	chat  *chat // in which it reads a pair, if its files have none; nil: they must
	pairs bool  // without either it reads a pair as the tokenizer's template has it

	// Of a language model, whose score is made of the logits of one or two tokens. Without a head
	// here, the file has a classifier.
	head    *network.Head
	yes, no string // the tokens where no LogitScore names them; no yes: it must; no no: yes alone counts

	// padding is the token at which the reference never reads a classifier, wherever it stands; -1:
	// none.
	padding int
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
	if d.no == "" {
		no = 0
	}
	if yes < 0 || no < 0 {
		return answers{}, &Error{File: v.file, Err: fmt.Errorf("it has no tokens %q and %q, whose logits make a score", d.yes, d.no)}
	}
	return answers{yes: int32(yes), no: int32(no), one: d.no == ""}, nil
}

// reading adds to how a model reads text what a decoder has besides: the chat, in which a prompt of
// sentence-transformers is the instruction, and the answers.
func (d *decoder) reading(dir string, s *settings, v *vocabulary, r Reading) (Reading, error) {
	c, err := d.readChat(dir)
	if err != nil {
		return Reading{}, err
	}
	if d.head != nil {
		if r.answers, err = d.answersOf(s, v); err == nil && c == d.chat {
			err = d.checkAnswers(r.answers, v)
		}
		if err != nil {
			return Reading{}, err
		}
	}
	if (c == nil || c.special) && v.affix != nil {
		return Reading{}, v.affix
	}
	if c == nil {
		return r, cmp.Or(s.messages, d.checkEnd(r))
	}
	if s.prompt != "" && c == d.chat && c.prompt.BeforeInstruction == "" {
		return Reading{}, s.o.fault("default_prompt_name", s.o.members["default_prompt_name"], errNoInstruction)
	}
	if c, err = c.seamed(r.Tokenizer); err != nil {
		return Reading{}, &Error{File: v.file, Err: err}
	}
	r.Tokenizer, r.Prompt = c.tokenizer(r.Tokenizer, v.single), c.prompt
	if s.prompt != "" {
		r.Prompt.Instruction = s.prompt
	}
	return r, d.checkEnd(r)
}

// errNoInstruction is about a prompt of sentence-transformers beside a family's own chat, where that
// library would not leave it out. A template leaves it out there too.
var errNoInstruction = errors.New("the model's prompt has no place for it; " + templateAdvice)

// checkEnd refuses a classifier whose pairs end with the token of padding: the reference reads the
// last token that is another one.
func (d *decoder) checkEnd(r Reading) error {
	r.MaxLength = maxPositions
	ids, _ := r.Pair(nil, "a", "a")
	if d.head != nil || len(ids) == 0 || int(ids[len(ids)-1]) != d.padding {
		return nil
	}
	return &Error{File: configFile, Field: "pad_token_id", Err: fmt.Errorf("it is %d, the token that every pair ends with, so that the "+
		"classifier is read at one before it, which cannot be computed", d.padding)}
}

// checkAnswers refuses answers other than the family's own beside the family's own chat: they are
// those of another model, which reads a pair in another way.
func (d *decoder) checkAnswers(a answers, v *vocabulary) error {
	named := []string{v.token(int(a.yes))}
	if !a.one {
		named = append(named, v.token(int(a.no)))
	}
	own := []string{d.yes, d.no}
	if d.no == "" {
		own = own[:1]
	}
	if slices.Equal(named, own) {
		return nil
	}
	return &Error{File: logitScoreFile, Err: fmt.Errorf("the score is made of the logits of %.100q, not of %q, and no template in the "+
		"model's files has places for a query and a document, so how it reads a pair is not known; %s", named, own, templateAdvice)}
}

// templateAdvice says what to do where it is not known how a model reads a pair.
const templateAdvice = "write its prompt to " + chatTemplateFile + ", as text with places for both (see the documentation of decoders)"

// languageModel is the decoder of a language model; nil for other models.
func (c *modelConfig) languageModel() *decoder {
	if c.decoder == nil || c.decoder.head == nil {
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
	d.head.Output.Out = 2
	if s.answers != nil && s.answers.one || s.answers == nil && d.no == "" {
		d.head.Output.Out = 1
	}
	d.head.Tokens = make([]int32, d.head.Output.Out)
}

// want gives the head the answers, and unless an ONNX file has the weights, makes room for their
// rows, which take fills.
func (d *decoder) want(a answers, n *network.Network) error {
	wanted := []int32{a.no, a.yes}
	if a.one {
		wanted = wanted[1:]
	}
	for _, id := range wanted {
		if tokens := n.Embeddings.Tokens.Rows; int(id) >= tokens {
			return &Error{File: configFile, Field: "vocab_size", Err: fmt.Errorf("it is %d, but the score is made of the logit of token %d",
				tokens, id)}
		}
	}
	copy(d.head.Tokens, wanted)
	if n.File == "" {
		d.head.Output.Weight = make([]float32, len(wanted)*d.head.Output.In)
	}
	return nil
}

// take keeps the rows of the answers, of some rows of the output from number first on.
func (d *decoder) take(first int, rows network.Table) {
	out := &d.head.Output
	for i, id := range d.head.Tokens {
		if at := int(id) - first; at >= 0 && at < rows.Rows {
			own := out.Weight[i*out.In : (i+1)*out.In]
			copy(own, rows.Row(at, own))
		}
	}
}

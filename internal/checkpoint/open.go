// Package checkpoint reads a model's directory, in the layout of Hugging Face transformers and
// sentence-transformers, into a [Model]. Its parts are checked against each other, so that an
// executor need not check them again.
//
// These files are read:
//
//   - config.json: the network, by one family_NAME.go for each class of models.
//   - model.safetensors, or the files that model.safetensors.index.json lists: the weights; or
//     without either, model.onnx or another ONNX file, see [network.Network.File].
//   - tokenizer.json, or vocab.txt, vocab.json with merges.txt, sentencepiece.bpe.model or
//     spm.model: the tokenizer; tokenizer_config.json adds to each, and added_tokens.json to all
//     but the first.
//   - config_sentence_transformers.json, modules.json and sentence_bert_config.json, if they exist:
//     the activation of scores, the default prompt and the maximum length.
//
// All others are in the directory itself: a path in a file's content is never followed. The small
// files are read first, but for the tokenizer, which is made while the weights are read. The
// weights are read in one pass, after the shape of every tensor was compared with the config.
//
// What cannot be computed is refused by name, and what is in the directory in place of a model
// (pointers, web pages, weights for other programs) is named in the error, with what to do.
//
// [Builtin] names a model that needs no directory. Its weights are random.
package checkpoint

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"

	"github.com/crossrank/crossrank/internal/network"
)

const (
	configFile          = "config.json"
	tokenizerFile       = "tokenizer.json"
	tokenizerConfigFile = "tokenizer_config.json"
	vocabFile           = "vocab.txt"
)

// The most bytes that are read of a file other than the weights.
const (
	maxConfigBytes = 1 << 20
	maxVocabBytes  = 64 << 20
)

// Open reads the model in the directory name, or the built-in model if name is [Builtin]. The error
// is [fs.ErrNotExist] if the directory does not exist, and of type *[Error] or *[safetensors.Error]
// if a file's content is wrong.
func Open(name string) (*Model, error) {
	o, err := Begin(name)
	if err != nil {
		return nil, err
	}
	return o.Read(nil)
}

// reading reads how the model reads text.
func (c *modelConfig) reading(dir string, s *settings) (Reading, error) {
	v, err := readVocabulary(dir)
	if err != nil {
		return Reading{}, err
	}
	if err := c.checkVocabulary(v); err != nil {
		return Reading{}, err
	}
	return c.readingOf(dir, s, v)
}

func (c *modelConfig) readingOf(dir string, s *settings, v *vocabulary) (Reading, error) {
	r, err := s.reading(v, c.positions)
	if err != nil || c.decoder == nil {
		return r, err
	}
	return c.decoder.reading(dir, s, v, r)
}

// checkVocabulary refuses a vocabulary that does not fit the network.
func (c *modelConfig) checkVocabulary(v *vocabulary) error {
	if n := v.size(); n > c.vocabSize() {
		return &Error{File: v.file, Err: fmt.Errorf("its ids go to %d, but %s has a vocab_size of %d; "+
			"the files belong to different models", n-1, configFile, c.vocabSize())}
	}
	if v.noTypes != nil && c.readsTypes() {
		return v.noTypes
	}
	return nil
}

// OpenTokenizer reads only how a model reads text, not its weights. The directory need not have a
// config.json; without one, the maximum length is that of the other files, or 512.
func OpenTokenizer(name string) (Reading, error) {
	if isBuiltin(name) {
		tok, err := builtinTokenizer(name)
		return Reading{Tokenizer: tok, MaxLength: builtinConfig().Positions}, err
	}
	dir, err := directory(name)
	if err != nil {
		return Reading{}, err
	}
	r, err := openReading(dir)
	if err != nil {
		return Reading{}, opening(name, err)
	}
	return r, nil
}

// Family reads which family the model in the directory name is of, from its config.json alone.
func Family(name string) (string, error) {
	c, err := readConfig(name)
	if err != nil {
		return "", opening(name, err)
	}
	return c.family.name, nil
}

// OpenNetwork reads only a model's network with its weights, not how the model reads text. A pair
// may have as many tokens as the positions allow, special tokens included.
func OpenNetwork(name string) (n *network.Network, positions int, err error) {
	o, err := BeginNetwork(name)
	if err != nil {
		return nil, 0, err
	}
	m, err := o.Read(nil)
	if err != nil {
		return nil, 0, err
	}
	return m.Network, m.MaxLength, nil
}

func openReading(dir string) (Reading, error) {
	c, err := readConfig(dir)
	alone := errors.Is(err, fs.ErrNotExist) // a tokenizer without a model
	if err != nil && !alone {
		return Reading{}, err
	}
	s, err := readSettings(dir, c.decoder)
	if err != nil {
		return Reading{}, err
	}
	v, err := readVocabulary(dir)
	if err != nil {
		return Reading{}, err
	}
	if alone {
		c.positions = cmp.Or(s.limit, v.limit, 512)
	}
	return c.readingOf(dir, s, v)
}

func opening(name string, err error) error { return fmt.Errorf("opening model %s: %w", name, err) }

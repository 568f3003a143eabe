// Package checkpoint reads a model: a folder as Hugging Face transformers and sentence-transformers write it becomes a
// [Model] in memory whose config, weights and vocabulary are checked against each other, so that what computes with it
// need not ask again.
//
// A folder holds config.json, model.safetensors and either tokenizer.json or vocab.txt; tokenizer_config.json is read
// where it is there. Each of these names is looked for in the folder itself, and no path that a file holds is ever
// followed. Config and vocabulary are read first, because they are small; the weights are read last, in one pass, and
// only after the shape of every tensor was compared with the config.
//
// [Builtin] names a model that needs no folder. Its weights are random.
package checkpoint

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
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

// Open reads a model: the one in the directory called name, or the built-in one where name is [Builtin]. An absent
// directory is an error that is [fs.ErrNotExist]; errors about the content of a file are of type *[Error] or
// *[safetensors.Error].
func Open(name string) (*Model, error) {
	if isBuiltin(name) {
		return openBuiltin(name)
	}
	dir, err := directory(name)
	if err != nil {
		return nil, err
	}
	m, err := openDirectory(dir)
	if err != nil {
		return nil, opening(name, err)
	}
	m.Name = name
	return m, nil
}

func openDirectory(dir string) (m *Model, err error) {
	if err := checkAdapter(dir); err != nil {
		return nil, err
	}
	c, config, err := readConfig(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, insteadOf(dir, configFile)
	}
	if err != nil {
		return nil, err
	}
	m = &Model{Network: c.network}
	s, err := readSettings(dir)
	if err != nil {
		return nil, err
	}
	if m.Activation, err = readActivation(s.o, config); err != nil {
		return nil, err
	}
	v, err := readVocabulary(dir)
	if err != nil {
		return nil, err
	}
	if n := v.size(); n > c.vocabSize() {
		return nil, &Error{File: v.file, Err: fmt.Errorf("its ids go to %d, but %s has a vocab_size of %d; "+
			"the files belong to different models", n-1, configFile, c.vocabSize())}
	}
	if m.Reading, err = s.reading(v, c.positions); err != nil {
		return nil, err
	}
	tensors, err := openTensors(dir)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, tensors.Close()) }()
	if m.Hash, err = loadWeights(tensors, c); err != nil {
		return nil, err
	}
	return m, nil
}

// OpenTokenizer reads only how a model reads text, not its weights. A directory without config.json will do; the
// maximum length is then that of the other files, or 512 where they have none.
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

func openReading(dir string) (Reading, error) {
	s, err := readSettings(dir)
	if err != nil {
		return Reading{}, err
	}
	v, err := readVocabulary(dir)
	if err != nil {
		return Reading{}, err
	}
	c, _, err := readConfig(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		c.positions = cmp.Or(s.limit, v.limit, 512)
	case err != nil:
		return Reading{}, err
	}
	return s.reading(v, c.positions)
}

func opening(name string, err error) error { return fmt.Errorf("opening model %s: %w", name, err) }

// reading joins the settings with the tokenizer, for a model with so many positions.
func (s *settings) reading(v *vocabulary, positions int) (Reading, error) {
	if s.lowerFile != "" && v.opts.Cased {
		return Reading{}, &Error{File: s.lowerFile, Field: "do_lower_case", Err: fmt.Errorf("it is true, but the tokenizer in "+
			"%s keeps upper case; make them agree", v.file)}
	}
	tok, err := v.build()
	if err != nil {
		return Reading{}, err
	}
	length := positions
	if limit := cmp.Or(s.limit, v.limit); limit > 0 {
		length = min(limit, positions)
	}
	return Reading{Tokenizer: tok, Prompt: s.prompt, MaxLength: length}, nil
}

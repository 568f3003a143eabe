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
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/crossrank/crossrank/internal/tokenizer"
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

// Open reads a model: the one in the folder called name, or the built-in one where name is [Builtin]. An absent folder
// is an error that is [fs.ErrNotExist]; errors about the content of a file are of type *[Error] or
// *[safetensors.Error].
func Open(name string) (m *Model, err error) {
	if isBuiltin(name) {
		return openBuiltin(name)
	}
	dir, err := folder(name)
	if err != nil {
		return nil, err
	}
	m = &Model{Name: name}
	if m.Config, err = readConfig(dir); err != nil {
		return nil, opening(name, err)
	}
	v, err := readVocabulary(dir)
	if err != nil {
		return nil, opening(name, err)
	}
	if n := v.size(); n > m.Config.VocabSize {
		return nil, opening(name, &Error{File: v.file, Err: fmt.Errorf("its ids go to %d, but %s has a vocab_size of %d; "+
			"the files belong to different models", n-1, configFile, m.Config.VocabSize)})
	}
	if m.Tokenizer, err = v.build(); err != nil {
		return nil, opening(name, err)
	}
	m.MaxLength = v.maxLength(m.Config.Positions)
	if err := requireWeights(dir); err != nil {
		return nil, opening(name, err)
	}
	tensors, err := openTensors(dir)
	if err != nil {
		return nil, opening(name, err)
	}
	defer func() { err = errors.Join(err, tensors.Close()) }()
	if m.Weights, m.Hash, err = loadWeights(tensors, m.Config); err != nil {
		return nil, opening(name, err)
	}
	return m, nil
}

// OpenTokenizer reads only the tokenizer of a model, and the most tokens that a pair may have. A folder without
// config.json will do; the length is then the tokenizer's own limit, or 512 where it has none.
func OpenTokenizer(name string) (tok *tokenizer.Tokenizer, maxLength int, err error) {
	if isBuiltin(name) {
		tok, err := builtinTokenizer(name)
		return tok, builtinConfig().Positions, err
	}
	dir, err := folder(name)
	if err != nil {
		return nil, 0, err
	}
	v, err := readVocabulary(dir)
	if err != nil {
		return nil, 0, opening(name, err)
	}
	c, err := readConfig(dir)
	switch {
	case errors.Is(err, fs.ErrNotExist):
		if c.Positions = v.limit; c.Positions == 0 {
			c.Positions = 512
		}
	case err != nil:
		return nil, 0, opening(name, err)
	}
	if tok, err = v.build(); err != nil {
		return nil, 0, opening(name, err)
	}
	return tok, v.maxLength(c.Positions), nil
}

func opening(name string, err error) error { return fmt.Errorf("opening model %s: %w", name, err) }

// maxLength is the tokens of a pair where there are so many positions.
func (v *vocabulary) maxLength(positions int) int {
	if v.limit > 0 {
		return min(v.limit, positions)
	}
	return positions
}

// folder checks that name is a folder and otherwise says what to do.
func folder(name string) (string, error) {
	if name == "" {
		return "", errors.New("no model was named: give the folder of one, or " + Builtin)
	}
	info, err := os.Stat(name)
	switch {
	case err != nil && errors.Is(err, fs.ErrNotExist) && isHubName(name):
		return "", fmt.Errorf("opening model %s: no folder has this name here. If it is a model on the Hugging Face hub, "+
			"download it (hf download %s --local-dir %s) and give that folder, or use %s: %w",
			name, name, filepath.Base(name), Builtin, fs.ErrNotExist)
	case err != nil && errors.Is(err, fs.ErrNotExist):
		return "", fmt.Errorf("opening model %s: give a folder that holds %s, %s and %s or %s, or use %s: %w",
			name, configFile, weightsFile, tokenizerFile, vocabFile, Builtin, fs.ErrNotExist)
	case err != nil:
		return "", fmt.Errorf("opening model: %w", err)
	case !info.IsDir():
		return "", fmt.Errorf("opening model %s: it is a file; give the folder that holds it", name)
	}
	return name, nil
}

// isHubName says whether a name looks like owner/model.
func isHubName(name string) bool {
	owner, model, ok := strings.Cut(name, "/")
	return ok && owner != "" && model != "" && !strings.ContainsAny(model, `/\`) && !strings.HasPrefix(owner, ".") &&
		!strings.HasPrefix(owner, "~") && !strings.Contains(owner, `\`)
}

func readConfig(dir string) (Config, error) {
	data, err := readFile(dir, configFile, maxConfigBytes)
	if err != nil {
		return Config{}, err
	}
	return parseConfig(data)
}

// readVocabulary reads tokenizer.json, or vocab.txt where there is none, and tokenizer_config.json beside either.
func readVocabulary(dir string) (*vocabulary, error) {
	data, err := readFile(dir, tokenizerConfigFile, maxVocabBytes)
	if errors.Is(err, fs.ErrNotExist) {
		data, err = []byte("{}"), nil
	}
	if err != nil {
		return nil, err
	}
	c, err := parseTokenizerConfig(data)
	if err != nil {
		return nil, err
	}
	data, err = readFile(dir, tokenizerFile, maxVocabBytes)
	if err == nil {
		v, err := parseTokenizer(data)
		if err != nil {
			return nil, err
		}
		v.limit = c.limit
		return v, c.agree(v)
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	data, err = readFile(dir, vocabFile, maxVocabBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("it has neither %s nor %s: %w", tokenizerFile, vocabFile, err)
	}
	if err != nil {
		return nil, err
	}
	pieces, err := parseVocab(data)
	if err != nil {
		return nil, err
	}
	return fromVocab(pieces, c)
}

// readFile reads a file of a model that has at most limit bytes.
func readFile(dir, name string, limit int64) ([]byte, error) {
	path := filepath.Join(dir, name)
	info, err := os.Stat(path) // before opening it, which would wait if it is a pipe
	if err != nil {
		return nil, &Error{File: name, Err: err}
	}
	if !info.Mode().IsRegular() {
		return nil, &Error{File: name, Err: errors.New("it is not a regular file")}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, &Error{File: name, Err: err}
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, &Error{File: name, Err: err}
	}
	if int64(len(data)) > limit {
		return nil, &Error{File: name, Err: fmt.Errorf("it has more than %d bytes", limit)}
	}
	return data, nil
}

// requireWeights says what to do where the weights come in another form than model.safetensors.
func requireWeights(dir string) error {
	if _, err := os.Stat(filepath.Join(dir, weightsFile)); err == nil {
		return nil
	}
	entries, err := os.ReadDir(dir)
	if err != nil {
		return fmt.Errorf("looking for weights: %w", err)
	}
	for _, e := range entries {
		if strings.HasSuffix(e.Name(), ".safetensors.index.json") {
			return &Error{File: e.Name(), Err: errors.New("the weights are in several files, which cannot be read; save them " +
				"as one: model.save_pretrained(folder, max_shard_size=\"100GB\")")}
		}
	}
	for _, e := range entries {
		if slices.Contains([]string{".bin", ".pt", ".pth", ".pkl", ".ckpt"}, filepath.Ext(e.Name())) {
			return &Error{File: e.Name(), Err: fmt.Errorf("it can run code when it is read (pickle), so it is never read; "+
				"convert it to %s once, where you trust it: python -c 'from transformers import "+
				"AutoModelForSequenceClassification as M; M.from_pretrained(\"FOLDER\").save_pretrained(\"FOLDER\", "+
				"safe_serialization=True)'", weightsFile)}
		}
	}
	return &Error{File: weightsFile, Err: fs.ErrNotExist}
}

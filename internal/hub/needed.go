package hub

import (
	"encoding/json"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"github.com/crossrank/crossrank/internal/checkpoint"
)

const (
	configFile  = "config.json"
	weightsFile = "model.safetensors"
	indexFile   = "model.safetensors.index.json"
	modulesFile = "modules.json"
)

// The most bytes of the two files that decide which others are needed.
const maxListBytes = 16 << 20

// optional are small files that change scores where they are there.
var optional = []string{
	"tokenizer_config.json", "special_tokens_map.json", "added_tokens.json", "chat_template.jinja",
	"config_sentence_transformers.json", "sentence_bert_config.json", modulesFile,
	"adapter_config.json", // which names another base model, so that it must be refused
}

// vocabularies are the forms of a tokenizer that can be read, the best one first. One of them
// suffices.
var vocabularies = [][]string{
	{"tokenizer.json"}, {"vocab.txt"}, {"vocab.json", "merges.txt"}, {"sentencepiece.bpe.model"}, {"spm.model"},
}

// files is a set of files: those of a model at the hub, or of a snapshot on the disk.
type files interface {
	names() []string
	read(name string) ([]byte, error) // one of at most maxListBytes
}

// needed chooses the files that scoring reads. An error says what the model lacks.
func needed(all files) ([]string, error) {
	names := all.names()
	has := func(name string) bool { return slices.Contains(names, name) }
	if !has(configFile) {
		return nil, fmt.Errorf("it has no %s: it is no model for transformers", configFile)
	}
	wanted := []string{configFile}
	weights, err := neededWeights(all, names)
	if err != nil {
		return nil, err
	}
	wanted = append(wanted, weights...)
	i := slices.IndexFunc(vocabularies, func(v []string) bool { return !slices.ContainsFunc(v, func(n string) bool { return !has(n) }) })
	if i < 0 {
		return nil, errors.New("it has no tokenizer that can be read: want tokenizer.json, which transformers' save_pretrained " +
			"writes, or vocab.txt, vocab.json with merges.txt, sentencepiece.bpe.model or spm.model")
	}
	wanted = append(wanted, vocabularies[i]...)
	for _, name := range optional {
		if has(name) {
			wanted = append(wanted, name)
		}
	}
	modules, err := neededModules(all, has)
	if err != nil {
		return nil, err
	}
	for _, name := range modules {
		if !slices.Contains(wanted, name) {
			wanted = append(wanted, name)
		}
	}
	return wanted, nil
}

// neededWeights chooses one safetensors file, or the shards that an index names, or else a file in
// ONNX with those that hold its numbers.
func neededWeights(all files, names []string) ([]string, error) {
	switch {
	case slices.Contains(names, weightsFile):
		return []string{weightsFile}, nil
	case !slices.Contains(names, indexFile):
		if stored := checkpoint.ONNXFiles(names); stored != nil {
			return stored, nil
		}
		return nil, withoutWeights(names)
	}
	text, err := all.read(indexFile)
	if err != nil {
		return nil, err
	}
	var index struct {
		Shards map[string]string `json:"weight_map"`
	}
	if err := json.Unmarshal(text, &index); err != nil {
		return nil, fmt.Errorf("reading %s: %w", indexFile, err)
	}
	wanted := []string{indexFile}
	for _, shard := range index.Shards {
		if slices.Contains(wanted, shard) {
			continue
		}
		if !slices.Contains(names, shard) || path.Ext(shard) != ".safetensors" {
			return nil, fmt.Errorf("%s names the weights %q, which are not there", indexFile, shard)
		}
		wanted = append(wanted, shard)
	}
	slices.Sort(wanted[1:])
	return wanted, nil
}

// neededModules gives the files of the modules of sentence-transformers that have a directory each.
func neededModules(all files, has func(string) bool) (wanted []string, err error) {
	if !has(modulesFile) {
		return nil, nil
	}
	text, err := all.read(modulesFile)
	if err != nil {
		return nil, err
	}
	var modules []struct {
		Path string `json:"path"`
	}
	if err := json.Unmarshal(text, &modules); err != nil {
		return nil, fmt.Errorf("reading %s: %w", modulesFile, err)
	}
	for _, m := range modules {
		for _, name := range []string{configFile, weightsFile} {
			if file := path.Join(m.Path, name); m.Path != "" && has(file) {
				wanted = append(wanted, file)
			}
		}
	}
	return wanted, nil
}

// withoutWeights says what to do with a model whose weights are in no form that is read.
func withoutWeights(names []string) error {
	has := func(test func(name string) bool) bool { return slices.ContainsFunc(names, test) }
	suffix := func(suffixes ...string) bool {
		return has(func(name string) bool { return slices.Contains(suffixes, path.Ext(name)) })
	}
	switch {
	case has(func(name string) bool { return name == "adapter_model.safetensors" }):
		return errors.New("it is an adapter (adapter_model.safetensors): merge it into its base model, and save that")
	case suffix(".bin", ".pt", ".pth", ".ckpt", ".pkl"):
		return fmt.Errorf("its weights are pickles, which can run code when they are read, so they are never downloaded. "+
			"Look for a revision with %s among its pull requests (NAME@refs/pr/NUMBER), or convert it once where you trust it: "+
			"python -c 'from transformers import AutoModelForSequenceClassification as M; "+
			"M.from_pretrained(\"NAME\").save_pretrained(\"FOLDER\")'", weightsFile)
	case suffix(".gguf"):
		return fmt.Errorf("it has weights for llama.cpp only (GGUF): find the model that has %s", weightsFile)
	case suffix(".safetensors"):
		i := slices.IndexFunc(names, func(name string) bool { return path.Ext(name) == ".safetensors" })
		return fmt.Errorf("it has neither %s nor %s, only %s", weightsFile, indexFile, names[i])
	case suffix(".onnx", ".h5", ".msgpack", ".xml"):
		return fmt.Errorf("it has weights for other programs only (ONNX, TensorFlow, Flax or OpenVINO): find the model that has %s", weightsFile)
	}
	return fmt.Errorf("it has no weights: want %s", weightsFile)
}

// listed are the files of a model at the hub, by name.
type listed struct {
	all     map[string]file
	content map[string][]byte // of those that were downloaded
}

func (l listed) names() []string {
	var names []string
	for name := range l.all {
		names = append(names, name)
	}
	slices.SortFunc(names, strings.Compare)
	return names
}

func (l listed) read(name string) ([]byte, error) { return l.content[name], nil }

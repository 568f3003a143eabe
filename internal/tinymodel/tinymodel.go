// Package tinymodel writes the directory of a real BERT cross-encoder that a test can open and run
// in milliseconds.
package tinymodel

import (
	_ "embed"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
)

// geometry is a real BERT cross-encoder, so small that a script can open and run it in
// milliseconds.
var geometry = map[string]any{
	"architectures":           []string{"BertForSequenceClassification"},
	"model_type":              "bert",
	"hidden_size":             24,
	"num_hidden_layers":       2,
	"num_attention_heads":     2,
	"intermediate_size":       40,
	"max_position_embeddings": 64,
	"type_vocab_size":         2,
	"layer_norm_eps":          1e-12,
	"hidden_act":              "gelu",
	"id2label":                map[string]string{"0": "LABEL_0"},
	"label2id":                map[string]int{"LABEL_0": 0},
}

var pieces = strings.Fields(`[PAD] [UNK] [CLS] [SEP] [MASK] the a of is paris rome berlin capital france italy
	germany tall how what city ##s ##ing . , ?`)

// Write writes a model directory with seeded random weights: config.json, tokenizer_config.json,
// vocab.txt and model.safetensors.
func Write(dir string) error {
	if err := os.MkdirAll(dir, 0o777); err != nil {
		return err
	}
	config := map[string]any{"vocab_size": len(pieces)}
	maps.Copy(config, geometry)
	for name, value := range map[string]any{
		"config.json":           config,
		"tokenizer_config.json": map[string]any{"do_lower_case": true, "model_max_length": 64},
	} {
		text, err := json.MarshalIndent(value, "", "  ")
		if err != nil {
			return err
		}
		if err := os.WriteFile(filepath.Join(dir, name), text, 0o666); err != nil {
			return err
		}
	}
	vocab := strings.Join(pieces, "\n") + "\n"
	if err := os.WriteFile(filepath.Join(dir, "vocab.txt"), []byte(vocab), 0o666); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "model.safetensors"), weights(), 0o666)
}

// inONNX is the network with the weights of Write, as torch.onnx writes it: see
// internal/onnx/testdata/stored/make.py.
//
//go:embed model.onnx
var inONNX []byte

// WriteONNX writes the same model with its weights in onnx/model.onnx alone.
func WriteONNX(dir string) error {
	if err := Write(dir); err != nil {
		return err
	}
	return errors.Join(
		os.Remove(filepath.Join(dir, "model.safetensors")),
		os.Mkdir(filepath.Join(dir, "onnx"), 0o777),
		os.WriteFile(filepath.Join(dir, "onnx", "model.onnx"), inONNX, 0o666),
	)
}

// weights lays the tensors out as a safetensors file: the header's length, the header, the data.
func weights() []byte {
	rng := rand.New(rand.NewPCG(1, 2))
	header := map[string]any{}
	var data []byte
	for _, tensor := range tensors() {
		begin := len(data)
		count := 1
		for _, n := range tensor.shape {
			count *= n
		}
		for range count {
			value := float32(rng.NormFloat64() * 0.3)
			if strings.HasSuffix(tensor.name, "LayerNorm.weight") {
				value++
			}
			data = binary.LittleEndian.AppendUint32(data, math.Float32bits(value))
		}
		header[tensor.name] = map[string]any{
			"dtype": "F32", "shape": tensor.shape, "data_offsets": []int{begin, len(data)},
		}
	}
	text, err := json.Marshal(header)
	if err != nil {
		panic(err) // numbers and names only
	}
	for len(text)%8 != 0 {
		text = append(text, ' ')
	}
	file := binary.LittleEndian.AppendUint64(nil, uint64(len(text)))
	return append(append(file, text...), data...)
}

type tensor struct {
	name  string
	shape []int
}

// tensors lists the tensors of geometry under the names that Hugging Face gives them.
func tensors() []tensor {
	size := func(key string) int { return geometry[key].(int) }
	hidden, inner := size("hidden_size"), size("intermediate_size")
	var all []tensor
	linear := func(name string, out, in int) {
		all = append(all, tensor{name + ".weight", []int{out, in}}, tensor{name + ".bias", []int{out}})
	}
	norm := func(name string) {
		all = append(all, tensor{name + ".weight", []int{hidden}}, tensor{name + ".bias", []int{hidden}})
	}
	embedding := func(name string, rows int) {
		all = append(all, tensor{"bert.embeddings." + name + "_embeddings.weight", []int{rows, hidden}})
	}
	embedding("word", len(pieces))
	embedding("position", size("max_position_embeddings"))
	embedding("token_type", size("type_vocab_size"))
	norm("bert.embeddings.LayerNorm")
	for i := range size("num_hidden_layers") {
		layer := fmt.Sprintf("bert.encoder.layer.%d.", i)
		for _, name := range []string{"query", "key", "value"} {
			linear(layer+"attention.self."+name, hidden, hidden)
		}
		linear(layer+"attention.output.dense", hidden, hidden)
		norm(layer + "attention.output.LayerNorm")
		linear(layer+"intermediate.dense", inner, hidden)
		linear(layer+"output.dense", hidden, inner)
		norm(layer + "output.LayerNorm")
	}
	linear("bert.pooler.dense", hidden, hidden)
	linear("classifier", 1, hidden)
	return all
}

package tinymodel

import (
	"encoding/json"
	"errors"
	"os"
	"path/filepath"
	"strings"
)

// decoder is the fixture that has the network of WriteDecoder.
const decoder = "qwen3-untied"

// WriteDecoder writes a small language model that reads letters in the places of a template. Its
// network is a fixture of another package, so internal is the path of the directory that has the
// packages.
func WriteDecoder(dir, internal string) error {
	letters := map[string]int{}
	for _, r := range "Ġ.?:abcdefghijklmnopqrstuvwxyz" { // the first one is a space
		letters[string(r)] = len(letters)
	}
	tokenizer, err := json.Marshal(map[string]any{
		"pre_tokenizer": map[string]any{"type": "ByteLevel", "add_prefix_space": false, "trim_offsets": true, "use_regex": true},
		"model":         map[string]any{"type": "BPE", "vocab": letters, "merges": []string{}},
	})
	if err != nil {
		return err
	}
	text := func(role string) string {
		return `{{ messages | selectattr("role", "eq", "` + role + `") | map(attribute="content") | first }}`
	}
	template := strings.Join([]string{"judge : q", text("query"), "d", text("document"), "yes no :"}, " ")
	return errors.Join(
		os.CopyFS(dir, os.DirFS(filepath.Join(internal, "checkpoint", "testdata", "families", decoder))),
		os.WriteFile(filepath.Join(dir, "tokenizer.json"), tokenizer, 0o666),
		os.WriteFile(filepath.Join(dir, "chat_template.jinja"), []byte(template), 0o666),
	)
}

// WriteDecoderONNX writes the same model with its weights in model.onnx alone.
func WriteDecoderONNX(dir, internal string) error {
	if err := WriteDecoder(dir, internal); err != nil {
		return err
	}
	return errors.Join(
		os.Remove(filepath.Join(dir, "model.safetensors")),
		os.CopyFS(dir, os.DirFS(filepath.Join(internal, "onnx", "testdata", "stored", decoder))),
	)
}

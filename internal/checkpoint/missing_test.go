package checkpoint

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// writeTree writes files whose names may have directories.
func writeTree(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(path), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

const (
	pointer = "version https://git-lfs.github.com/spec/v1\noid sha256:4d7a214614ab2935c943f9e0ff69d22eadbb8f32b1258daaa5e2ca24d17e2393\nsize 90888945\n"
	page    = "\n<!DOCTYPE html>\n<html class=\"\">\n<head><title>Not found</title></head></html>\n"
)

// What really stands in a model's directory is said in words, with what to do about it.
func TestOtherContent(t *testing.T) {
	for _, c := range []struct {
		name, file, content, want string
	}{
		{"a pointer to the weights", weightsFile, pointer, "it is a Git LFS pointer, which stands for the file; run git lfs pull"},
		{"a pointer to the tokenizer", tokenizerFile, pointer, "it is a Git LFS pointer, which stands for the file; run git lfs pull"},
		{"a pointer to the vocabulary", vocabFile, pointer, "it is a Git LFS pointer, which stands for the file; run git lfs pull"},
		{"a pointer to the config", configFile, pointer, "it is a Git LFS pointer, which stands for the file; run git lfs pull"},
		{"a pointer to the settings", settingsFile, pointer, "it is a Git LFS pointer, which stands for the file; run git lfs pull"},
		{"a page in place of the weights", weightsFile, page, "it is a web page that was saved in place of the file"},
		{"a page in place of the config", configFile, page, "it is a web page"},
		{"a page in place of the tokenizer", tokenizerFile, "<html>", "it is a web page"},
		{"a vocabulary of angle brackets", vocabFile, "<s>\n<pad>\n", `the vocabulary has no piece "[UNK]"`},
		{"a pickle by another name", weightsFile, "\x80\x02}q\x00(X\x0a\x00\x00\x00bert.embed", "it is a pickle, as torch.save writes it, not a safetensors file"},
		{"an archive by another name", weightsFile, "PK\x03\x04\x00\x00\x08\x08\x00\x00archive/data.pkl", "it is a zip archive"},
		{"GGUF by another name", weightsFile, "GGUF\x03\x00\x00\x00\x00\x00\x00\x00", "it is GGUF, the format of llama.cpp"},
		{"an answer in place of the weights", weightsFile, "Entry not found", `it is text, not weights: it begins with "Entry not found"`},
		{"an error in place of the config", configFile, `<?xml version="1.0"?><Error><Code>AccessDenied</Code></Error>`, "it is a web page"},
		{"a page with a comment first", configFile, "<!-- x -->\n<html>", "it is a web page"},
		{"weights cut short", weightsFile, "\x01\x00", "a safetensors file must have at least 8 bytes"},
		{"no weights", weightsFile, "", "a safetensors file must have at least 8 bytes"},
	} {
		files := tinyFiles(t)
		files[c.file] = c.content
		_, err := Open(directoryOf(t, files))
		if err == nil || !strings.Contains(err.Error(), c.file+": "+c.want) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
}

// The weights are refused by what is there in their place.
func TestOtherWeights(t *testing.T) {
	for _, c := range []struct {
		name  string
		files []string // that stand there in place of model.safetensors
		want  string
	}{
		{"nothing", nil, "model.safetensors: file does not exist"},
		{"a pickle", []string{"pytorch_model.bin", "training_args.bin"}, "pytorch_model.bin: it can run code"},
		{"what a trainer keeps", []string{"training_args.bin", "optimizer.pt", "scheduler.pt", "rng_state_0.pth"}, "model.safetensors: file does not exist"},
		{"half precision", []string{"model.fp16.safetensors"}, "model.fp16.safetensors: it is a variant of the weights; copy it to model.safetensors"},
		{"half precision in parts", []string{"model.safetensors.index.fp16.json", "model.fp16-00001-of-00002.safetensors"}, "model.fp16-00001-of-00002.safetensors: it is a part"},
		{"parts without their list", []string{"model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors"}, "model-00001-of-00002.safetensors: it is a part of the weights"},
		{"TensorFlow", []string{"tf_model.h5"}, "tf_model.h5: it holds weights for TensorFlow, which are not read; convert it"},
		{"Flax", []string{"flax_model.msgpack"}, "flax_model.msgpack: it holds weights for Flax, which are not read; convert it"},
		{"ONNX", []string{"model.onnx"}, "model.onnx: the weights are only in this file, which the backend onnx alone computes; download the original"},
		{"ONNX in a directory", []string{"onnx/model.onnx", "onnx/model_quantized.onnx"}, "onnx/model.onnx: the weights are only in this file"},
		{"ONNX in other precisions", []string{"onnx/model_q4.onnx", "onnx/model_quantized.onnx"}, "onnx/model_quantized.onnx: the weights are only in this file"},
		{"ONNX by another name", []string{"onnx/model_q4.onnx"}, "onnx/model_q4.onnx: it holds the model in ONNX, which is read only as model.onnx"},
		{"OpenVINO", []string{"openvino/openvino_model.bin", "openvino/openvino_model.xml"}, "openvino/openvino_model.bin: it holds the model for OpenVINO"},
		{"GGUF", []string{"bge-reranker-q8_0.gguf"}, "bge-reranker-q8_0.gguf: it holds the model in GGUF"},
		{"many forms", []string{"onnx/model_O3.onnx", "tf_model.h5", "pytorch_model.bin"}, "pytorch_model.bin: it can run code"},
	} {
		files := tinyFiles(t)
		delete(files, weightsFile)
		for _, name := range c.files {
			files[name] = "x"
		}
		dir := t.TempDir()
		writeTree(t, dir, files)
		if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
}

// Without a config.json a directory may still be something that is known.
func TestOtherDirectories(t *testing.T) {
	for _, c := range []struct {
		name  string
		files map[string]string
		want  string
	}{
		{"nothing", nil, "config.json: file does not exist"},
		{"weights alone", map[string]string{weightsFile: "x"}, "config.json: file does not exist"},
		{"GGUF", map[string]string{"q8_0.gguf": "GGUF"}, "q8_0.gguf: it holds the model in GGUF"},
		{"ONNX", map[string]string{"model.onnx": "x", tokenizerFile: "{}"}, "model.onnx: it holds the model in ONNX"},
		{"models", map[string]string{"a/config.json": "{}", "b/config.json": "{}"}, "give one of the models in this directory: "},
		{"a cache", map[string]string{"models--a--b/snapshots/1/config.json": "{}", "models--a--b/refs/main": "1"}, "models--a--b"},
		{"an adapter", map[string]string{adapterFile: `{"peft_type": "LORA", "base_model_name_or_path": "google-bert/bert-base-uncased"}`,
			"adapter_model.safetensors": "x"}, "adapter_config.json: the directory holds an adapter of google-bert/bert-base-uncased, which cannot be applied here; merge"},
	} {
		dir := t.TempDir()
		writeTree(t, dir, c.files)
		if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
	files := tinyFiles(t)
	files[adapterFile] = `{"base_model_name_or_path": null}`
	if _, err := Open(directoryOf(t, files)); err == nil || !strings.Contains(err.Error(), "an adapter of another model") {
		t.Errorf("an adapter beside a model: got %v", err)
	}
}

func TestBrokenLink(t *testing.T) {
	dir := directoryOf(t, tinyFiles(t))
	if err := os.Remove(filepath.Join(dir, weightsFile)); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join("..", "..", "blobs", "absent"), filepath.Join(dir, weightsFile)); err != nil {
		t.Skip(err)
	}
	if _, err := Open(dir); err == nil || !strings.Contains(err.Error(), "model.safetensors: it is a link to a file that is not there") {
		t.Errorf("got %v", err)
	}
}

func TestHubCache(t *testing.T) {
	const one, two = "7e1bd7e8c4bd9ab1c1a8b4a1c8d23f00e5f9a001", "c510bff0c4bd9ab1c1a8b4a1c8d23f00e5f9a002"
	for _, c := range []struct {
		name      string
		snapshots []string
		main      string // content of refs/main; "" if there is none
		opens     string // the snapshot
		want      string // the error
	}{
		{"one snapshot", []string{one}, one, one, ""},
		{"the branch of two", []string{one, two}, two + "\n", two, ""},
		{"one snapshot without a branch", []string{one}, "", one, ""},
		{"two snapshots without a branch", []string{one, two}, "", "", "give one of them: "},
		{"a branch without a snapshot", []string{one}, two, "", filepath.Join("snapshots", one)},
		{"a branch that leads out", []string{one}, "../../..", "", "names none of its snapshots"},
		{"no snapshot", nil, one, "", "without a snapshot"},
	} {
		dir := filepath.Join(t.TempDir(), "models--cross-encoder--tiny")
		if err := os.MkdirAll(filepath.Join(dir, "snapshots"), 0o777); err != nil {
			t.Fatal(err)
		}
		for _, snapshot := range c.snapshots {
			files := tinyFiles(t)
			if snapshot != c.opens {
				files = map[string]string{configFile: "{}"}
			}
			writeTree(t, filepath.Join(dir, "snapshots", snapshot), files)
		}
		if c.main != "" {
			writeTree(t, dir, map[string]string{"refs/main": c.main})
		}
		m, err := Open(dir)
		if c.want == "" && (err != nil || m.Name != dir) {
			t.Errorf("%s: got %v, %v", c.name, m, err)
		}
		if c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %s", c.name, err, c.want)
		}
	}
}

// A model may hold a directory with that name, and is then no cache.
func TestModelWithSnapshots(t *testing.T) {
	dir := directoryOf(t, tinyFiles(t))
	writeTree(t, dir, map[string]string{"snapshots/a/config.json": "{}", "snapshots/b/config.json": "{}"})
	if _, err := Open(dir); err != nil {
		t.Error(err)
	}
}

func TestOpenTokenizerOfCache(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "models--cross-encoder--tiny")
	writeTree(t, filepath.Join(dir, "snapshots", "1"), map[string]string{configFile: tinyConfig, vocabFile: tinyVocab})
	if r, err := OpenTokenizer(dir); err != nil || r.MaxLength != 9 {
		t.Errorf("got %d tokens, %v", r.MaxLength, err)
	}
	_, err := OpenTokenizer(filepath.Join(dir, "snapshots", "2"))
	if e := (*Error)(nil); err == nil || errors.As(err, &e) {
		t.Errorf("an absent snapshot: got %v", err)
	}
}

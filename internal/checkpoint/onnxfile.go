package checkpoint

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/crossrank/crossrank/internal/half"
	"github.com/crossrank/crossrank/internal/network"
)

// onnxFiles are the names that exporters give a model in ONNX, the first to be read first: those of
// other precisions than the model's own follow.
var onnxFiles = []string{
	"model.onnx", "onnx/model.onnx", "model_fp16.onnx", "onnx/model_fp16.onnx", "model_quantized.onnx", "onnx/model_quantized.onnx",
	"model_int8.onnx", "onnx/model_int8.onnx",
}

// onnxWeights are weights in an ONNX file. The backend that computes the file reads them; here they
// are only identified.
type onnxWeights struct {
	dir   string
	files []string // the file, and those beside it that hold its numbers
}

// ONNXFile is the ONNX file that a model's directory has in place of weights in safetensors; "": it
// has none, or needs none.
func ONNXFile(dir string) (string, error) {
	names, err := listFiles(dir)
	if err != nil {
		return "", err
	}
	if slices.Contains(names, weightsFile) || slices.Contains(names, indexFile) {
		return "", nil
	}
	for _, file := range onnxFiles {
		if slices.Contains(names, filepath.FromSlash(file)) {
			return file, nil
		}
	}
	return "", nil
}

// findONNX finds the ONNX file of a directory without weights in safetensors, with the files that
// hold its numbers, and sets the network's File; nil: there is none.
func findONNX(dir string, c modelConfig) (*onnxWeights, error) {
	file, err := ONNXFile(dir)
	if err != nil || file == "" {
		return nil, err
	}
	names, err := listFiles(dir)
	if err != nil {
		return nil, err
	}
	w := &onnxWeights{dir, []string{file}}
	for _, name := range names {
		if name = filepath.ToSlash(name); isONNXData(name, file) {
			w.files = append(w.files, name)
		}
	}
	slices.Sort(w.files[1:])
	c.network.File = filepath.Join(dir, filepath.FromSlash(file))
	return w, nil
}

// isONNXData reports whether a file holds numbers of an ONNX file beside it.
func isONNXData(name, file string) bool {
	return path.Dir(name) == path.Dir(file) && (strings.HasPrefix(name, file+"_data") || strings.HasPrefix(name, file+".data"))
}

// read implements weights. Without a receiver the caller wants the numbers.
func (w *onnxWeights) read(r network.Receiver) (hash string, err error) {
	if r == nil {
		return "", &Error{File: w.files[0], Err: errors.New("the weights are only in this file, which the backend onnx alone computes; " + original)}
	}
	list := newHashList()
	var sum []byte
	for _, name := range w.files {
		if sum, err = w.hash(name); err != nil {
			return "", err
		}
		list.add(sum, name)
	}
	hash = fmt.Sprintf("sha256:%x", sum)
	if len(w.files) > 1 {
		hash = list.hash()
	}
	return fmt.Sprintf("%s, in %s", hash, w.files[0]), nil
}

func (w *onnxWeights) hash(name string) ([]byte, error) {
	f, err := openFile(w.dir, filepath.FromSlash(name))
	if err != nil {
		return nil, err
	}
	defer f.Close()
	sum := sha256.New()
	if _, err := io.Copy(sum, f); err != nil {
		return nil, &Error{File: name, Err: err}
	}
	return sum.Sum(nil), nil
}

// stored implements weights. The backend that reads the file holds its numbers as they are there.
func (w *onnxWeights) stored() half.Format { return "" }

func (w *onnxWeights) close() error { return nil }

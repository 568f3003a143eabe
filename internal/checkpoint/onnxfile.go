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

// ONNXFiles are, of the files of a model, the one in ONNX that is read in place of weights in
// safetensors, and then those that hold its numbers; nil: there is none, or none is needed. Names
// have slashes.
func ONNXFiles(names []string) []string {
	if slices.Contains(names, weightsFile) || slices.Contains(names, indexFile) {
		return nil
	}
	i := slices.IndexFunc(onnxFiles, func(file string) bool { return slices.Contains(names, file) })
	if i < 0 {
		return nil
	}
	files := []string{onnxFiles[i]}
	for _, name := range names {
		if isONNXData(name, files[0]) {
			files = append(files, name)
		}
	}
	slices.Sort(files[1:])
	return files
}

// ONNXFile is the first of the [ONNXFiles] of a directory; "": it has none.
func ONNXFile(dir string) (string, error) {
	files, err := onnxFilesIn(dir)
	if len(files) == 0 {
		return "", err
	}
	return files[0], nil
}

func onnxFilesIn(dir string) ([]string, error) {
	names, err := listFiles(dir)
	for i := range names {
		names[i] = filepath.ToSlash(names[i])
	}
	return ONNXFiles(names), err
}

// findONNX finds the ONNX files of a directory, and sets the network's File; nil: there are none.
func findONNX(dir string, c modelConfig) (*onnxWeights, error) {
	files, err := onnxFilesIn(dir)
	if err != nil || len(files) == 0 {
		return nil, err
	}
	c.network.File = filepath.Join(dir, filepath.FromSlash(files[0]))
	return &onnxWeights{dir, files}, nil
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

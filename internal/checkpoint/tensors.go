package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/crossrank/crossrank/internal/safetensors"
)

// tensorSource is where a model's tensors are read from: one safetensors file, or several that an
// index lists.
type tensorSource interface {
	// Name is the file that stands for all tensors in errors: the weights, or their index.
	Name() string

	// Tensors lists every tensor once. The caller must not change the list.
	Tensors() []sourceTensor

	// Load reads the named tensors into their targets. The hash identifies the weights: "sha256:…"
	// of their bytes.
	Load(dst map[string]safetensors.Target) (hash string, err error)

	Close() error
}

// sourceTensor is a tensor and the file that holds it.
type sourceTensor struct {
	safetensors.Tensor
	File string // without its directory
}

// openTensors opens the weights of a model directory: one file, or else those that an index lists.
func openTensors(dir string) (tensorSource, error) {
	f, err := openSafetensors(dir, weightsFile)
	if err == nil {
		return newSingleFile(f), nil
	}
	if !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	s, err := openShards(dir)
	switch e := (*Error)(nil); {
	case err == nil:
		return s, nil
	case errors.As(err, &e) && e.File == indexFile && errors.Is(err, fs.ErrNotExist):
		return nil, insteadOf(dir, weightsFile)
	}
	return nil, err
}

// singleFile is the source of weights that are one file.
type singleFile struct {
	*safetensors.File
	tensors []sourceTensor
}

func newSingleFile(f *safetensors.File) *singleFile {
	s := &singleFile{File: f}
	for _, t := range f.Tensors() {
		s.tensors = append(s.tensors, sourceTensor{Tensor: t, File: weightsFile})
	}
	return s
}

func (s *singleFile) Name() string { return weightsFile }

func (s *singleFile) Tensors() []sourceTensor { return s.tensors }

func (s *singleFile) Load(dst map[string]safetensors.Target) (hash string, err error) {
	sum, err := s.File.Load(dst)
	if err != nil {
		return "", fmt.Errorf("reading the weights: %w", err)
	}
	return fmt.Sprintf("sha256:%x", sum), nil
}

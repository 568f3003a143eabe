package checkpoint

import (
	"cmp"
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/crossrank/crossrank/internal/safetensors"
)

// indexFile lists the files of weights that are several, and which tensor is in which.
const indexFile = weightsFile + ".index.json"

const (
	maxIndexBytes = 16 << 20
	maxShards     = 256 // which are open at once
)

// shards is the source of weights that are several files.
type shards struct {
	files   []*safetensors.File // by name
	names   []string            // of the files, without their directory
	tensors []sourceTensor
}

// openShards opens the files that an index lists, and makes sure that they hold the tensors that it says.
func openShards(dir string) (_ *shards, err error) {
	data, err := readFile(dir, indexFile, maxIndexBytes)
	if err != nil {
		return nil, err
	}
	index, err := parseIndex(data)
	if err != nil {
		return nil, err
	}
	s := &shards{names: slices.Sorted(maps.Keys(index))}
	defer func() {
		if err != nil {
			err = errors.Join(err, s.Close())
		}
	}()
	for _, name := range s.names {
		if err := s.open(dir, name, index[name]); err != nil {
			return nil, err
		}
	}
	return s, nil
}

// parseIndex reads an index: the tensors of each file, sorted.
func parseIndex(data []byte) (map[string][]string, error) {
	o := parseObject(indexFile, data)
	o.need("weight_map")
	m := o.object("weight_map")
	index := map[string][]string{}
	for _, tensor := range slices.Sorted(maps.Keys(m.members)) {
		m.need(tensor)
		file := m.str(tensor, "")
		if m.err == nil && !isPlainName(file) {
			m.fail(tensor, "it is %.100q; it must be the name of a safetensors file in the same directory", file)
		}
		if o.merge(m); o.err != nil {
			return nil, o.err
		}
		index[file] = append(index[file], tensor)
	}
	if len(index) == 0 {
		o.fail("weight_map", "it lists no tensors")
	}
	if len(index) > maxShards {
		o.fail("weight_map", "it lists %d files; at most %d can be read", len(index), maxShards)
	}
	if o.merge(m); o.err != nil {
		return nil, o.err
	}
	return index, nil
}

// isPlainName reports whether a file's name leads nowhere but into the model's directory, on any system.
func isPlainName(name string) bool {
	return strings.HasSuffix(name, ".safetensors") && len(name) <= 255 && !strings.HasPrefix(name, ".") &&
		!strings.ContainsFunc(name, func(r rune) bool { return r < ' ' || strings.ContainsRune(`/\:`, r) })
}

// open opens one file, which must hold exactly the tensors listed.
func (s *shards) open(dir, name string, listed []string) error {
	f, err := openSafetensors(dir, name)
	if errors.Is(err, fs.ErrNotExist) {
		return &Error{File: name, Err: fmt.Errorf("%s lists it: %w; download the model again", indexFile, fs.ErrNotExist)}
	}
	if err != nil {
		return err
	}
	s.files = append(s.files, f)
	for _, tensor := range listed {
		if _, ok := f.Tensor(tensor); !ok {
			return &Error{File: name, Err: fmt.Errorf("%s says that tensor %.100q is in it, which it is not", indexFile, tensor)}
		}
	}
	for _, t := range f.Tensors() {
		if _, ok := slices.BinarySearch(listed, t.Name); !ok {
			return &Error{File: name, Err: fmt.Errorf("it holds tensor %.100q, which %s does not say", t.Name, indexFile)}
		}
		s.tensors = append(s.tensors, sourceTensor{Tensor: t, File: name})
	}
	return nil
}

func (s *shards) Tensors() []sourceTensor { return s.tensors }

// Load reads one file after the other, in the order of their names. The hash is that of the list of their hashes which
// sha256sum prints, so that this makes it again:
//
//	LC_ALL=C sha256sum *.safetensors | sha256sum
func (s *shards) Load(dst map[string][]float32) (hash string, err error) {
	list := sha256.New()
	for i, f := range s.files {
		part := map[string][]float32{}
		for _, t := range f.Tensors() {
			if d, ok := dst[t.Name]; ok {
				part[t.Name] = d
			}
		}
		sum, err := f.Load(part)
		if err != nil {
			return "", fmt.Errorf("reading the weights: %w", err)
		}
		fmt.Fprintf(list, "%x  %s\n", sum, s.names[i])
	}
	return fmt.Sprintf("sha256:%x", list.Sum(nil)), nil
}

func (s *shards) Close() error {
	var err error
	for _, f := range s.files {
		err = cmp.Or(err, f.Close())
	}
	return err
}

// openSafetensors opens one weights file of a directory.
func openSafetensors(dir, name string) (*safetensors.File, error) {
	if err := checkWeightsContent(dir, name); err != nil {
		return nil, err
	}
	f, err := safetensors.Open(filepath.Join(dir, name))
	if err != nil {
		return nil, fmt.Errorf("opening the weights: %w", err)
	}
	return f, nil
}

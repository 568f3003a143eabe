package checkpoint

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path/filepath"
	"slices"
	"strings"

	"github.com/crossrank/crossrank/internal/safetensors"
)

// indexFile lists the files of sharded weights, and the file of each tensor.
const indexFile = weightsFile + ".index.json"

const (
	maxIndexBytes = 16 << 20
	maxShards     = 256 // all are open at once
)

// shards is the source of weights in several files.
type shards struct {
	files   []*safetensors.File // by name
	names   []string            // of the files, without their directory
	tensors []sourceTensor
}

// openShards opens the files that an index lists, and checks that they hold the listed tensors.
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

// parseIndex reads an index. It returns the tensors of each file, sorted.
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

// isPlainName reports whether a name is that of a file in the same directory, on any system.
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
			return &Error{File: name, Err: fmt.Errorf("%s lists tensor %.100q in it, but it holds no such tensor", indexFile, tensor)}
		}
	}
	for _, t := range f.Tensors() {
		if _, ok := slices.BinarySearch(listed, t.Name); !ok {
			return &Error{File: name, Err: fmt.Errorf("it holds tensor %.100q, which %s does not list here", t.Name, indexFile)}
		}
		s.tensors = append(s.tensors, sourceTensor{Tensor: t, File: name})
	}
	return nil
}

func (s *shards) Name() string { return indexFile }

func (s *shards) Tensors() []sourceTensor { return s.tensors }

// Load reads the files in the order of their names. The hash is that of a hashList, which this
// command prints too:
//
//	LC_ALL=C sha256sum *.safetensors | sha256sum
func (s *shards) Load(dst map[string]safetensors.Target) (hash string, err error) {
	list := newHashList()
	for i, f := range s.files {
		part := map[string]safetensors.Target{}
		for _, t := range f.Tensors() {
			if d, ok := dst[t.Name]; ok {
				part[t.Name] = d
			}
		}
		sum, err := f.Load(part)
		if err != nil {
			return "", fmt.Errorf("reading the weights: %w", err)
		}
		list.add(sum[:], s.names[i])
	}
	return list.hash(), nil
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

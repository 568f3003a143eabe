// Package strictyaml reads settings from YAML into a Go struct and remembers where each value came
// from. It has the rules of the format; the caller's [Schema] has the settings.
//
// The format is strict. An unknown key, a key given twice, a value of the wrong type or out of
// range is an [Error] with the file, the line and the key, and with the key that was probably
// meant. All errors of a file are reported together. YAML aliases and merge keys are refused.
//
// A file may extend another, `extends: FILE` beside it: sections are merged key by key, lists and
// values are replaced whole. Where a schema allows it, a list in place of a scalar makes a [Grid].
// [Schema.Set] and [Schema.SetFromEnvironment] overlay flags and environment variables. [Origins]
// says of every key whether a flag, a variable, a line of a file or a default gave its value.
//
// The tags of a struct's fields are its rules:
//
//	yaml:"name"     the key; `yaml:",inline"` on an embedded struct puts its keys beside the others
//	min, max        bounds of a number
//	oneof:"a,b"     the words that a text may be
//	check:"name"    one of the Schema's checks, or "filled": not empty
//	sweep:"no"      a list here, or below here, never makes a grid
//	secret:"words"  show only how many elements a list has, in these words
//	help:"text"     what the setting means
package strictyaml

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"go.yaml.in/yaml/v3"
)

// maxBytes bounds a settings file. Real ones have a few hundred bytes.
const maxBytes = 1 << 20

// Schema says how YAML becomes a T, a struct. Lists of structs whose elements have defaults
// implement [Defaulter] on the pointer to the element.
type Schema[T any] struct {
	// Default gives the value of an empty file.
	Default func() T

	// Base names the file that a file extends without saying so; "" means none. It need not exist.
	// A nil Base means none.
	Base func(path string) string

	// Files are where files are read; nil means the machine's file system.
	Files fs.FS

	// Exclusive lists pairs of keys of one section of which a file gives one, such as {"data.path",
	// "data.synthetic"}. In a file that extends another, one replaces the other. A bool that is
	// false excludes nothing.
	Exclusive [][2]string

	// Elsewhere says of keys that the schema does not have where they belong.
	Elsewhere map[string]string

	// Checks are what the tag check names. Each returns what is wrong with a text, or nothing.
	Checks map[string]func(text string) string

	// Verify reports what single values cannot show. It may be nil.
	Verify func(v *T, o Origins, report Report)
}

// Report adds an error about a key.
type Report func(key, format string, args ...any)

// Defaulter is an element of a list that has its own defaults.
type Defaulter interface{ SetDefaults() }

// Load reads the file at path, and the files that it extends.
func (s *Schema[T]) Load(path string) (T, Origins, error) {
	data, err := readFile(s.Files, path)
	if err != nil {
		var none T
		return none, Origins{}, fmt.Errorf("reading settings: %w", err)
	}
	return s.Parse(path, data)
}

// Parse reads YAML. The name stands for the file in errors, and a file that it extends is looked
// for beside it. The error joins one [Error] for each fault.
func (s *Schema[T]) Parse(name string, data []byte) (T, Origins, error) {
	var none T
	t, err := s.load(name, data)
	if err != nil {
		return none, Origins{}, err
	}
	v, origins, d := s.decode(t, nil, false)
	if err := errors.Join(d.errs...); err != nil {
		return none, Origins{}, err
	}
	return v, origins, nil
}

// load reads the tree of a file with this content.
func (s *Schema[T]) load(name string, data []byte) (*tree, error) {
	base := ""
	if s.Base != nil {
		base = s.Base(name)
	}
	return load(name, data, base, s.Files, s.exclusive())
}

// decode reads a T from the tree; it is valid only if the decoder has no errors.
func (s *Schema[T]) decode(t *tree, choice map[*yaml.Node]int, sweep bool) (T, Origins, *decoder) {
	v := s.Default()
	d := newDecoder(t, &v, s.Checks)
	d.elsewhere, d.choice, d.sweep = s.Elsewhere, choice, sweep
	if t.root != nil {
		d.root(t.root, &v)
	}
	for _, pair := range s.Exclusive {
		d.exclusive(pair[0], pair[1], &v)
	}
	origins := d.origins()
	if s.Verify != nil {
		s.Verify(&v, origins, d.report)
	}
	return v, origins, d
}

// exclusive maps each key to those that it excludes.
func (s *Schema[T]) exclusive() map[string][]string {
	others := map[string][]string{}
	for _, pair := range s.Exclusive {
		a, b := pair[0], pair[1]
		others[a], others[b] = append(others[a], b), append(others[b], a)
	}
	return others
}

func readFile(files fs.FS, path string) ([]byte, error) {
	var f fs.File
	var err error
	if files == nil {
		f, err = os.Open(path)
	} else {
		f, err = files.Open(filepath.ToSlash(path))
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxBytes+1))
}

package config

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"os"
	"regexp"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxBytes bounds a settings file: a real one has a few hundred bytes.
const maxBytes = 1 << 20

// Error is one fault of a settings file.
type Error struct {
	File string
	Line int    // 0 if the fault is the whole file's
	Key  string // the path of the key, such as model_pool.instances[0].threads; empty if the fault is not one key's
	Msg  string
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.File)
	if e.Line > 0 {
		fmt.Fprintf(&b, ":%d", e.Line)
	}
	if e.Key != "" {
		fmt.Fprintf(&b, ": %s", e.Key)
	}
	return b.String() + ": " + e.Msg
}

// Load reads the settings file at path, and the files that it extends.
func Load(path string) (Settings, error) {
	data, err := readFile(path)
	if err != nil {
		return Settings{}, fmt.Errorf("reading settings: %w", err)
	}
	return Parse(path, data)
}

func readFile(path string) ([]byte, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	return io.ReadAll(io.LimitReader(f, maxBytes+1))
}

// Parse reads settings from YAML. The name stands for the file in errors, and a file that it extends is looked for
// beside it. A file without any key gives the defaults. The error joins one [Error] for each fault.
func Parse(name string, data []byte) (Settings, error) {
	t, err := grow(name, data)
	if err != nil {
		return Settings{}, err
	}
	s, d := t.decode(nil, false)
	return s, errors.Join(d.errs...)
}

// decode reads settings from the tree; they are of use if the decoder has no errors.
func (t *tree) decode(choice map[*yaml.Node]int, sweep bool) (Settings, *decoder) {
	s := base()
	d := &decoder{tree: t, keys: map[string]*yaml.Node{}, choice: choice, sweep: sweep}
	if t.root != nil {
		d.settings(t.root, &s)
	}
	d.exclusive("data", "path", "synthetic", s.Data.Path != "" && s.Data.Synthetic)
	d.exclusive("experiment", "benchmark_requests", "duration", s.Experiment.BenchmarkRequests > 0 && s.Experiment.Duration > 0)
	_, mixed := d.keys["experiment.mix"]
	d.exclusive("experiment", "mix", "batch_sizes", mixed)
	if key, ok := d.keys["data.synthetic"]; ok && !s.Data.Synthetic && s.Data.Path == "" {
		d.failf(key, "data.synthetic", "is false, but no path says where the pairs are")
	}
	if len(d.errs) > 0 {
		return Settings{}, d
	}
	s.file = t.name
	s.file, s.lines = t.name, make(map[string]int, len(d.keys))
	for path, key := range d.keys {
		s.lines[path] = key.Line
		if file := t.fileOf(key); file != t.name {
			if s.files == nil {
				s.files = map[string]string{}
			}
			s.files[path] = file
		}
	}
	s.settle()
	return s, d
}

// encode writes settings, or a part of them, as YAML that reads back as the same.
func encode(v any) ([]byte, error) {
	var b bytes.Buffer
	enc := yaml.NewEncoder(&b)
	enc.SetIndent(2)
	if err := enc.Encode(v); err != nil {
		return nil, fmt.Errorf("encoding settings: %w", err)
	}
	if err := enc.Close(); err != nil {
		return nil, fmt.Errorf("encoding settings: %w", err)
	}
	return b.Bytes(), nil
}

// document gives the one mapping that a settings file is, or nil if there is nothing in it.
func document(name string, data []byte) (*yaml.Node, error) {
	dec := yaml.NewDecoder(bytes.NewReader(data))
	var doc, next yaml.Node
	if err := dec.Decode(&doc); errors.Is(err, io.EOF) {
		return nil, nil
	} else if err != nil {
		return nil, syntaxError(name, err)
	}
	if err := dec.Decode(&next); err == nil {
		return nil, &Error{File: name, Line: next.Line, Msg: "a second YAML document begins; a settings file is one document"}
	} else if !errors.Is(err, io.EOF) {
		return nil, syntaxError(name, err)
	}
	if len(doc.Content) == 0 {
		return nil, nil
	}
	root := doc.Content[0]
	if root.Kind == yaml.ScalarNode && root.ShortTag() == "!!null" {
		return nil, nil
	}
	if root.Kind != yaml.MappingNode {
		return nil, &Error{File: name, Line: root.Line, Msg: "a settings file is a mapping, such as `model: DIRECTORY`; this is " + kindOf(root)}
	}
	return root, nil
}

var yamlLine = regexp.MustCompile(`^yaml: (?:line (\d+): )?`)

// syntaxError moves the line that the YAML library found to where the other errors have it.
func syntaxError(name string, err error) error {
	e := &Error{File: name, Msg: err.Error()}
	if m := yamlLine.FindStringSubmatch(e.Msg); m != nil {
		e.Line, _ = strconv.Atoi(m[1])
		e.Msg = strings.TrimPrefix(e.Msg, m[0])
	}
	e.Msg = "is not YAML: " + e.Msg
	return e
}

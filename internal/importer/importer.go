// Package importer converts experiments of the Python project that preceded this one.
//
// Its experiments are YAML files too: an experiment overrides the base_config.yaml beside it, and a
// list in place of a value is swept. [Import] reads such a file as strictly as any settings file,
// so an unknown key is an error with its line. What has a counterpart goes into a definition of
// this project, as YAML that package definition reads. Every other setting is named with its place
// and the reason, in [Result.Left] and in the comments of the definition.
//
// Settings without an effect in the original are left out silently: those of other backends, of a
// part that is disabled, of a single model beside a pool. What a file leaves out has the default of
// this project, except for the model.
package importer

import (
	"cmp"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/crossrank/crossrank/internal/definition"
	"github.com/crossrank/crossrank/internal/strictyaml"
)

// Result is a converted experiment.
type Result struct {
	Definition []byte              // YAML with comments
	Left       []*strictyaml.Error // settings that were not carried over, those of the file itself first
}

// Import converts the experiment at path.
func Import(path string) (Result, error) {
	grid, err := schema.LoadGrid(path)
	if err != nil {
		return Result{}, err
	}
	return convert(path, grid)
}

// convert makes the definition of the experiment at path.
func convert(path string, grid strictyaml.Grid[file]) (Result, error) {
	c := newConverter(grid)
	c.convert(path)
	c.rest(path)
	text, err := strictyaml.Encode(c.out)
	if err != nil {
		return Result{}, fmt.Errorf("converting %s: %w", path, err)
	}
	r := Result{Definition: append(c.comments(path), text...), Left: c.left}
	return r, check(path, text)
}

// check holds that a definition can be run, but for what this build lacks.
func check(path string, text []byte) error {
	sweep, err := definition.ParseSweep("its definition", text)
	for _, v := range sweep.Variants {
		for _, fault := range definition.Faults(v.Settings) {
			err = errors.Join(err, errors.New(fault))
		}
	}
	if err != nil {
		return fmt.Errorf("%s has settings that cannot stand together here: %w", path, err)
	}
	return nil
}

// converter moves settings from a grid of the Python project to a definition.
type converter struct {
	origins strictyaml.Origins
	keys    []string            // that were given, in the order of the schema
	values  map[string][]string // of each of them; several are swept
	taken   map[string]bool     // those that need no further word

	out  output
	left []*strictyaml.Error
}

func newConverter(grid strictyaml.Grid[file]) *converter {
	first := grid.Cells[0]
	c := &converter{origins: first.Origins, values: map[string][]string{}, taken: map[string]bool{}}
	for _, k := range strictyaml.Keys(first.Value) {
		if c.origins.Given(k.Path) {
			c.keys = append(c.keys, k.Path)
			c.values[k.Path] = []string{k.Value}
			if k.Value == `""` { // as an empty text is shown
				c.values[k.Path] = []string{""}
			}
		}
	}
	for _, axis := range grid.Axes {
		c.values[axis] = nil
	}
	for _, cell := range grid.Cells {
		for _, a := range cell.Set {
			if !slices.Contains(c.values[a.Key], a.Value) {
				c.values[a.Key] = append(c.values[a.Key], a.Value)
			}
		}
	}
	return c
}

// take gives the values of a key, or nil if it was not given. Its settings are then carried over.
func (c *converter) take(key string) []string {
	c.taken[key] = true
	return c.values[key]
}

// is reports whether a key was given with that one value.
func (c *converter) is(key, value string) bool { return slices.Equal(c.values[key], []string{value}) }

// drop leaves out keys below a section that have no effect.
func (c *converter) drop(section string) {
	for _, key := range c.keys {
		if key == section || strings.HasPrefix(key, section+".") || strings.HasPrefix(key, section+"[") {
			c.taken[key] = true
		}
	}
}

// leave says why a key is not carried over, if it was given and not taken.
func (c *converter) leave(key, format string, args ...any) {
	if c.values[key] == nil || c.taken[key] {
		return
	}
	c.taken[key] = true
	c.left = append(c.left, c.origins.Locate(strictyaml.Fault{Key: key, Msg: fmt.Sprintf(format, args...)}))
}

// rest names every setting that nothing else has dealt with. Those of the file at path come first.
func (c *converter) rest(path string) {
	for _, key := range c.keys {
		if !c.taken[key] {
			c.leave(key, "%s", cmp.Or(reasons[key[strings.LastIndex(key, ".")+1:]], "has no counterpart here"))
		}
	}
	slices.SortStableFunc(c.left, func(a, b *strictyaml.Error) int {
		switch {
		case a.File == b.File:
			return cmp.Compare(a.Line, b.Line)
		case a.File == path:
			return -1
		}
		return 1
	})
}

// reasons are those of keys that are never carried over, by their last part.
var reasons = map[string]string{
	"host":                   "an experiment's server listens on the loopback interface",
	"port":                   "an experiment's server takes a free port",
	"grpc_port":              "an experiment's server takes a free port",
	"http_port":              "an experiment's server takes a free port",
	"prometheus_port":        "metrics are at /metrics of the server's HTTP port",
	"prometheus_url":         "a server keeps the history of its metrics itself",
	"grpc_workers":           "no number of threads bounds the calls in progress",
	"compile":                "there is nothing to compile: a backend's code is built in",
	"compile_model":          "there is nothing to compile: a backend's code is built in",
	"compile_mode":           "there is nothing to compile: a backend's code is built in",
	"mode":                   "there is nothing to compile: a backend's code is built in",
	"dataset_size":           "the pairs are all of those that data.path names",
	"output_dir":             "a run writes a report with charts instead of screenshots",
	"tokenizers_parallelism": "one worker tokenizes a request",
	"model_name":             "a model is tokenized by its own tokenizer",
}

// comments begin the definition.
func (c *converter) comments(path string) []byte {
	var b strings.Builder
	fmt.Fprintf(&b, "# Converted from %s of the Python project by crossrank experiment import.\n", filepath.Base(path))
	fmt.Fprintf(&b, "# Its pairs are from MS MARCO: name a file of yours in data.path, or synthetic ones are sent.\n")
	fmt.Fprintf(&b, "# Its client waits for a minute, as server.deadline says.\n")
	if len(c.left) > 0 {
		fmt.Fprintf(&b, "# Not carried over:\n")
	}
	for _, e := range c.left {
		short := *e
		short.File = filepath.Base(e.File)
		fmt.Fprintf(&b, "#   %s\n", short.Error())
	}
	return []byte(b.String())
}

package definition

import (
	"io/fs"
	"slices"
	"strings"

	"github.com/crossrank/crossrank/internal/config"
	"github.com/crossrank/crossrank/internal/strictyaml"
)

// Sweep is the definition of an experiment: settings of which some take several values.
type Sweep struct {
	File     string
	Axes     []string  // the keys that are swept, in the order of the file
	Variants []Variant // every combination, the last axis changing fastest; without axes there is one
}

// Variant is one combination of a sweep's values.
type Variant struct {
	Settings Settings
	Set      []Assignment // the value of every axis
}

// Assignment is a key with a value that it takes in a sweep.
type Assignment = strictyaml.Assignment

var schema = strictyaml.Schema[Settings]{
	Default: initial,
	Checks:  config.Checks,
	Exclusive: [][2]string{
		{"data.path", "data.synthetic"},
		{"experiment.benchmark_requests", "experiment.duration"},
		{"experiment.mix", "experiment.batch_sizes"},
	},
	Verify: func(s *Settings, o strictyaml.Origins, report strictyaml.Report) {
		if o.Given("data.synthetic") && !s.Data.Synthetic && s.Data.Path == "" {
			report("data.synthetic", "is false, but no path says where the pairs are")
		}
	},
}

// Parse reads a definition without lists that sweep. The name stands for the file in errors.
func Parse(name string, data []byte) (Settings, error) {
	s, origins, err := schema.Parse(name, data)
	if err != nil {
		return Settings{}, err
	}
	return s.completed(origins), nil
}

// LoadSweep reads the definition of an experiment at path, and the files that it extends, from
// files; nil is the machine's file system. Overrides are assignments KEY=VALUE, see
// [strictyaml.Schema.LoadGrid].
func LoadSweep(files fs.FS, path string, overrides ...string) (Sweep, error) {
	from := schema
	from.Files = files
	g, err := from.LoadGrid(path, overrides...)
	return sweepOf(path, g), err
}

// ParseSweep reads a definition. The name stands for the file in errors.
func ParseSweep(name string, data []byte) (Sweep, error) {
	g, err := schema.ParseGrid(name, data)
	return sweepOf(name, g), err
}

func sweepOf(file string, g strictyaml.Grid[Settings]) Sweep {
	sw := Sweep{File: file, Axes: g.Axes}
	for _, cell := range g.Cells {
		sw.Variants = append(sw.Variants, Variant{Settings: cell.Value.completed(cell.Origins), Set: cell.Set})
	}
	return sw
}

// completed gives s as it was decoded from what origins describes.
func (s Settings) completed(origins strictyaml.Origins) Settings {
	s.Origins = nameDefaults(origins)
	s.complete()
	return s
}

// Base gives the first combination. What no axis varies is the same in all.
func (sw Sweep) Base() Settings {
	if len(sw.Variants) == 0 {
		return Default()
	}
	return sw.Variants[0].Settings
}

// Keys lists every setting of the definition, in the order of the schema; those that are swept have
// all of their values.
func (sw Sweep) Keys() []strictyaml.Key {
	swept := map[string][]string{}
	for _, v := range sw.Variants {
		for _, a := range v.Set {
			if !slices.Contains(swept[a.Key], a.Value) {
				swept[a.Key] = append(swept[a.Key], a.Value)
			}
		}
	}
	keys := strictyaml.Keys(sw.Base())
	for i, key := range keys {
		if values := swept[key.Path]; values != nil {
			keys[i].Value = "[" + strings.Join(values, ", ") + "]"
		}
	}
	return keys
}

// Map gives a copy of sw with f applied to the settings of every variant.
func (sw Sweep) Map(f func(Settings) Settings) Sweep {
	sw.Variants = slices.Clone(sw.Variants)
	for i := range sw.Variants {
		sw.Variants[i].Settings = f(sw.Variants[i].Settings)
	}
	return sw
}

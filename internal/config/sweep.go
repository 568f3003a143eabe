package config

import (
	"errors"
	"fmt"
	"reflect"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"
)

// maxVariants bounds a grid: more is a mistake, or needs more time than anybody has.
const maxVariants = 10_000

// Sweep is the definition of an experiment: settings of which some may take several values, because a list stands where
// the schema has a scalar. Several lists make a grid.
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
type Assignment struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// axis is a list that stands where a scalar could.
type axis struct {
	key  string
	list *yaml.Node
}

// LoadSweep reads the definition of an experiment at path, and the files that it extends.
func LoadSweep(path string) (Sweep, error) {
	data, err := readFile(path)
	if err != nil {
		return Sweep{}, fmt.Errorf("reading settings: %w", err)
	}
	return ParseSweep(path, data)
}

// ParseSweep reads a definition as [Parse] reads settings.
func ParseSweep(name string, data []byte) (Sweep, error) {
	t, err := grow(name, data)
	if err != nil {
		return Sweep{}, err
	}
	_, d := t.decode(nil, true)
	if err := errors.Join(d.errs...); err != nil {
		return Sweep{}, err
	}
	sw := Sweep{File: name}
	total := 1
	for _, a := range d.axes {
		sw.Axes = append(sw.Axes, a.key)
		if total *= len(a.list.Content); total > maxVariants {
			return Sweep{}, &Error{File: t.fileOf(a.list), Line: a.list.Line, Key: a.key,
				Msg: fmt.Sprintf("makes a grid of more than %d combinations", maxVariants)}
		}
	}
	for n := range total {
		v, err := t.variant(d.axes, n)
		if err != nil {
			return Sweep{}, err
		}
		sw.Variants = append(sw.Variants, v)
	}
	return sw, nil
}

// variant gives the combination of that number, the last axis being its lowest digit.
func (t *tree) variant(axes []axis, n int) (Variant, error) {
	choice := map[*yaml.Node]int{}
	set := make([]Assignment, len(axes))
	for i, a := range slices.Backward(axes) {
		k := n % len(a.list.Content)
		n /= len(a.list.Content)
		choice[a.list] = k
		set[i] = Assignment{Key: a.key, Value: a.list.Content[k].Value}
	}
	s, d := t.decode(choice, true)
	return Variant{Settings: s, Set: set}, errors.Join(d.errs...)
}

// Base gives the first combination. What no axis varies is the same in all.
func (sw Sweep) Base() Settings {
	if len(sw.Variants) == 0 {
		return Default()
	}
	return sw.Variants[0].Settings
}

// Map gives a copy of sw with f applied to the settings of every variant, as a command line's flags ask for.
func (sw Sweep) Map(f func(Settings) Settings) Sweep {
	sw.Variants = slices.Clone(sw.Variants)
	for i := range sw.Variants {
		sw.Variants[i].Settings = f(sw.Variants[i].Settings)
	}
	return sw
}

// swept reads a list where a scalar could stand.
func (d *decoder) swept(n *yaml.Node, path string, v reflect.Value, tag reflect.StructTag) {
	switch {
	case !d.sweep:
		d.failf(n, path, "is a list, but takes one value here; only the definition of an experiment sweeps over several")
		return
	case tag.Get("sweep") == "no" || strings.HasPrefix(path, "server.") || strings.HasPrefix(path, "data."):
		d.failf(n, path, "is a list, but cannot be swept; give one value")
		return
	case len(n.Content) == 0:
		d.failf(n, path, "is an empty list; give one value at least, or leave the key out")
		return
	}
	if k, ok := d.choice[n]; ok {
		d.scalar(n.Content[k], path, v, tag)
		return
	}
	seen := map[string]bool{}
	for _, item := range slices.Backward(n.Content) { // which leaves the first value
		if item.Kind != yaml.ScalarNode {
			d.failf(item, path, "needs plain values in its list, not %s", kindOf(item))
			continue
		}
		if seen[item.Value] {
			d.failf(item, path, "has %s twice in its list", item.Value)
		}
		seen[item.Value] = true
		d.scalar(item, path, v, tag)
	}
	d.axes = append(d.axes, axis{path, n})
}

package strictyaml

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"go.yaml.in/yaml/v3"
)

// maxCells bounds a grid: more is a mistake, or needs more time than anybody has.
const maxCells = 10_000

// Grid is every combination of the values that a file lists where the schema has scalars. Several
// such lists are the axes of the grid.
type Grid[T any] struct {
	Axes  []string  // the keys that are swept, in the order of the file
	Cells []Cell[T] // the last axis changes fastest; without axes there is one
}

// Cell is one combination.
type Cell[T any] struct {
	Value   T
	Origins Origins
	Set     []Assignment // the value of every axis
}

// Assignment is a key with the value that it has.
type Assignment struct {
	Key   string `json:"key"`
	Value string `json:"value"`
}

// axis is a list that stands where a scalar could.
type axis struct {
	key  string
	list *yaml.Node
}

// LoadGrid reads the file at path, and the files that it extends. Overrides are assignments
// KEY=VALUE that take the place of what the files say: KEY is the path of a setting, or its last
// key if no other setting has the same, and VALUE is YAML, such as batch_sizes=[8,16].
func (s *Schema[T]) LoadGrid(path string, overrides ...string) (Grid[T], error) {
	data, err := readFile(s.Files, path)
	if err != nil {
		return Grid[T]{}, fmt.Errorf("reading settings: %w", err)
	}
	return s.ParseGrid(path, data, overrides...)
}

// ParseGrid reads YAML as [Schema.Parse] does, with overrides as [Schema.LoadGrid].
func (s *Schema[T]) ParseGrid(name string, data []byte, overrides ...string) (Grid[T], error) {
	t, err := s.load(name, data)
	if err != nil {
		return Grid[T]{}, err
	}
	for _, o := range overrides {
		if err := t.override(o, Keys(s.Default())); err != nil {
			return Grid[T]{}, err
		}
	}
	_, _, d := s.decode(t, nil, true)
	if err := errors.Join(d.errs...); err != nil {
		return Grid[T]{}, err
	}
	var g Grid[T]
	total := 1
	for _, a := range d.axes {
		g.Axes = append(g.Axes, a.key)
		if total *= len(a.list.Content); total > maxCells {
			return Grid[T]{}, &Error{File: t.fileOf(a.list), Line: a.list.Line, Key: a.key,
				Msg: fmt.Sprintf("makes a grid of more than %d combinations", maxCells)}
		}
	}
	for n := range total {
		cell, err := s.cell(t, d.axes, n)
		if err != nil {
			return Grid[T]{}, err
		}
		g.Cells = append(g.Cells, cell)
	}
	return g, nil
}

// cell gives the combination of that number, the last axis being its lowest digit.
func (s *Schema[T]) cell(t *tree, axes []axis, n int) (Cell[T], error) {
	choice := map[*yaml.Node]int{}
	set := make([]Assignment, len(axes))
	for i, a := range slices.Backward(axes) {
		k := n % len(a.list.Content)
		n /= len(a.list.Content)
		choice[a.list] = k
		set[i] = Assignment{Key: a.key, Value: a.list.Content[k].Value}
	}
	v, origins, d := s.decode(t, choice, true)
	return Cell[T]{Value: v, Origins: origins, Set: set}, errors.Join(d.errs...)
}

// swept reads a list where a scalar could stand.
func (d *decoder) swept(n *yaml.Node, path string, v reflect.Value, r rules) {
	switch {
	case !d.sweep:
		d.failf(n, path, "is a list, but takes one value here; give one value")
		return
	case r.fixed:
		d.failf(n, path, "is a list, but cannot be swept; give one value")
		return
	case len(n.Content) == 0:
		d.failf(n, path, "is an empty list; give one value at least, or leave the key out")
		return
	}
	if k, ok := d.choice[n]; ok {
		d.scalar(n.Content[k], path, v, r)
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
		d.scalar(item, path, v, r)
	}
	d.axes = append(d.axes, axis{path, n})
}

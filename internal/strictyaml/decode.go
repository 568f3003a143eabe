package strictyaml

import (
	"fmt"
	"reflect"

	"go.yaml.in/yaml/v3"

	"github.com/crossrank/crossrank/internal/keypath"
)

// maxErrors bounds how many faults of one file are reported: more than a few are rarely read.
const maxErrors = 20

// decoder walks a YAML tree and a Go struct side by side. It does not use the YAML library's own
// decoding, which can neither suggest a key, nor name the key of a wrong value, nor list the keys
// that were given.
type decoder struct {
	tree      *tree
	schema    reflect.Type
	checks    map[string]func(string) string
	elsewhere map[string]string

	keys map[string]*yaml.Node // the key of every path that was given
	errs []error

	sweep  bool               // lists may stand where scalars do
	choice map[*yaml.Node]int // which element of such a list is meant; without one, all are checked and become axes
	axes   []axis
}

// newDecoder makes one that fills v, a pointer to a struct.
func newDecoder(t *tree, v any, checks map[string]func(string) string) *decoder {
	return &decoder{tree: t, schema: reflect.TypeOf(v).Elem(), checks: checks, keys: map[string]*yaml.Node{}}
}

func (d *decoder) root(n *yaml.Node, v any) { d.section(n, "", reflect.ValueOf(v).Elem(), false) }

// failf notes a fault at a node.
func (d *decoder) failf(n *yaml.Node, key, format string, args ...any) {
	if len(d.errs) < maxErrors {
		d.errs = append(d.errs, &Error{File: d.tree.fileOf(n), Line: n.Line, Key: key, Msg: fmt.Sprintf(format, args...)})
	}
}

// report notes a fault of a key, where it was given.
func (d *decoder) report(key, format string, args ...any) {
	n, ok := d.keys[key]
	if !ok {
		n = &yaml.Node{}
	}
	d.failf(n, key, format, args...)
}

// exclusive refuses two keys that say the same thing in two ways.
func (d *decoder) exclusive(a, b string, v any) {
	first, second := d.keys[a], d.keys[b]
	if first == nil || second == nil {
		return
	}
	for _, key := range []string{a, b} {
		value, _, err := find(reflect.ValueOf(v).Elem(), key)
		if err == nil && value.Kind() == reflect.Bool && !value.Bool() {
			return
		}
	}
	d.failf(second, b, "cannot stand beside %s (line %d); give one of the two", keypath.Last(a), first.Line)
}

// section reads a mapping into a struct, key by key. In a fixed one no list makes a grid.
func (d *decoder) section(n *yaml.Node, path string, v reflect.Value, fixed bool) {
	if n.Kind != yaml.MappingNode {
		d.failf(n, path, "needs a mapping of keys, not %s", kindOf(n))
		return
	}
	known := fieldsOf(v.Type())
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind != yaml.ScalarNode {
			d.failf(key, path, "has a key that is %s; keys are plain words", kindOf(key))
			continue
		}
		name := keypath.Join(path, key.Value)
		f, ok := fieldOf(known, key.Value)
		if !ok {
			d.failf(key, name, "%s", d.unknownKey(path, key.Value, known))
			continue
		}
		if first, ok := d.keys[name]; ok {
			d.failf(key, name, "is given twice; the first is on line %d", first.Line)
			continue
		}
		d.keys[name] = key
		d.value(value, name, v.FieldByIndex(f.index), rules{f.tag, fixed || f.tag.Get("sweep") == "no"})
	}
}

// rules are what a field's tags demand of its value.
type rules struct {
	tag   reflect.StructTag
	fixed bool // cannot be swept
}

// value reads whatever a key holds into the field v.
func (d *decoder) value(n *yaml.Node, path string, v reflect.Value, r rules) {
	switch {
	case n.Kind == yaml.AliasNode:
		d.failf(n, path, "is a YAML alias; settings files have none, write the value itself")
	case v.Kind() == reflect.Struct:
		if n.ShortTag() != "!!null" { // a section whose keys are all commented out
			d.section(n, path, v, r.fixed)
		}
	case v.Kind() == reflect.Slice:
		d.list(n, path, v, r)
	case n.Kind == yaml.SequenceNode:
		d.swept(n, path, v, r)
	case n.Kind != yaml.ScalarNode:
		d.failf(n, path, "needs %s, not %s", wanted(v), kindOf(n))
	default:
		d.scalar(n, path, v, r)
	}
}

func (d *decoder) list(n *yaml.Node, path string, v reflect.Value, r rules) {
	if n.Kind != yaml.SequenceNode {
		d.failf(n, path, "needs a list, such as [%s], not %s", example(v), kindOf(n))
		return
	}
	if len(n.Content) == 0 {
		d.failf(n, path, "is an empty list; give one element at least, or leave the key out")
		return
	}
	list := reflect.MakeSlice(v.Type(), len(n.Content), len(n.Content))
	for i, item := range n.Content {
		elem := list.Index(i)
		if e, ok := elem.Addr().Interface().(Defaulter); ok {
			e.SetDefaults()
		}
		d.value(item, keypath.Element(path, i), elem, r)
	}
	v.Set(list)
}

func (d *decoder) scalar(n *yaml.Node, path string, v reflect.Value, r rules) {
	if n.ShortTag() == "!!null" {
		d.failf(n, path, "has no value; give it %s or leave the key out", wanted(v))
		return
	}
	if !set(n, v) {
		d.failf(n, path, "needs %s, not %s", wanted(v), kindOf(n))
		return
	}
	if msg := d.validate(v, r.tag); msg != "" {
		d.failf(n, path, "%s", msg)
	}
}

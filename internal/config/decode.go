package config

import (
	"fmt"
	"math"
	"reflect"
	"slices"
	"strconv"

	"go.yaml.in/yaml/v3"
)

// maxErrors bounds how many faults of one file are told: more than a few are rarely read.
const maxErrors = 20

// decoder walks a YAML tree and a Go struct side by side. It does not use the YAML library's own decoding, which can
// neither suggest a key, nor say which key a wrong value belongs to, nor tell which keys were given.
type decoder struct {
	tree *tree
	keys map[string]*yaml.Node // the key of every path that was given
	errs []error

	sweep  bool               // lists may stand where scalars do
	choice map[*yaml.Node]int // which element of such a list is meant; without one, all are looked at and become axes
	axes   []axis
}

func (d *decoder) settings(n *yaml.Node, s *Settings) { d.section(n, "", reflect.ValueOf(s).Elem()) }

// failf notes a fault at a node.
func (d *decoder) failf(n *yaml.Node, key, format string, args ...any) {
	if len(d.errs) < maxErrors {
		d.errs = append(d.errs, &Error{File: d.tree.fileOf(n), Line: n.Line, Key: key, Msg: fmt.Sprintf(format, args...)})
	}
}

// exclusive refuses two keys of a section that say the same thing in two ways.
func (d *decoder) exclusive(section, a, b string, both bool) {
	if key, ok := d.keys[section+"."+b]; ok && both {
		d.failf(key, section+"."+b, "cannot stand beside %s (line %d); give one of the two", a, d.keys[section+"."+a].Line)
	}
}

// section reads a mapping into a struct, key by key.
func (d *decoder) section(n *yaml.Node, path string, v reflect.Value) {
	if n.Kind != yaml.MappingNode {
		d.failf(n, path, "needs a mapping of keys, not %s", kindOf(n))
		return
	}
	known := keysOf(v.Type())
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		name := join(path, key.Value)
		if key.Kind != yaml.ScalarNode {
			d.failf(key, path, "has a key that is %s; keys are plain words", kindOf(key))
			continue
		}
		field := slices.Index(known, key.Value)
		if field < 0 {
			d.failf(key, name, "%s", unknownKey(path, key.Value, known))
			continue
		}
		if first, ok := d.keys[name]; ok {
			d.failf(key, name, "is given twice; the first is on line %d", first.Line)
			continue
		}
		d.keys[name] = key
		d.value(value, name, v.Field(field), v.Type().Field(field).Tag)
	}
}

// value reads whatever a key holds into the field v.
func (d *decoder) value(n *yaml.Node, path string, v reflect.Value, tag reflect.StructTag) {
	switch {
	case n.Kind == yaml.AliasNode:
		d.failf(n, path, "is a YAML alias; settings files have none, write the value itself")
	case v.Kind() == reflect.Struct:
		if n.ShortTag() != "!!null" { // a section whose keys are all commented out
			d.section(n, path, v)
		}
	case v.Kind() == reflect.Slice:
		d.list(n, path, v, tag)
	case n.Kind == yaml.SequenceNode:
		d.swept(n, path, v, tag)
	case n.Kind != yaml.ScalarNode:
		d.failf(n, path, "needs %s, not %s", wanted(v), kindOf(n))
	default:
		d.scalar(n, path, v, tag)
	}
}

func (d *decoder) list(n *yaml.Node, path string, v reflect.Value, tag reflect.StructTag) {
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
		if in, ok := elem.Addr().Interface().(*Instance); ok {
			*in = defaultInstance()
		}
		d.value(item, fmt.Sprintf("%s[%d]", path, i), elem, tag)
	}
	v.Set(list)
}

func (d *decoder) scalar(n *yaml.Node, path string, v reflect.Value, tag reflect.StructTag) {
	if n.ShortTag() == "!!null" {
		d.failf(n, path, "has no value; give it %s or leave the key out", wanted(v))
		return
	}
	if !set(n, v) {
		d.failf(n, path, "needs %s, not %s", wanted(v), kindOf(n))
		return
	}
	if msg := wrong(v, tag); msg != "" {
		d.failf(n, path, "%s", msg)
	}
}

// set puts a scalar into v and tells whether its type allowed that. Only text takes values of another type, as written:
// `name: 01` is the name 01.
func set(n *yaml.Node, v reflect.Value) bool {
	tag := n.ShortTag()
	if v.Type() == reflect.TypeFor[Duration]() {
		var d Duration
		err := d.UnmarshalText([]byte(n.Value))
		v.SetInt(int64(d))
		return err == nil
	}
	switch v.Kind() {
	case reflect.String:
		v.SetString(n.Value)
		return slices.Contains([]string{"!!str", "!!int", "!!float", "!!bool", "!!timestamp"}, tag)
	case reflect.Bool:
		return tag == "!!bool" && n.Decode(v.Addr().Interface()) == nil
	case reflect.Int, reflect.Int64:
		return tag == "!!int" && n.Decode(v.Addr().Interface()) == nil
	case reflect.Float64:
		ok := (tag == "!!int" || tag == "!!float") && n.Decode(v.Addr().Interface()) == nil
		return ok && !math.IsNaN(v.Float()) && !math.IsInf(v.Float(), 0)
	}
	panic("config: a field of Settings has a kind that no scalar fits: " + v.Type().String())
}

// wanted says in words what fits into v.
func wanted(v reflect.Value) string {
	if v.Type() == reflect.TypeFor[Duration]() {
		return "a duration with a unit, such as 60s"
	}
	switch v.Kind() {
	case reflect.Bool:
		return "true or false"
	case reflect.Int, reflect.Int64:
		return "a whole number"
	case reflect.Float64:
		return "a number"
	}
	return "text"
}

// example shows an element of the list v.
func example(v reflect.Value) string {
	if v.Type().Elem().Kind() == reflect.Struct {
		return "{…}"
	}
	return "1, 2"
}

// kindOf says in words what n is.
func kindOf(n *yaml.Node) string {
	switch n.Kind {
	case yaml.MappingNode:
		return "a mapping"
	case yaml.SequenceNode:
		return "a list"
	case yaml.AliasNode:
		return "an alias"
	}
	if n.ShortTag() == "!!null" {
		return "nothing"
	}
	text := n.Value
	if r := []rune(text); len(r) > 40 {
		text = string(r[:40]) + "…"
	}
	return strconv.Quote(text)
}

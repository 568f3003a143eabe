package strictyaml

import (
	"math"
	"reflect"
	"slices"
	"strconv"
	"time"

	"go.yaml.in/yaml/v3"
)

// Duration is a time.Duration that is written as text, such as 1m30s, in YAML and in JSON.
type Duration time.Duration

// MarshalText writes d as time.Duration does.
func (d Duration) MarshalText() ([]byte, error) { return []byte(time.Duration(d).String()), nil }

// UnmarshalText reads what time.ParseDuration reads.
func (d *Duration) UnmarshalText(text []byte) error {
	v, err := time.ParseDuration(string(text))
	*d = Duration(v)
	return err
}

var durationType = reflect.TypeFor[Duration]()

// set puts a scalar into v and reports whether its type allowed that. Only text takes values of
// another type, as written: `name: 01` is the name 01.
func set(n *yaml.Node, v reflect.Value) bool {
	tag := n.ShortTag()
	if v.Type() == durationType {
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
	panic("strictyaml: a field has a kind that no scalar fits: " + v.Type().String())
}

// wanted says in words what fits into v.
func wanted(v reflect.Value) string {
	if v.Type() == durationType {
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

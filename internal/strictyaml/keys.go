package strictyaml

import (
	"fmt"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/crossrank/crossrank/internal/keypath"
)

// Key is one setting with its value.
type Key struct {
	Path  string // such as server.grpc.streams
	Value string // as text; of a secret only the number of its elements
	Help  string // what it means, if the schema says so
	Type  string // bool, int, float, duration, string or list
}

// Keys lists every setting of v, a struct, in the order of the schema.
func Keys(v any) []Key {
	var keys []Key
	walk(reflect.ValueOf(v), "", func(path string, v reflect.Value, tag reflect.StructTag) {
		keys = append(keys, Key{Path: path, Value: textOf(v, tag), Help: tag.Get("help"), Type: typeName(v)})
	})
	return keys
}

// typeName names what a setting holds, for the help of a flag.
func typeName(v reflect.Value) string {
	switch {
	case v.Type() == durationType:
		return "duration"
	case v.Kind() == reflect.Bool:
		return "bool"
	case v.Kind() == reflect.String:
		return "string"
	case v.Kind() == reflect.Slice:
		return "list"
	case v.Kind() == reflect.Float64:
		return "float"
	}
	return "int"
}

// walk calls f for every setting in v, a section. It goes through lists of sections; any other list
// is one setting.
func walk(v reflect.Value, path string, f func(path string, v reflect.Value, tag reflect.StructTag)) {
	for _, one := range fieldsOf(v.Type()) {
		value, at := v.FieldByIndex(one.index), keypath.Join(path, one.key)
		switch {
		case value.Kind() == reflect.Struct:
			walk(value, at, f)
		case value.Kind() == reflect.Slice && value.Type().Elem().Kind() == reflect.Struct:
			for j := range value.Len() {
				walk(value.Index(j), keypath.Element(at, j), f)
			}
		default:
			f(at, value, one.tag)
		}
	}
}

func textOf(v reflect.Value, tag reflect.StructTag) string {
	switch secret := tag.Get("secret"); {
	case v.Type() == durationType:
		return shortest(time.Duration(v.Int()))
	case v.Kind() == reflect.String && v.String() == "":
		return `""`
	case v.Kind() != reflect.Slice:
		return fmt.Sprint(v.Interface())
	case secret != "":
		return "[" + strconv.Itoa(v.Len()) + " " + secret + "]"
	}
	parts := make([]string, v.Len())
	for i := range parts {
		parts[i] = fmt.Sprint(v.Index(i).Interface())
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// shortest writes a duration without the zeros that time.Duration ends with: 30m, not 30m0s.
func shortest(d time.Duration) string {
	s := d.String()
	if strings.HasSuffix(s, "m0s") {
		s = strings.TrimSuffix(s, "0s")
	}
	if strings.HasSuffix(s, "h0m") {
		s = strings.TrimSuffix(s, "0m")
	}
	return s
}

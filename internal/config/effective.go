package config

import (
	"cmp"
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"
)

// Key is one setting with its value.
type Key struct {
	Path  string // such as server.grpc.streams
	Value string // as text; digests of API keys are told by their number only
	Help  string // what it means; empty outside the server's section
	Bool  bool   // it is true or false
}

// Keys lists every setting of s, in the order of the schema.
func (s Settings) Keys() []Key {
	var keys []Key
	walk(reflect.ValueOf(s), "", func(path string, v reflect.Value, tag reflect.StructTag) {
		keys = append(keys, Key{Path: path, Value: textOf(v, tag), Help: tag.Get("help"), Bool: v.Kind() == reflect.Bool})
	})
	return keys
}

// Origin says where the value of the setting at path comes from: a flag or a variable, the file and its line, or
// "default".
func (s Settings) Origin(path string) string {
	if origin, ok := s.origins[path]; ok {
		return origin
	}
	if line, ok := s.lines[path]; ok {
		return fmt.Sprintf("%s:%d", cmp.Or(s.files[path], s.file), line)
	}
	return "default"
}

// EncodeServer writes what a server needs of s as YAML that Parse reads back. Digests of API keys are left out: what is
// shown gets pasted.
func EncodeServer(s Settings) ([]byte, error) {
	s.Server.APIKeys = nil
	var root yaml.Node
	if err := root.Encode(s); err != nil {
		return nil, fmt.Errorf("encoding settings: %w", err)
	}
	for _, key := range definition {
		if i := indexOf(&root, key); i >= 0 {
			root.Content = slices.Delete(root.Content, i, i+2)
		}
	}
	return encode(&root)
}

// walk calls f for every setting in v, a section. Lists of sections are gone through, other lists are one setting.
func walk(v reflect.Value, path string, f func(path string, v reflect.Value, tag reflect.StructTag)) {
	for i, key := range keysOf(v.Type()) {
		field, tag := v.Field(i), v.Type().Field(i).Tag
		at := join(path, key)
		switch {
		case key == "\x00":
		case field.Kind() == reflect.Struct:
			walk(field, at, f)
		case field.Kind() == reflect.Slice && field.Type().Elem().Kind() == reflect.Struct:
			for j := range field.Len() {
				walk(field.Index(j), fmt.Sprintf("%s[%d]", at, j), f)
			}
		default:
			f(at, field, tag)
		}
	}
}

func textOf(v reflect.Value, tag reflect.StructTag) string {
	switch {
	case v.Type() == reflect.TypeFor[Duration]():
		return shortest(time.Duration(v.Int()))
	case v.Kind() == reflect.String && v.String() == "":
		return `""`
	case v.Kind() != reflect.Slice:
		return fmt.Sprint(v.Interface())
	case tag.Get("check") == "digest":
		return "[" + strconv.Itoa(v.Len()) + " digests]"
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

package strictyaml

import (
	"errors"
	"reflect"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// Set gives the setting at path of v, such as server.deadline or model_pool.instances[0].threads, the
// value that text is, as strictly as [Schema.Parse]. A list is written with commas. The origin, such as
// "flag --deadline", stands in errors and in what o says later. Copies of v from before are unchanged.
func (s *Schema[T]) Set(v *T, o *Origins, path, text, origin string) error {
	d := newDecoder(&tree{name: origin}, v, s.Checks)
	field, tag, err := find(reflect.ValueOf(v).Elem(), path)
	if err != nil {
		return &Error{File: origin, Key: path, Msg: err.Error()}
	}
	field.SetZero() // and not its backing array, which a copy may share
	d.value(nodeOf(text, field), path, field, rules{tag: tag})
	if err := errors.Join(d.errs...); err != nil {
		return err
	}
	o.Overlay(path, origin)
	return nil
}

// nodeOf is the YAML that the text of a flag or a variable stands for. Text needs no quotes.
func nodeOf(text string, v reflect.Value) *yaml.Node {
	switch v.Kind() {
	case reflect.String:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
	case reflect.Slice:
		list := &yaml.Node{Kind: yaml.SequenceNode}
		for part := range strings.SplitSeq(text, ",") {
			list.Content = append(list.Content, nodeOf(strings.TrimSpace(part), reflect.Zero(v.Type().Elem())))
		}
		return list
	}
	return &yaml.Node{Kind: yaml.ScalarNode, Value: text}
}

// find follows a path down a struct. It copies the lists on the way, so that what is set through the
// result is not seen in a copy of the struct.
func find(v reflect.Value, path string) (reflect.Value, reflect.StructTag, error) {
	var tag reflect.StructTag
	for name := range strings.SplitSeq(path, ".") {
		name, index, indexed := strings.Cut(name, "[")
		if v.Kind() != reflect.Struct {
			return v, tag, errors.New("unknown setting")
		}
		f, ok := fieldOf(fieldsOf(v.Type()), name)
		if !ok {
			return v, tag, errors.New("unknown setting")
		}
		v, tag = v.FieldByIndex(f.index), f.tag
		if !indexed {
			continue
		}
		n, err := strconv.Atoi(strings.TrimSuffix(index, "]"))
		if v.Kind() != reflect.Slice || err != nil || n < 0 || n >= v.Len() {
			return v, tag, errors.New("there is no such element")
		}
		list := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(list, v)
		v.Set(list)
		v = v.Index(n)
	}
	if v.Kind() == reflect.Struct {
		return v, tag, errors.New("is a section, not a setting")
	}
	return v, tag, nil
}

// lastKey is the last word of a path.
func lastKey(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

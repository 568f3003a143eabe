package strictyaml

import (
	"errors"
	"reflect"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/crossrank/crossrank/internal/keypath"
)

// Set gives the setting at path of v, such as server.deadline or model_pool.instances[0].threads,
// the value that text is, as strictly as [Schema.Parse]. A list is written with commas. The origin,
// such as "flag --deadline", appears in errors and in o. Copies of v from before are
// unchanged.
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
	o.overlaid = with(o.overlaid, path, origin)
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

// find follows a path down a struct. It copies the lists on the way, so that what is set through
// the result is not seen in a copy of the struct.
func find(v reflect.Value, path string) (reflect.Value, reflect.StructTag, error) {
	var tag reflect.StructTag
	steps, ok := keypath.Parse(path)
	if !ok {
		return v, tag, errors.New("there is no such element")
	}
	for _, step := range steps {
		if v.Kind() != reflect.Struct {
			return v, tag, errors.New("unknown setting")
		}
		f, ok := fieldOf(fieldsOf(v.Type()), step.Key)
		if !ok {
			return v, tag, errors.New("unknown setting")
		}
		v, tag = v.FieldByIndex(f.index), f.tag
		if step.Index < 0 {
			continue
		}
		if v.Kind() != reflect.Slice || step.Index >= v.Len() {
			return v, tag, errors.New("there is no such element")
		}
		list := reflect.MakeSlice(v.Type(), v.Len(), v.Len())
		reflect.Copy(list, v)
		v.Set(list)
		v = v.Index(step.Index)
	}
	if v.Kind() == reflect.Struct {
		return v, tag, errors.New("is a section, not a setting")
	}
	return v, tag, nil
}

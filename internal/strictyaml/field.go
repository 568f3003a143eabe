package strictyaml

import (
	"reflect"
	"strings"
)

// field is one key of a section.
type field struct {
	key   string
	index []int // for reflect's FieldByIndex
	tag   reflect.StructTag
	typ   reflect.Type
}

// fieldsOf gives the keys of a section in the order of its fields, those of inlined structs among
// them.
func fieldsOf(t reflect.Type) []field {
	var fields []field
	for f := range t.Fields() {
		key, options, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		switch {
		case options == "inline":
			for _, inner := range fieldsOf(f.Type) {
				inner.index = append([]int{f.Index[0]}, inner.index...)
				fields = append(fields, inner)
			}
		case f.IsExported() && key != "" && key != "-":
			fields = append(fields, field{key, f.Index, f.Tag, f.Type})
		}
	}
	return fields
}

// fieldOf finds the field of a key.
func fieldOf(fields []field, key string) (field, bool) {
	for _, f := range fields {
		if f.key == key {
			return f, true
		}
	}
	return field{}, false
}

// element is the struct type that t, or each element of t, is; nil if it is neither.
func element(t reflect.Type) reflect.Type {
	if t.Kind() == reflect.Slice {
		t = t.Elem()
	}
	if t.Kind() != reflect.Struct {
		return nil
	}
	return t
}

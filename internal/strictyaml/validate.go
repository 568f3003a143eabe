package strictyaml

import (
	"fmt"
	"reflect"
	"slices"
	"strconv"
	"strings"
)

// validate says what is wrong with a value of the right type that its field's tags do not allow, or
// nothing.
func (d *decoder) validate(v reflect.Value, tag reflect.StructTag) string {
	switch v.Kind() {
	case reflect.String:
		if names := tag.Get("oneof"); names != "" {
			return notOneOf(v.String(), strings.Split(names, ","))
		}
		return d.check(v.String(), tag.Get("check"))
	case reflect.Int, reflect.Int64:
		if v.Type() == durationType {
			if v.Int() <= 0 {
				return "must be longer than 0"
			}
			return ""
		}
		return outOfRange(float64(v.Int()), tag)
	case reflect.Float64:
		return outOfRange(v.Float(), tag)
	}
	return ""
}

func notOneOf(value string, known []string) string {
	if slices.Contains(known, value) {
		return ""
	}
	msg := fmt.Sprintf("is %q, which is not one of %s", value, strings.Join(known, ", "))
	if near := Nearest(value, known); near != "" {
		msg += fmt.Sprintf("; did you mean %s?", near)
	}
	return msg
}

// check applies the check of that name.
func (d *decoder) check(text, name string) string {
	switch check, ok := d.checks[name]; {
	case name == "":
		return ""
	case ok:
		return check(text)
	case name != "filled":
		panic("strictyaml: a field has an unknown check: " + name)
	}
	if strings.TrimSpace(text) == "" {
		return "is empty; give it a value or leave the key out"
	}
	return ""
}

func outOfRange(x float64, tag reflect.StructTag) string {
	if s := tag.Get("min"); s != "" && x < number(s) {
		return fmt.Sprintf("is %s, but must be at least %s", plain(x), s)
	}
	if s := tag.Get("max"); s != "" && x > number(s) {
		return fmt.Sprintf("is %s, but must be at most %s", plain(x), s)
	}
	return ""
}

// plain writes a number without an exponent, as people write it in a file.
func plain(x float64) string { return strconv.FormatFloat(x, 'f', -1, 64) }

func number(s string) float64 {
	x, err := strconv.ParseFloat(s, 64)
	if err != nil {
		panic("strictyaml: a min or max tag is not a number: " + s)
	}
	return x
}

package strictyaml

import (
	"fmt"
	"reflect"
	"strings"

	"github.com/crossrank/crossrank/internal/keypath"
)

// unknownKey says what to do about a key that the section at path does not have.
func (d *decoder) unknownKey(path, key string, known []field) string {
	switch key {
	case "extends":
		return "stands at the top of a file only, not in a section"
	case "<<":
		return "YAML merge keys are not taken; write the keys themselves"
	}
	if where, ok := d.elsewhere[keypath.Join(path, key)]; ok {
		return where
	}
	names := make([]string, len(known))
	for i, f := range known {
		names[i] = f.key
	}
	if near := Nearest(key, names); near != "" {
		return fmt.Sprintf("unknown key; did you mean %s?", near)
	}
	if home := sectionWith(d.schema, "", key); home != "" {
		return fmt.Sprintf("unknown key here; it belongs at %s", home)
	}
	where := path
	if where == "" {
		where = "a settings file"
	}
	return fmt.Sprintf("unknown key; %s has %s", where, strings.Join(names, ", "))
}

// sectionWith finds the path of a key anywhere in the schema.
func sectionWith(t reflect.Type, path, key string) string {
	for _, f := range fieldsOf(t) {
		at := keypath.Join(path, f.key)
		if f.key == key {
			return at
		}
		if f.typ.Kind() == reflect.Slice {
			at += "[]"
		}
		if inner := element(f.typ); inner != nil {
			if home := sectionWith(inner, at, key); home != "" {
				return home
			}
		}
	}
	return ""
}

// Nearest gives the known word that key is probably a misspelling of, or nothing.
func Nearest(key string, known []string) string {
	if len(key) > 64 {
		return ""
	}
	limit := max(2, len(key)/3) // two swapped letters are a distance of 2
	if len(key) < 4 {
		limit = 1
	}
	best, bestD := "", limit+1
	for _, k := range known {
		if d := distance(strings.ToLower(key), k); d < bestD {
			best, bestD = k, d
		}
	}
	return best
}

// distance is the Levenshtein distance: the fewest letters to insert, delete or replace that turn a
// into b.
func distance(a, b string) int {
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := range len(a) {
		diagonal := row[0]
		row[0] = i + 1
		for j := range len(b) {
			cost := diagonal
			if a[i] != b[j] {
				cost++
			}
			diagonal = row[j+1]
			row[j+1] = min(cost, row[j+1]+1, row[j]+1)
		}
	}
	return row[len(b)]
}

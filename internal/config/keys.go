package config

import (
	"fmt"
	"reflect"
	"strings"
)

// keysOf gives the key of each field of a section, in the order of the fields; empty for a field that has none.
func keysOf(t reflect.Type) []string {
	keys := make([]string, t.NumField())
	for i := range keys {
		keys[i], _, _ = strings.Cut(t.Field(i).Tag.Get("yaml"), ",")
	}
	for i, k := range keys {
		if k == "" {
			keys[i] = "\x00" // never equal to a key of a file, not even to an empty one
		}
	}
	return keys
}

// unknownKey says what to do about a key that the section at path does not have.
func unknownKey(path, key string, known []string) string {
	if key == "extends" {
		return "stands at the top of a file only, not in a section"
	}
	if key == "<<" {
		return "YAML merge keys are not taken; write the keys themselves"
	}
	if near := nearest(key, known); near != "" {
		return fmt.Sprintf("unknown key; did you mean %s?", near)
	}
	if home := sectionWith(reflect.TypeFor[Settings](), "", key); home != "" {
		return fmt.Sprintf("unknown key here; it belongs at %s", home)
	}
	var names []string
	for _, k := range known {
		if k != "\x00" {
			names = append(names, k)
		}
	}
	where := path
	if where == "" {
		where = "a settings file"
	}
	return fmt.Sprintf("unknown key; %s has %s", where, strings.Join(names, ", "))
}

// sectionWith finds the path of a key anywhere in the schema.
func sectionWith(t reflect.Type, path, key string) string {
	for i, k := range keysOf(t) {
		at := join(path, k)
		if k == key {
			return at
		}
		ft := t.Field(i).Type
		if ft.Kind() == reflect.Slice {
			ft, at = ft.Elem(), at+"[]"
		}
		if ft.Kind() == reflect.Struct && k != "\x00" {
			if home := sectionWith(ft, at, key); home != "" {
				return home
			}
		}
	}
	return ""
}

func join(path, key string) string {
	if path == "" {
		return key
	}
	return path + "." + key
}

// nearest gives the known word that key is probably a misspelling of, or nothing.
func nearest(key string, known []string) string {
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

// distance is the Levenshtein distance: the fewest letters to insert, delete or replace that turn a into b.
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

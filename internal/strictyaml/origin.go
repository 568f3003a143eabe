package strictyaml

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Error is one fault of settings.
type Error struct {
	File string // or the flag or environment variable that gave the value; empty for a default
	Line int    // 0 if the fault is not on one line
	Key  string // such as model_pool.instances[0].threads; empty if the fault is not one key's
	Msg  string
}

func (e *Error) Error() string {
	place := e.File
	if e.Line > 0 {
		place += fmt.Sprintf(":%d", e.Line)
	}
	parts := []string{place, e.Key, e.Msg}
	return strings.Join(slices.DeleteFunc(parts, func(s string) bool { return s == "" }), ": ")
}

// Fault is an error about a value of the right type at a known key.
type Fault struct{ Key, Msg string }

// Origins says where each value came from. Its zero value says that all are defaults. A struct of
// settings embeds it with the tags yaml:"-" and json:"-".
type Origins struct {
	file     string
	lines    map[string]int    // of every key that the file gave
	files    map[string]string // of those keys that came from a file which it extends
	overlaid map[string]string // what gave a value later, such as a flag
	defaults map[string]string // names of defaults that replace others
}

// Given reports whether the file has the key, such as "data.seed".
func (o Origins) Given(key string) bool {
	_, ok := o.lines[key]
	return ok
}

// Origin names what gave the value of key: a flag or a variable, the file and its line, or
// "default".
func (o Origins) Origin(key string) string {
	if origin, ok := o.overlaid[key]; ok {
		return origin
	}
	if line, ok := o.lines[key]; ok {
		return fmt.Sprintf("%s:%d", cmp.Or(o.files[key], o.file), line)
	}
	return cmp.Or(o.defaults[key], "default")
}

// Locate makes f an error that names what gave the value.
func (o Origins) Locate(f Fault) *Error {
	e := &Error{File: o.overlaid[f.Key], Key: f.Key, Msg: f.Msg}
	if line, ok := o.lines[f.Key]; ok && e.File == "" {
		e.File, e.Line = cmp.Or(o.files[f.Key], o.file), line
	}
	return e
}

// Place names a key with where it was given, for a message about the file: "data.seed (line 3)".
func (o Origins) Place(key string) string {
	switch origin, line := o.overlaid[key], o.lines[key]; {
	case origin != "":
		return fmt.Sprintf("%s (%s)", key, origin)
	case line == 0:
		return key
	case o.files[key] != "":
		return fmt.Sprintf("%s (%s:%d)", key, o.files[key], line)
	default:
		return fmt.Sprintf("%s (line %d)", key, line)
	}
}

// Default notes the name of a default that replaced another. Copies of o stay as they are.
func (o *Origins) Default(key, name string) {
	o.defaults = with(o.defaults, key, name)
}

// with gives a copy of m that has the key.
func with(m map[string]string, key, value string) map[string]string {
	c := maps.Clone(m)
	if c == nil {
		c = map[string]string{}
	}
	c[key] = value
	return c
}

// origins says where the keys stood that were decoded.
func (d *decoder) origins() Origins {
	o := Origins{file: d.tree.name, lines: make(map[string]int, len(d.keys)), files: map[string]string{}}
	for path, key := range d.keys {
		o.lines[path] = key.Line
		if key.Line == 0 { // an override
			o.overlaid = with(o.overlaid, path, d.tree.fileOf(key))
		} else if file := d.tree.fileOf(key); file != d.tree.name {
			o.files[path] = file
		}
	}
	return o
}

// Package keypath reads and writes the paths of settings, such as model_pool.instances[0].threads.
//
// A path is the keys from the top of a settings file down, joined by dots. An element of a list is
// named by its number, from 0. Errors, environment variables, sweeps and results name settings by
// their paths.
package keypath

import (
	"fmt"
	"strconv"
	"strings"
)

// Join gives the path of a key in a section; the top section is "".
func Join(section, key string) string {
	if section == "" {
		return key
	}
	return section + "." + key
}

// Element gives the path of element i of a list.
func Element(list string, i int) string { return fmt.Sprintf("%s[%d]", list, i) }

// Last gives the last key of a path.
func Last(path string) string { return path[strings.LastIndexByte(path, '.')+1:] }

// Step is one key of a path.
type Step struct {
	Key   string
	Index int // the element of the list that Key holds; -1 if the path does not name one
}

// Parse splits a path. It reports whether the numbers of all elements are whole.
func Parse(path string) (steps []Step, ok bool) {
	ok = true
	for part := range strings.SplitSeq(path, ".") {
		step := Step{Key: part, Index: -1}
		if key, index, indexed := strings.Cut(part, "["); indexed {
			digits, closed := strings.CutSuffix(index, "]")
			n, err := strconv.Atoi(digits)
			ok = ok && closed && err == nil && n >= 0
			step = Step{Key: key, Index: n}
		}
		steps = append(steps, step)
	}
	return steps, ok
}

// Assign sets the value at a path of settings that were decoded from JSON. It reports whether the
// place exists, and changes nothing otherwise.
func Assign(settings any, path string, value any) bool {
	steps, ok := Parse(path)
	if !ok {
		return false
	}
	for i, step := range steps {
		section, ok := settings.(map[string]any)
		if !ok {
			return false
		}
		if i == len(steps)-1 && step.Index < 0 {
			section[step.Key] = value
			return true
		}
		settings = section[step.Key]
		if step.Index < 0 {
			continue
		}
		list, ok := settings.([]any)
		if !ok || step.Index >= len(list) {
			return false
		}
		if i == len(steps)-1 {
			list[step.Index] = value
			return true
		}
		settings = list[step.Index]
	}
	return false
}

package strictyaml

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strings"
)

// Variables names the environment variables that are settings.
type Variables struct {
	Prefix string // of all names, such as CROSSRANK_
	Hint   string // where to find the names, for the error about an unknown one
}

// Name is the variable of the setting at path: with the prefix CROSSRANK_, server.grpc.streams is
// CROSSRANK_SERVER_GRPC_STREAMS. It is empty for elements of lists, which no variable sets.
func (e Variables) Name(path string) string {
	if strings.Contains(path, "[") {
		return ""
	}
	return e.Prefix + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
}

// SetFromEnvironment overlays v with what the variables of an environment, as os.Environ gives
// them, say. An unknown variable that begins like a section or is nearly a setting is an error; any
// other may be another program's and is ignored.
func (s *Schema[T]) SetFromEnvironment(v *T, o *Origins, names Variables, environ []string) error {
	byName := map[string]string{}
	sections := map[string]bool{}
	for _, key := range Keys(*v) {
		if name := names.Name(key.Path); name != "" {
			byName[name] = key.Path
			if section, _, nested := strings.Cut(key.Path, "."); nested {
				sections[names.Name(section)+"_"] = true
			}
		}
	}
	var errs []error
	for _, variable := range slices.Sorted(slices.Values(environ)) {
		name, text, ok := strings.Cut(variable, "=")
		if !ok || !strings.HasPrefix(name, names.Prefix) {
			continue
		}
		origin := "environment " + name
		if path, ok := byName[name]; ok {
			errs = append(errs, s.Set(v, o, path, text, origin))
		} else if msg := names.misspelled(name, byName, sections); msg != "" {
			errs = append(errs, &Error{File: origin, Msg: msg})
		}
	}
	return errors.Join(errs...)
}

// misspelled says what is wrong with a variable that is no setting, or nothing if it may well be
// another program's.
func (e Variables) misspelled(name string, byName map[string]string, sections map[string]bool) string {
	for _, known := range slices.Sorted(maps.Keys(byName)) {
		if distance(name, known) <= 2 {
			return fmt.Sprintf("is no setting; did you mean %s?", known)
		}
	}
	for section := range sections {
		if strings.HasPrefix(name, section) {
			return "is no setting; " + e.Hint
		}
	}
	return ""
}

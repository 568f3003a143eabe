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
	known := names.of(Keys(*v))
	var errs []error
	for _, variable := range slices.Sorted(slices.Values(environ)) {
		name, text, _ := strings.Cut(variable, "=")
		origin := "environment " + name
		if path, ok := known.paths[name]; ok {
			errs = append(errs, s.Set(v, o, path, text, origin))
		} else if msg := known.misspelled(name); msg != "" {
			errs = append(errs, &Error{File: origin, Msg: msg})
		}
	}
	return errors.Join(errs...)
}

// Without gives an environment without the variables that [Schema.SetFromEnvironment] would use or
// refuse, for a process whose settings are to come from elsewhere.
func (e Variables) Without(keys []Key, environ []string) []string {
	known := e.of(keys)
	return slices.DeleteFunc(slices.Clone(environ), func(variable string) bool {
		name, _, _ := strings.Cut(variable, "=")
		return known.paths[name] != "" || known.misspelled(name) != ""
	})
}

// knownVariables are those of a schema.
type knownVariables struct {
	Variables
	paths    map[string]string // by name, the path of the setting
	sections []string          // how the names of nested settings begin
}

func (e Variables) of(keys []Key) knownVariables {
	known := knownVariables{Variables: e, paths: map[string]string{}}
	for _, key := range keys {
		if name := e.Name(key.Path); name != "" {
			known.paths[name] = key.Path
			if section, _, nested := strings.Cut(key.Path, "."); nested {
				known.sections = append(known.sections, e.Name(section)+"_")
			}
		}
	}
	return known
}

// misspelled says what is wrong with a variable that is no setting, or nothing if it may well be
// another program's.
func (k knownVariables) misspelled(name string) string {
	if !strings.HasPrefix(name, k.Prefix) {
		return ""
	}
	for _, other := range slices.Sorted(maps.Keys(k.paths)) {
		if distance(name, other) <= 2 {
			return fmt.Sprintf("is no setting; did you mean %s?", other)
		}
	}
	if slices.ContainsFunc(k.sections, func(s string) bool { return strings.HasPrefix(name, s) }) {
		return "is no setting; " + k.Hint
	}
	return ""
}

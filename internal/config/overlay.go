package config

import (
	"errors"
	"fmt"
	"maps"
	"reflect"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v3"
)

// EnvPrefix begins the name of every environment variable that is a setting.
const EnvPrefix = "CROSSRANK_"

// Set gives the setting at path, such as server.deadline or model_pool.instances[0].threads, the value that text is, as
// strictly as Parse. A list is written with commas. The origin, such as "flag --deadline", stands in errors and in what
// [Settings.Origin] says. Settings that were copied from s before are left as they are.
func (s *Settings) Set(path, text, origin string) error {
	d := &decoder{tree: &tree{name: origin}, keys: map[string]*yaml.Node{}}
	v, tag, err := find(reflect.ValueOf(s).Elem(), path)
	if err != nil {
		return &Error{File: origin, Key: path, Msg: err.Error()}
	}
	v.SetZero() // and not its backing array, which a copy of s may share
	d.value(nodeOf(text, v), path, v, tag)
	if err := errors.Join(d.errs...); err != nil {
		return err
	}
	s.origins = maps.Clone(s.origins)
	if s.origins == nil {
		s.origins = map[string]string{}
	}
	s.origins[path] = origin
	return nil
}

// SetFromEnvironment lays over s what the variables of an environment, as os.Environ gives them, say: the setting
// server.grpc.streams is CROSSRANK_SERVER_GRPC_STREAMS. A variable that looks like a setting and is none is an error;
// one with the prefix that looks like none may be somebody else's and is left alone.
func (s *Settings) SetFromEnvironment(environ []string) error {
	byName := map[string]string{}
	sections := map[string]bool{}
	for _, key := range s.Keys() {
		if name := EnvName(key.Path); name != "" {
			byName[name] = key.Path
			if section, _, nested := strings.Cut(key.Path, "."); nested {
				sections[EnvPrefix+strings.ToUpper(section)+"_"] = true
			}
		}
	}
	names := slices.Sorted(maps.Keys(byName))
	var errs []error
	for _, variable := range slices.Sorted(slices.Values(environ)) {
		name, text, ok := strings.Cut(variable, "=")
		if !ok || !strings.HasPrefix(name, EnvPrefix) {
			continue
		}
		origin := "environment " + name
		if path, ok := byName[name]; ok {
			errs = append(errs, s.Set(path, text, origin))
		} else if near := misspelled(name, names, sections); near != "" {
			errs = append(errs, &Error{File: origin, Msg: near})
		}
	}
	return errors.Join(errs...)
}

// definition are the keys of an experiment's definition that mean nothing to a server.
var definition = []string{"name", "description", "target", "data", "experiment"}

// OfServer tells whether the setting at path is one of a server's, and not of an experiment's definition alone.
func OfServer(path string) bool {
	section, _, _ := strings.Cut(path, ".")
	return !slices.Contains(definition, section)
}

// EnvName is the environment variable of the setting at path; empty for what an environment does not set, which is the
// definition of an experiment and the instances of a pool.
func EnvName(path string) string {
	if !OfServer(path) || strings.Contains(path, "[") {
		return ""
	}
	return EnvPrefix + strings.ToUpper(strings.ReplaceAll(path, ".", "_"))
}

// misspelled says what is wrong with a variable that is no setting, or nothing if it may well be another program's.
func misspelled(name string, names []string, sections map[string]bool) string {
	for _, known := range names {
		if distance(name, known) <= 2 {
			return fmt.Sprintf("is no setting; did you mean %s?", known)
		}
	}
	for section := range sections {
		if strings.HasPrefix(name, section) {
			return "is no setting; crossrank config show --origin lists them"
		}
	}
	return ""
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

// find walks a path down a struct. Lists on the way are copied, so that what is set through the result is not seen in a
// copy of the struct.
func find(v reflect.Value, path string) (reflect.Value, reflect.StructTag, error) {
	var tag reflect.StructTag
	for name := range strings.SplitSeq(path, ".") {
		name, index, indexed := strings.Cut(name, "[")
		if v.Kind() != reflect.Struct {
			return v, tag, errors.New("unknown setting")
		}
		i := slices.Index(keysOf(v.Type()), name)
		if i < 0 {
			return v, tag, errors.New("unknown setting")
		}
		v, tag = v.Field(i), v.Type().Field(i).Tag
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

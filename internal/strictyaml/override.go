package strictyaml

import (
	"fmt"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/crossrank/crossrank/internal/keypath"
)

// override puts the value of an assignment KEY=VALUE in the place of what the files say. KEY is the
// path of a setting, or its last key if no other setting of keys has the same. VALUE is YAML.
func (t *tree) override(assignment string, keys []Key) error {
	name := "argument " + assignment
	key, text, ok := strings.Cut(assignment, "=")
	if !ok || key == "" {
		return &Error{File: name, Msg: "it must be KEY=VALUE, such as batch_sizes=[8,16]"}
	}
	path, err := pathOf(key, keys)
	if err != nil {
		return &Error{File: name, Msg: err.Error()}
	}
	var doc yaml.Node
	if err := yaml.Unmarshal([]byte(text), &doc); err != nil {
		return syntaxError(name, err)
	}
	if len(doc.Content) == 0 {
		return &Error{File: name, Key: path, Msg: "has no value"}
	}
	steps, ok := keypath.Parse(path)
	if !ok {
		return &Error{File: name, Key: path, Msg: "there is no such element"}
	}
	o := overlay{tree: t, file: name, value: doc.Content[0]}
	o.mark(o.value)
	over, err := o.at(t.root, steps)
	if err != nil {
		return &Error{File: name, Key: path, Msg: err.Error()}
	}
	t.root = t.merge(t.root, over, "")
	return nil
}

// pathOf finds the path of a setting by its last key. What looks like a path is one.
func pathOf(key string, keys []Key) (string, error) {
	if strings.ContainsAny(key, ".[") || slices.ContainsFunc(keys, func(k Key) bool { return k.Path == key }) {
		return key, nil
	}
	var found, names []string
	for _, k := range keys {
		if last := keypath.Last(k.Path); last == key {
			found = append(found, k.Path)
		} else {
			names = append(names, last)
		}
	}
	switch {
	case len(found) == 1:
		return found[0], nil
	case len(found) > 1:
		return "", fmt.Errorf("several settings are called %s; give one of %s", key, strings.Join(found, ", "))
	}
	if near := Nearest(key, names); near != "" {
		return "", fmt.Errorf("no setting is called %s; did you mean %s?", key, near)
	}
	return "", fmt.Errorf("no setting is called %s", key)
}

// overlay is YAML that puts a value at the end of a path when it is merged over a tree.
type overlay struct {
	tree  *tree
	file  string // what errors and origins name
	value *yaml.Node
}

// mark says of n and all below it that they are no line of a file.
func (o overlay) mark(n *yaml.Node) {
	n.Line = 0
	o.tree.files[n] = o.file
	for _, c := range n.Content {
		o.mark(c)
	}
}

// at makes the overlay of what is below for the rest of the path. Merging replaces lists whole, so
// an element of one is put into a copy.
func (o overlay) at(below *yaml.Node, steps []keypath.Step) (child *yaml.Node, err error) {
	if len(steps) == 0 {
		return o.value, nil
	}
	var under *yaml.Node
	if below != nil && below.Kind == yaml.MappingNode {
		if i := indexOf(below.Content, steps[0].Key); i >= 0 {
			under = below.Content[i+1]
		}
	}
	if i := steps[0].Index; i >= 0 {
		child, err = o.element(under, i, steps[1:])
	} else {
		child, err = o.at(under, steps[1:])
	}
	if err != nil {
		return nil, err
	}
	key := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: steps[0].Key}
	section := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map", Content: []*yaml.Node{key, child}}
	o.tree.files[key], o.tree.files[section] = o.file, o.file
	return section, nil
}

// element makes the list below with the overlay of its element i merged into it. A list that is not
// given has one element.
func (o overlay) element(below *yaml.Node, i int, steps []keypath.Step) (*yaml.Node, error) {
	list := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq", Content: []*yaml.Node{{Kind: yaml.MappingNode, Tag: "!!map"}}}
	if below != nil && below.Kind == yaml.SequenceNode && len(below.Content) > 0 {
		list.Content = slices.Clone(below.Content)
	}
	if i >= len(list.Content) {
		return nil, fmt.Errorf("there is no element %d; the last of the list is %d", i, len(list.Content)-1)
	}
	over, err := o.at(list.Content[i], steps)
	if err != nil {
		return nil, err
	}
	list.Content[i] = o.tree.merge(list.Content[i], over, "")
	return list, nil
}

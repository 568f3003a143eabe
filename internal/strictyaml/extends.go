package strictyaml

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"

	"go.yaml.in/yaml/v3"

	"github.com/crossrank/crossrank/internal/keypath"
)

// maxExtends bounds how many files may extend one another.
const maxExtends = 8

// tree is the YAML of a settings file, merged over that of the files that it extends.
type tree struct {
	name  string
	from  fs.FS                 // where the files are; nil is the machine's file system
	root  *yaml.Node            // a mapping, or nil if nothing was given
	files map[*yaml.Node]string // the file of every node that came from another than name

	exclusive map[string][]string // by key, those that it replaces
}

// load reads the tree of a file with this content, which extends a base that may be absent, or "".
func load(name string, data []byte, base string, from fs.FS, exclusive map[string][]string) (*tree, error) {
	t := &tree{name: name, from: from, files: map[*yaml.Node]string{}, exclusive: exclusive}
	root, err := t.read(name, data, nil)
	if err != nil || base == "" {
		t.root = root
		return t, err
	}
	under, err := readFile(from, base)
	if errors.Is(err, fs.ErrNotExist) {
		t.root = root
		return t, nil
	} else if err != nil {
		return t, fmt.Errorf("reading what %s extends: %w", name, err)
	}
	if t.root, err = t.read(base, under, []string{filepath.Clean(name)}); root != nil && err == nil {
		t.root = t.merge(t.root, root, "")
	}
	return t, err
}

// fileOf names the file that n is from.
func (t *tree) fileOf(n *yaml.Node) string {
	if file, ok := t.files[n]; ok {
		return file
	}
	return t.name
}

// read parses one file and merges it over what it extends. Above are the files that led here.
func (t *tree) read(name string, data []byte, above []string) (*yaml.Node, error) {
	if len(data) > maxBytes {
		return nil, &Error{File: name, Msg: fmt.Sprintf("is over %d bytes, too large for a settings file", maxBytes)}
	}
	root, err := document(name, data)
	if root == nil || err != nil {
		return nil, err
	}
	if name != t.name {
		t.mark(root, name)
	}
	i := indexOf(root.Content, "extends")
	if i < 0 {
		return root, nil
	}
	value := root.Content[i+1]
	fault := func(format string, args ...any) error {
		return &Error{File: name, Line: value.Line, Key: "extends", Msg: fmt.Sprintf(format, args...)}
	}
	if value.Kind != yaml.ScalarNode || value.ShortTag() != "!!str" || value.Value == "" {
		return nil, fault("needs the name of a settings file, not %s", kindOf(value))
	}
	root.Content = slices.Delete(root.Content, i, i+2)
	file := value.Value
	if !filepath.IsAbs(file) {
		file = filepath.Join(filepath.Dir(name), file)
	}
	above = append(above, filepath.Clean(name))
	if slices.Contains(above, file) {
		return nil, fault("goes around: %s", strings.Join(append(above, file), " extends "))
	}
	if len(above) > maxExtends {
		return nil, fault("more than %d files extend one another", maxExtends)
	}
	under, err := readFile(t.from, file)
	if err != nil {
		return nil, fault("reading what it extends: %v", err)
	}
	below, err := t.read(file, under, above)
	if err != nil {
		return nil, err
	}
	return t.merge(below, root, ""), nil
}

// mark notes that n and all below it are from a file.
func (t *tree) mark(n *yaml.Node, file string) {
	t.files[n] = file
	for _, c := range n.Content {
		t.mark(c, file)
	}
}

// merge puts over on top of below: mappings key by key, anything else whole. Of two exclusive keys,
// the one in over replaces the one in below. A key that over gives twice stays twice, for the
// decoder to find.
func (t *tree) merge(below, over *yaml.Node, path string) *yaml.Node {
	if below == nil || below.Kind != yaml.MappingNode || over.Kind != yaml.MappingNode {
		return over
	}
	merged := *over
	merged.Content = slices.Clone(below.Content)
	own := len(below.Content) // of merged.Content, what is inherited
	for i := 0; i+1 < len(over.Content); i += 2 {
		key, value := over.Content[i], over.Content[i+1]
		at := keypath.Join(path, key.Value)
		j := indexOf(merged.Content[:own], key.Value)
		if j >= 0 && !slices.Contains(over.Content, merged.Content[j]) {
			merged.Content[j], merged.Content[j+1] = key, t.merge(merged.Content[j+1], value, at)
		} else {
			merged.Content = append(merged.Content, key, value)
		}
		for _, other := range t.exclusive[at] {
			if indexOf(over.Content, keypath.Last(other)) >= 0 {
				continue // the file itself gives both, for the decoder to find
			}
			if r := indexOf(merged.Content[:own], keypath.Last(other)); r >= 0 {
				merged.Content = slices.Delete(merged.Content, r, r+2)
				own -= 2
			}
		}
	}
	return &merged
}

// indexOf finds a key in the content of a mapping, or gives −1.
func indexOf(content []*yaml.Node, key string) int {
	for i := 0; i+1 < len(content); i += 2 {
		if content[i].Kind == yaml.ScalarNode && content[i].Value == key {
			return i
		}
	}
	return -1
}

package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// checkModules makes sure that a model has no part besides the network that config.json describes.
func checkModules(dir string) error {
	data, err := readFile(dir, modulesFile, maxConfigBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	list := &object{file: modulesFile, text: quoteConstants(data)}
	modules, err := elements(list.text)
	if err != nil {
		return &Error{File: modulesFile, Err: fmt.Errorf("reading a JSON list: %w", err)}
	}
	if len(modules) == 0 {
		return &Error{File: modulesFile, Err: errors.New("it lists no modules; a cross-encoder has one Transformer")}
	}
	for i, raw := range modules {
		if err := checkModule(list.part(fmt.Sprintf("[%d]", i), raw), i); err != nil {
			return err
		}
	}
	return nil
}

func checkModule(m *object, index int) error {
	kind, path := m.str("type", ""), m.str("path", "")
	name := kind[strings.LastIndexByte(kind, '.')+1:]
	switch {
	case index > 0 || name != "Transformer" || !strings.HasPrefix(kind, "sentence_transformers."):
		m.fail("type", "it is %.120q, which cannot be computed; a model must be one Transformer module", kind)
	case strings.Trim(path, "./") != "":
		m.fail("path", "it is %.80q; only a Transformer in the directory itself can be read", path)
	}
	return m.err
}

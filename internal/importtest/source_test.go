package importtest

import (
	"go/parser"
	"go/token"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
)

// imported is one import declaration found in a source file.
type imported struct {
	from string // the importing package, relative to the module; "." for the root
	path string
	at   string // file:line
	test bool
}

// sources gives every import of the module's Go files, and for each file, which may have none, an
// entry without a path.
func sources(t *testing.T) []imported {
	t.Helper()
	root := moduleRoot(t)
	var found []imported
	err := filepath.WalkDir(root, func(file string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			return skipDir(root, file, d.Name())
		}
		if !strings.HasSuffix(file, ".go") || strings.HasPrefix(d.Name(), "_") || strings.HasPrefix(d.Name(), ".") {
			return nil
		}
		rel, err := filepath.Rel(root, file)
		if err != nil {
			return err
		}
		imports, err := fileImports(root, filepath.ToSlash(rel))
		found = append(found, imports...)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	if len(found) == 0 {
		t.Fatalf("no Go files under %s", root)
	}
	return found
}

// skipDir leaves out what the go command leaves out: hidden folders, test data, and separate
// modules.
func skipDir(root, dir, name string) error {
	if dir == root {
		return nil
	}
	if strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata" || name == "node_modules" {
		return filepath.SkipDir
	}
	if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
		return filepath.SkipDir
	}
	return nil
}

func fileImports(root, rel string) ([]imported, error) {
	set := token.NewFileSet()
	file, err := parser.ParseFile(set, filepath.Join(root, filepath.FromSlash(rel)), nil, parser.ImportsOnly)
	if err != nil {
		return nil, err
	}
	base := imported{from: path.Dir(rel), at: rel, test: strings.HasSuffix(rel, "_test.go")}
	found := []imported{base}
	for _, spec := range file.Imports {
		imp := base
		if imp.path, err = strconv.Unquote(spec.Path.Value); err != nil {
			return nil, err
		}
		imp.at = rel + ":" + strconv.Itoa(set.Position(spec.Pos()).Line)
		found = append(found, imp)
	}
	return found, nil
}

// moduleRoot is the folder with go.mod above this test.
func moduleRoot(t *testing.T) string {
	t.Helper()
	dir, err := filepath.Abs(".")
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the test")
		}
		dir = parent
	}
}

package importtest

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

// writes are the calls that make a file under its final name.
var writes = regexp.MustCompile(`\bos\.(Create|WriteFile|Rename)\(`)

// mayWrite are the packages with such calls, and why.
var mayWrite = map[string]string{
	"internal/outfile":    "it is the place",
	"internal/experiment": "the log of a server, which is written as it comes",
	"internal/scoring":    "outputs that grow over several runs, beside their place until they are complete",
	"internal/tinymodel":  "models of tests, in folders of their own",
	"internal/material":   "models of tests, in folders of their own",
}

// TestFilesAreWrittenInOnePlace: what the user gets is written by internal/outfile, which follows
// links, writes to pipes directly, and leaves no half of a file.
func TestFilesAreWrittenInOnePlace(t *testing.T) {
	root := filepath.Join("..", "..")
	err := filepath.WalkDir(root, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if d.IsDir() {
			if name := d.Name(); path != root && (strings.HasPrefix(name, ".") || strings.HasPrefix(name, "_") || name == "testdata") {
				return filepath.SkipDir
			}
			return nil
		}
		if !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return nil
		}
		dir, err := filepath.Rel(root, filepath.Dir(path))
		if err != nil || mayWrite[filepath.ToSlash(dir)] != "" {
			return err
		}
		source, err := os.ReadFile(path)
		if call := writes.Find(source); call != nil {
			t.Errorf("%s calls %s…); write the file with internal/outfile", path, call)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
}

// Package material finds the test data that lies beside the project, in ../shared/material of the
// repository's root.
//
// The data is licensed for research and never part of the repository, so it is there on some
// machines and not on others. Tests that need it say that they were skipped where it is absent;
// every package also has tests that run without it.
package material

import (
	"os"
	"path/filepath"
	"testing"
)

// Path returns the path of a file or folder of the test data, or skips the test if it is not on
// this machine.
func Path(t testing.TB, elem ...string) string {
	t.Helper()
	path := filepath.Join(append([]string{root(t), "..", "shared", "material"}, elem...)...)
	if _, err := os.Stat(path); err != nil {
		t.Skipf("needs the test data %s beside the project: %v", filepath.Join(elem...), err)
	}
	return path
}

// root is the nearest folder above the test's own that holds go.mod.
func root(t testing.TB) string {
	t.Helper()
	dir, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for {
		if _, err := os.Stat(filepath.Join(dir, "go.mod")); err == nil {
			return dir
		}
		parent := filepath.Dir(dir)
		if parent == dir {
			t.Fatal("no go.mod above the test's folder")
		}
		dir = parent
	}
}

package checkpoint

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
)

// The Hugging Face hub's cache keeps a model as
//
//	models--owner--name/refs/main            the name of the snapshot that the branch main stands for
//	models--owner--name/snapshots/<name>/    the model's directory, of links into blobs/
//	models--owner--name/blobs/

// isCacheName reports whether a directory of the cache has this name.
func isCacheName(name string) bool {
	return strings.HasPrefix(name, "models--")
}

// snapshot finds the directory of a model in the hub's cache: the snapshot of the branch main, or
// the only snapshot. A directory outside the cache is returned unchanged.
func snapshot(dir string) (string, error) {
	snapshots := filepath.Join(dir, "snapshots")
	entries, err := os.ReadDir(snapshots)
	if err != nil || fileExists(dir, configFile) {
		return dir, nil // not a cache, or a model with a directory of that name
	}
	var names []string
	for _, e := range entries {
		if e.IsDir() {
			names = append(names, e.Name())
		}
	}
	main := ""
	if ref, err := readFile(dir, filepath.Join("refs", "main"), 1<<10); err == nil {
		main = strings.TrimSpace(string(ref))
	}
	switch {
	case len(names) == 0:
		return "", fmt.Errorf("it is a directory of the Hugging Face hub's cache without a snapshot; download the model again")
	case main == "" && len(names) == 1:
		return filepath.Join(snapshots, names[0]), nil
	}
	for _, name := range names {
		if name == main {
			return filepath.Join(snapshots, name), nil
		}
	}
	for i, name := range names {
		names[i] = filepath.Join(snapshots, name)
	}
	return "", fmt.Errorf("it is a directory of the Hugging Face hub's cache, and refs/main names none of its snapshots; "+
		"give one of them: %s", firstOf(names))
}

func fileExists(dir, name string) bool {
	_, err := os.Stat(filepath.Join(dir, name))
	return err == nil
}

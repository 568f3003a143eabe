package hub

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
)

// Location is where the files of a model are.
type Location struct {
	Path   string // of the directory, or the name as it was given if it is none of the hub's
	Commit string // of a model that is named by its name on the hub; else empty
}

// Locate finds a model by the name that a user gives. A directory of that name comes first.
// Otherwise a name on the hub stands for its snapshot in the cache that the environment names. Any
// other name is returned unchanged. No request is made.
func Locate(name string, getenv func(string) string) (Location, error) {
	here := Location{Path: name}
	if _, err := os.Stat(name); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return here, nil
	}
	n, err := ParseName(name)
	if err != nil {
		return here, nil
	}
	s, err := find(n, getenv)
	switch {
	case err == nil:
		return Location{Path: s.Dir, Commit: s.Commit}, nil
	case !IsName(name):
		return here, nil // a bare word is a directory's name before it is the hub's
	}
	return here, fmt.Errorf("no directory is called %s, and %w", name, err)
}

// find looks into the cache that the environment names.
func find(n Name, getenv func(string) string) (Snapshot, error) {
	e, err := ReadEnvironment(getenv)
	if err != nil {
		return Snapshot{}, fmt.Errorf("the hub's cache is not known: %w", err)
	}
	return NewCache(e.CacheDir).Find(n)
}

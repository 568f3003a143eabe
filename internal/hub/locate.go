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

// Locate finds a model by the name that a user gives: the path of a directory, or a name on the hub,
// whose snapshot in the cache that the environment names is taken. A directory of that name comes first.
// Any other name is returned as it is. No request is made.
func Locate(name string, getenv func(string) string) (Location, error) {
	here := Location{Path: name}
	if _, err := os.Stat(name); err == nil || !errors.Is(err, fs.ErrNotExist) {
		return here, nil
	}
	n, err := ParseName(name)
	if err != nil {
		return here, nil
	}
	e, err := ReadEnvironment(getenv)
	if err != nil {
		return here, err
	}
	s, err := NewCache(e.CacheDir).Find(n)
	if err != nil && !IsName(name) {
		return here, nil // a bare word is a directory's name before it is the hub's
	}
	if err != nil {
		return here, fmt.Errorf("no directory is called %s, and %w", name, err)
	}
	return Location{Path: s.Dir, Commit: s.Commit}, nil
}

package hub

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// stored are the files of a snapshot whose content is there.
type stored struct {
	root  *os.Root
	dir   string
	sizes map[string]int64 // by name, with slashes
}

func (c *cacheRoot) stored(dir string) (stored, error) {
	s := stored{root: c.root, dir: dir, sizes: map[string]int64{}}
	err := fs.WalkDir(c.root.FS(), filepath.ToSlash(dir), func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		if info, err := c.root.Stat(filepath.FromSlash(path)); err == nil && info.Mode().IsRegular() {
			s.sizes[strings.TrimPrefix(path, filepath.ToSlash(dir)+"/")] = info.Size()
		}
		return nil
	})
	return s, err
}

func (s stored) names() []string {
	var names []string
	for name := range s.sizes {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

func (s stored) read(name string) ([]byte, error) {
	return readBounded(s.root, filepath.Join(s.dir, filepath.FromSlash(name)))
}

func readBounded(root *os.Root, name string) ([]byte, error) {
	f, err := root.Open(name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, maxListBytes+1))
	if err == nil && len(text) > maxListBytes {
		err = fmt.Errorf("%s has more than %d bytes", filepath.Base(name), maxListBytes)
	}
	return text, err
}

// ref is a branch or a tag as it was when it was last pulled.
type ref struct{ name, commit string }

func (c *cacheRoot) refs(n Name) (all []ref, err error) {
	dir := filepath.ToSlash(filepath.Join(n.folder(), refsDir))
	err = fs.WalkDir(c.root.FS(), dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name := strings.TrimPrefix(path, dir+"/")
		commit, err := c.commit(Name{Repo: n.Repo, Revision: name})
		if err == nil {
			all = append(all, ref{name, commit})
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return all, err
}

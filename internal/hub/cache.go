package hub

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
)

// Cache is a directory of models in the layout of huggingface_hub; it need not exist. It is safe
// for concurrent use, also by other processes.
type Cache struct{ dir string }

// NewCache names a cache by its directory.
func NewCache(dir string) Cache { return Cache{dir} }

// Snapshot is a model at one commit in a cache.
type Snapshot struct {
	Repo   string   // owner/model
	Commit string   // 40 hexadecimal digits
	Refs   []string // the branches and tags that were at this commit when they were last pulled
	Dir    string   // where its files are
	Files  int
	Size   int64 // of its files, in bytes
	Lacks  error // what keeps it from being scored with; nil if every file is there
}

// Pinned names the snapshot for good: owner/model@commit.
func (s Snapshot) Pinned() string { return s.Repo + "@" + s.Commit }

// Find gives the snapshot that a name means, if it has every file that scoring needs. Otherwise the
// error is a *[NotCached].
func (c Cache) Find(n Name) (Snapshot, error) {
	root, err := c.open()
	if errors.Is(err, fs.ErrNotExist) {
		return Snapshot{}, &NotCached{Name: n, Dir: c.dir}
	}
	if err != nil {
		return Snapshot{}, err
	}
	defer root.Close()
	commit, err := root.commit(n)
	if err != nil {
		return Snapshot{}, err
	}
	s, err := root.snapshot(n, commit)
	if err != nil {
		return Snapshot{}, err
	}
	if s.Lacks != nil {
		return s, &NotCached{Name: n, Dir: c.dir, Lacks: s.Lacks}
	}
	return s, nil
}

// List gives every snapshot of every model, ordered by name. The error is about those that cannot
// be read; the others are listed all the same.
func (c Cache) List() ([]Snapshot, error) {
	root, err := c.open()
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer root.Close()
	entries, err := fs.ReadDir(root.root.FS(), ".")
	if err != nil {
		return nil, fmt.Errorf("reading the hub's cache: %w", err)
	}
	var all []Snapshot
	var errs []error
	for _, e := range entries {
		repo, ok := repoOfFolder(e.Name())
		if !ok {
			continue
		}
		snapshots, err := root.snapshots(Name{Repo: repo})
		if err != nil {
			errs = append(errs, fmt.Errorf("%s: %w", repo, err))
		}
		all = append(all, snapshots...)
	}
	slices.SortFunc(all, func(a, b Snapshot) int {
		return cmp.Or(cmp.Compare(a.Repo, b.Repo), cmp.Compare(a.Commit, b.Commit))
	})
	return all, errors.Join(errs...)
}

func (c Cache) open() (*cacheRoot, error) {
	root, err := os.OpenRoot(c.dir)
	if err != nil {
		return nil, fmt.Errorf("opening the hub's cache: %w", err)
	}
	return &cacheRoot{root: root, dir: c.dir}, nil
}

// cacheRoot is an open cache. Nothing outside of its directory is read or written through it.
type cacheRoot struct {
	root *os.Root
	dir  string
}

func (c *cacheRoot) Close() error { return c.root.Close() }

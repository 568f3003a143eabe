package hub

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
)

// Cache is a directory of models in the layout of huggingface_hub; it need not exist. It is safe for
// concurrent use, also by other processes.
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

// NotCached is the error of a model that is not in the cache, or not whole. It is an [fs.ErrNotExist].
type NotCached struct {
	Name  Name
	Dir   string // of the cache
	Lacks error  // nil if there is nothing of it
}

// Error implements error.
func (e *NotCached) Error() string {
	if e.Lacks != nil {
		return fmt.Sprintf("%s is only partly in the hub's cache (%s): %v; run: crossrank pull %s", e.Name, e.Dir, e.Lacks, e.Name)
	}
	return fmt.Sprintf("%s is not in the hub's cache (%s); run: crossrank pull %s", e.Name, e.Dir, e.Name)
}

// Unwrap makes it an [fs.ErrNotExist].
func (e *NotCached) Unwrap() error { return fs.ErrNotExist }

// Find gives the snapshot that a name means, if it has every file that scoring needs. Otherwise the error
// is a *[NotCached].
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

// List gives every snapshot of every model, ordered by name.
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
	for _, e := range entries {
		repo, ok := repoOfFolder(e.Name())
		if !ok {
			continue
		}
		snapshots, err := root.snapshots(Name{Repo: repo})
		if err != nil {
			return nil, err
		}
		all = append(all, snapshots...)
	}
	slices.SortFunc(all, func(a, b Snapshot) int { return cmp.Or(cmp.Compare(a.Repo, b.Repo), cmp.Compare(a.Commit, b.Commit)) })
	return all, nil
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

// commit gives the commit that a name means.
func (c *cacheRoot) commit(n Name) (string, error) {
	if isCommit(n.Revision) {
		return n.Revision, nil
	}
	f, err := c.root.Open(n.ref())
	if errors.Is(err, fs.ErrNotExist) {
		return "", &NotCached{Name: n, Dir: c.dir}
	}
	if err != nil {
		return "", fmt.Errorf("model %s: %w", n, err)
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 100))
	commit := strings.TrimSpace(string(text))
	if err != nil || !isCommit(commit) {
		return "", &NotCached{Name: n, Dir: c.dir, Lacks: errors.New("the file of its branch holds no commit")}
	}
	return commit, nil
}

// snapshots gives all of one model.
func (c *cacheRoot) snapshots(n Name) ([]Snapshot, error) {
	entries, err := fs.ReadDir(c.root.FS(), filepath.ToSlash(filepath.Join(n.folder(), snapshotsDir)))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading the hub's cache: %w", err)
	}
	var all []Snapshot
	for _, e := range entries {
		if !isCommit(e.Name()) {
			continue
		}
		s, err := c.snapshot(n, e.Name())
		if err != nil {
			return nil, err
		}
		all = append(all, s)
	}
	return all, nil
}

// snapshot describes a model at a commit.
func (c *cacheRoot) snapshot(n Name, commit string) (Snapshot, error) {
	dir := n.snapshot(commit)
	s := Snapshot{Repo: n.Repo, Commit: commit, Dir: filepath.Join(c.dir, dir)}
	have, err := c.stored(dir)
	if errors.Is(err, fs.ErrNotExist) {
		return s, &NotCached{Name: n, Dir: c.dir}
	}
	if err != nil {
		return s, fmt.Errorf("reading the hub's cache: %w", err)
	}
	for _, size := range have.sizes {
		s.Files++
		s.Size += size
	}
	refs, err := c.refs(n)
	for _, r := range refs {
		if r.commit == commit {
			s.Refs = append(s.Refs, r.name)
		}
	}
	_, s.Lacks = needed(have)
	return s, err
}

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

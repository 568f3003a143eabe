package hub

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"path/filepath"
	"strings"
)

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

package hub

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// Remove deletes a model with all its snapshots, and returns the bytes that were freed. What another
// process downloads just now is an error.
func (c Cache) Remove(n Name) (freed int64, err error) {
	root, err := c.openModel(n)
	if err != nil {
		return 0, err
	}
	defer root.Close()
	unlock, err := root.lockAll(n)
	if err != nil {
		return 0, err
	}
	defer unlock()
	freed = root.size(n)
	stores := root.shared(n)
	// In this order, so that an interrupted removal leaves nothing that looks whole.
	for _, part := range []string{refsDir, snapshotsDir, ""} {
		if err := root.root.RemoveAll(filepath.Join(n.folder(), part)); err != nil {
			return 0, fmt.Errorf("removing %s: %w", n.Repo, err)
		}
	}
	return freed + root.releaseShared(stores), nil
}

// RemoveSnapshot deletes the snapshot that a name means, and the blobs that no other one has.
func (c Cache) RemoveSnapshot(n Name) (freed int64, err error) {
	root, err := c.openModel(n)
	if err != nil {
		return 0, err
	}
	defer root.Close()
	commit, err := root.commit(n)
	if err != nil {
		return 0, err
	}
	if _, err := root.snapshot(n, commit); err != nil {
		return 0, err
	}
	unlock, err := root.lockAll(n)
	if err != nil {
		return 0, err
	}
	defer unlock()
	before, stores := root.size(n), root.shared(n)
	refs, err := root.refs(n)
	if err != nil {
		return 0, err
	}
	for _, r := range refs {
		if r.commit == commit {
			if err := root.root.Remove((Name{Repo: n.Repo, Revision: r.name}).ref()); err != nil {
				return 0, fmt.Errorf("removing %s: %w", n, err)
			}
		}
	}
	if err := root.root.RemoveAll(n.snapshot(commit)); err != nil {
		return 0, fmt.Errorf("removing %s: %w", n, err)
	}
	if err := root.removeUnused(n); err != nil {
		return 0, fmt.Errorf("removing %s: %w", n, err)
	}
	return before - root.size(n) + root.releaseShared(stores), nil
}

// removeUnused deletes the blobs that no snapshot has.
func (c *cacheRoot) removeUnused(n Name) error {
	names, _, err := c.links(n)
	if err != nil {
		return err
	}
	for _, h := range c.blobs(n) {
		if len(names[h]) == 0 {
			if err := c.root.Remove(n.blob(h)); err != nil {
				return err
			}
		}
	}
	return nil
}

// blobs lists the complete blobs of a model.
func (c *cacheRoot) blobs(n Name) (all []hash) {
	entries, _ := fs.ReadDir(c.root.FS(), filepath.ToSlash(filepath.Join(n.folder(), blobsDir)))
	for _, e := range entries {
		if h, err := parseHash(e.Name()); err == nil {
			all = append(all, h)
		}
	}
	return all
}

// lockAll locks every blob of a model, or says that one is being downloaded.
func (c *cacheRoot) lockAll(n Name) (unlock func(), err error) {
	var held []func()
	unlock = func() {
		for _, u := range held {
			u()
		}
	}
	entries, _ := fs.ReadDir(c.root.FS(), filepath.ToSlash(filepath.Join(n.folder(), blobsDir)))
	var all []hash
	for _, e := range entries {
		if h, err := parseHash(strings.TrimSuffix(e.Name(), incompleteSuffix)); err == nil && !slices.Contains(all, h) {
			all = append(all, h)
		}
	}
	for _, h := range all {
		one, err := c.tryLock(n.lock(h))
		if one == nil {
			unlock()
			if err == nil {
				err = fmt.Errorf("another process downloads %s; try again when it is done", n.Repo)
			}
			return nil, err
		}
		held = append(held, one)
	}
	return unlock, nil
}

// size gives the bytes of a model's files, without what links lead to.
func (c *cacheRoot) size(n Name) (total int64) {
	_ = fs.WalkDir(c.root.FS(), n.folder(), func(_ string, e fs.DirEntry, err error) error {
		if err == nil && e.Type().IsRegular() {
			if info, err := e.Info(); err == nil {
				total += info.Size()
			}
		}
		return nil
	})
	return total
}

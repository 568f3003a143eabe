package hub

import (
	"fmt"
	"io/fs"
	"path/filepath"
	"slices"
	"strings"
)

// Remove deletes a model with all its snapshots, and returns the bytes that were freed. What
// another process downloads just now is an error.
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

// removeUnused deletes the blobs that no snapshot has, and downloads that are not complete.
func (c *cacheRoot) removeUnused(n Name) error {
	names, _, err := c.links(n)
	if err != nil {
		return err
	}
	for _, name := range c.inBlobs(n) {
		h, err := parseHash(name)
		if err == nil && len(names[h]) > 0 {
			continue
		}
		if err := c.root.Remove(filepath.Join(n.folder(), blobsDir, name)); err != nil {
			return err
		}
	}
	return nil
}

// inBlobs lists the directory of a model's blobs.
func (c *cacheRoot) inBlobs(n Name) (names []string) {
	entries, _ := fs.ReadDir(c.root.FS(), filepath.ToSlash(filepath.Join(n.folder(), blobsDir)))
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return names
}

// blobs lists the complete blobs of a model.
func (c *cacheRoot) blobs(n Name) (all []hash) {
	for _, name := range c.inBlobs(n) {
		if h, err := parseHash(name); err == nil {
			all = append(all, h)
		}
	}
	return all
}

// lockAll locks a model against pulls, by this program or Python, or reports that one is running.
func (c *cacheRoot) lockAll(n Name) (unlock func(), err error) {
	var held []func()
	unlock = func() {
		for _, u := range held {
			u()
		}
	}
	var all []hash
	for _, name := range c.inBlobs(n) {
		if h, err := parseHash(strings.TrimSuffix(name, incompleteSuffix)); err == nil && !slices.Contains(all, h) {
			all = append(all, h)
		}
	}
	locks := []string{n.modelLock()}
	for _, h := range all {
		locks = append(locks, n.lock(h))
	}
	for _, name := range locks {
		one, err := c.tryLock(name)
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

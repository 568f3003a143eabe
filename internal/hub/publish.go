package hub

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
)

// publish makes the snapshot of a commit out of blobs that are there, and then has the revision
// lead to it.
func (p *pull) publish(files []file) error {
	for _, f := range files {
		if err := p.link(f); err != nil {
			return fmt.Errorf("%s: %w", f.name, err)
		}
	}
	if p.name.Revision == p.commit {
		return nil
	}
	return p.replace(p.name.ref(), func(tmp string) error {
		return p.cache.root.WriteFile(tmp, []byte(p.commit), 0o666)
	})
}

// link gives a file of the snapshot its name.
func (p *pull) link(f file) error {
	name := filepath.Join(p.name.snapshot(p.commit), filepath.FromSlash(f.name))
	target := linkTarget(f.name, f.hash)
	if old, err := p.cache.root.Readlink(name); err == nil && old == target {
		return nil
	}
	blob := p.name.blob(f.hash)
	if p.symlink != nil {
		err := p.replace(name, func(tmp string) error { return p.symlink(p.cache.root, target, tmp) })
		if err == nil {
			return nil
		}
	}
	// Windows makes symbolic links for some users only. A hard link needs no space either.
	if same, err := p.cache.same(name, blob); err == nil && same {
		return nil
	}
	if err := p.replace(name, func(tmp string) error { return p.cache.root.Link(blob, tmp) }); err == nil {
		return nil
	}
	return p.replace(name, func(tmp string) error { return p.cache.copy(blob, tmp) })
}

// replace makes a file under another name, with the function given, and then gives it its own in
// one step.
func (p *pull) replace(name string, create func(tmp string) error) error {
	root := p.cache.root
	if err := root.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return err
	}
	tmp := filepath.Join(p.name.folder(), blobsDir, "."+rand.Text()+".tmp")
	err := create(tmp)
	if err == nil {
		err = root.Rename(tmp, name)
	}
	if err != nil {
		if removed := root.Remove(tmp); removed != nil && !os.IsNotExist(removed) {
			err = errors.Join(err, removed)
		}
	}
	return err
}

// same reports whether two names are of one file.
func (c *cacheRoot) same(a, b string) (bool, error) {
	first, err := c.root.Lstat(a)
	if err != nil {
		return false, err
	}
	second, err := c.root.Stat(b)
	return err == nil && os.SameFile(first, second), err
}

func (c *cacheRoot) copy(from, to string) (err error) {
	in, err := c.root.Open(from)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := c.root.OpenFile(to, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o666)
	if err != nil {
		return err
	}
	_, err = io.Copy(out, in)
	return errors.Join(err, out.Close())
}

func symlink(root *os.Root, target, name string) error { return root.Symlink(target, name) }

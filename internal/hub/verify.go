package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
)

// Verified is what [Cache.Verify] found.
type Verified struct {
	Files  int // whose content was hashed
	Bytes  int64
	Faults []Fault
}

// Fault is a file that is not what it should be.
type Fault struct {
	File string // in a snapshot, or a blob
	Err  error
}

// Verify hashes every blob of a model again, and finds links that lead nowhere. A file of a
// snapshot that is a copy, where neither kind of links can be made, is not read. The error is about
// the cache; what is wrong with files is in the result.
func (c Cache) Verify(ctx context.Context, n Name) (Verified, error) {
	var v Verified
	root, err := c.openModel(n)
	if err != nil {
		return v, err
	}
	defer root.Close()
	names, dangling, err := root.links(n)
	if err != nil {
		return v, err
	}
	v.Faults = dangling
	entries, err := fs.ReadDir(root.root.FS(), filepath.ToSlash(filepath.Join(n.folder(), blobsDir)))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return v, err
	}
	for _, e := range entries {
		h, err := parseHash(e.Name())
		if err != nil {
			continue // a download that is not complete
		}
		size, err := root.check(ctx, n, h)
		if ctx.Err() != nil {
			return v, ctx.Err()
		}
		v.Files++
		v.Bytes += size
		if err != nil {
			file := string(h)
			if used := names[h]; len(used) > 0 {
				file = used[0]
			}
			v.Faults = append(v.Faults, Fault{file, err})
		}
	}
	return v, nil
}

// openModel opens a cache that has something of a model.
func (c Cache) openModel(n Name) (*cacheRoot, error) {
	root, err := c.open()
	if err == nil {
		if _, err = root.root.Stat(n.folder()); err == nil {
			return root, nil
		}
		root.Close()
	}
	if errors.Is(err, fs.ErrNotExist) {
		err = &NotCached{Name: n, Dir: c.dir}
	}
	return nil, err
}

// links gives the names of each blob in all snapshots, and the links that lead to none.
func (c *cacheRoot) links(n Name) (names map[hash][]string, dangling []Fault, err error) {
	names = map[hash][]string{}
	dir := filepath.ToSlash(filepath.Join(n.folder(), snapshotsDir))
	err = fs.WalkDir(c.root.FS(), dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		short := strings.TrimPrefix(path, dir+"/")
		if e.Type()&fs.ModeSymlink == 0 {
			return nil
		}
		target, err := c.root.Readlink(filepath.FromSlash(path))
		if err != nil {
			return err
		}
		h, err := blobOfLink(target)
		if err == nil {
			_, err = c.root.Stat(filepath.FromSlash(path))
		}
		if err != nil {
			dangling = append(dangling, Fault{short, withoutPath(err)})
			return nil
		}
		names[h] = append(names[h], short)
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return names, dangling, err
}

// check hashes a blob.
func (c *cacheRoot) check(ctx context.Context, n Name, h hash) (size int64, err error) {
	f, err := c.root.Open(n.blob(h))
	if err != nil {
		return 0, withoutPath(err)
	}
	defer f.Close()
	info, err := f.Stat()
	if err != nil || !info.Mode().IsRegular() {
		return 0, errors.Join(err, errors.New("it is not a regular file"))
	}
	sum := h.hasher(info.Size())
	size, err = io.Copy(sum, contextReader{ctx, f})
	if err == nil {
		if got := digest(sum); got != h {
			err = fmt.Errorf("it has the %s %s instead of %s", h.kind(), got, h)
		}
	}
	return size, err
}

// contextReader ends a long read of a file when ctx ends.
type contextReader struct {
	ctx  context.Context
	file *os.File
}

func (r contextReader) Read(p []byte) (int, error) {
	if err := r.ctx.Err(); err != nil {
		return 0, err
	}
	return r.file.Read(p)
}

package storage

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"iter"
	"os"
	"path/filepath"

	"github.com/crossrank/crossrank/internal/outfile"
)

// directory is an absolute path.
type directory string

var _ Folder = directory("")

func (d directory) String() string { return string(d) }

func (d directory) path(name string) string { return filepath.Join(string(d), name) }

func (d directory) Stat(_ context.Context, name string) (File, error) {
	info, err := os.Stat(d.path(name))
	if err != nil {
		return File{}, err
	}
	return File{Name: name, Size: info.Size(), Modified: info.ModTime()}, nil
}

func (d directory) Open(_ context.Context, name string) (Reader, error) {
	f, err := os.Open(d.path(name))
	if err != nil {
		return nil, err
	}
	info, err := f.Stat()
	if err == nil && !info.Mode().IsRegular() {
		err = fmt.Errorf("%s is not a regular file", d.path(name))
	}
	if err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return localFile{f, info.Size()}, nil
}

// localFile is an open file.
type localFile struct {
	*os.File
	size int64
}

func (f localFile) Size() int64   { return f.size }
func (localFile) Version() string { return "" }

func (d directory) Create(_ context.Context, name string) (Writer, error) {
	f, err := outfile.Create(d.path(name))
	if err != nil {
		return nil, err // not f, which would be a Writer that is not nil
	}
	return f, nil
}

func (d directory) List(ctx context.Context) iter.Seq2[File, error] {
	return func(yield func(File, error) bool) {
		dir, err := os.Open(string(d))
		if err != nil {
			yield(File{}, err)
			return
		}
		defer dir.Close()
		for {
			entries, err := dir.ReadDir(1000)
			if err == io.EOF {
				return
			}
			if err == nil {
				err = ctx.Err()
			}
			if err != nil {
				yield(File{}, err)
				return
			}
			for _, e := range entries {
				info, err := e.Info()
				if err != nil || !info.Mode().IsRegular() {
					continue // removed meanwhile, or not a file
				}
				if !yield(File{Name: e.Name(), Size: info.Size(), Modified: info.ModTime()}, nil) {
					return
				}
			}
		}
	}
}

func (d directory) Remove(_ context.Context, name string) error { return os.Remove(d.path(name)) }

func (d directory) Clean(ctx context.Context, unwanted func(name string) bool) (n int, err error) {
	for f, err := range d.List(ctx) {
		if err != nil {
			return n, err
		}
		if of, temporary := outfile.Pending(f.Name); !temporary || !unwanted(of) {
			continue
		}
		if err := d.Remove(ctx, f.Name); err == nil {
			n++
		} else if !errors.Is(err, fs.ErrNotExist) { // another cleaner was first
			return n, err
		}
	}
	return n, nil
}

func (d directory) Make() error { return os.MkdirAll(string(d), 0o777) }

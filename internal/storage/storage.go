// Package storage reads and writes files in a directory or under a prefix of S3-compatible object
// storage.
//
// [Open] takes either as one name: a path, or s3://bucket/prefix. A file appears under its name
// when it is complete, never before: a local one is renamed, an object is put whole or completes
// its multipart upload. So a reader that finds a name finds all of its content, and two writers of
// one name leave the content of one of them.
package storage

import (
	"context"
	"fmt"
	"io"
	"iter"
	"path/filepath"
	"strings"
	"time"
)

// File describes a stored file.
type File struct {
	Name     string // relative to its folder
	Size     int64
	Modified time.Time
	Version  string // changes with the content, if the storage has such a mark; else ""
}

// Folder is a directory or a prefix. It is safe for concurrent use. Names are relative to it and
// have no slash. A name that does not exist is [io/fs.ErrNotExist].
type Folder interface {
	// String is the folder as [Open] takes it.
	String() string
	Stat(ctx context.Context, name string) (File, error)
	// Open opens a file for reading. Reads end with ctx.
	Open(ctx context.Context, name string) (Reader, error)
	// Create begins a file. It needs the directory, see Make.
	Create(ctx context.Context, name string) (Writer, error)
	// List yields the files in the folder, in no order, without those of folders in it.
	List(ctx context.Context) iter.Seq2[File, error]
	Remove(ctx context.Context, name string) error
	// Clean removes what writers that were killed have left of files for which unwanted is true, and
	// returns how many. A writer of such a file that still runs then fails to commit.
	Clean(ctx context.Context, unwanted func(name string) bool) (int, error)
	// Make makes the folder, if it is a directory that does not exist.
	Make() error
}

// Reader is a file that is being read.
type Reader interface {
	io.ReadSeekCloser
	io.ReaderAt
	Size() int64
	Version() string // see [File]
}

// Writer is a file that is being written. Commit gives it its name; Close ends it, and discards it
// if it was not committed.
type Writer interface {
	io.WriteCloser
	Commit() error
}

const s3Scheme = "s3://"

// Open returns the folder of a path or of s3://bucket/prefix. It sends no request.
func Open(name string) (Folder, error) {
	switch scheme, _, found := strings.Cut(name, "://"); {
	case strings.HasPrefix(name, s3Scheme):
		return openS3(name)
	case found:
		return nil, fmt.Errorf("%s: storage %q is unknown; give a path, or s3://bucket/prefix", name, scheme)
	case name == "":
		return nil, fmt.Errorf("the name of a folder is empty; give a path, or s3://bucket/prefix")
	}
	dir, err := filepath.Abs(name)
	if err != nil {
		return nil, err
	}
	return directory(dir), nil
}

// Locate opens the folder of a file and returns the file's name in it.
func Locate(file string) (Folder, string, error) {
	dir, name := filepath.Split(file)
	if strings.Contains(file, "://") {
		at := strings.LastIndexByte(file, '/') + 1
		dir, name = file[:at], file[at:]
	}
	if name == "" {
		return nil, "", fmt.Errorf("%s is a folder; give a file", file)
	}
	if dir == "" {
		dir = "."
	}
	folder, err := Open(dir)
	return folder, name, err
}

// Join is the name of a file in a folder, as [Locate] takes it.
func Join(f Folder, name string) string {
	if dir, ok := f.(directory); ok {
		return filepath.Join(string(dir), name)
	}
	return f.String() + name
}

// Put writes a small file.
func Put(ctx context.Context, f Folder, name string, data []byte) (err error) {
	w, err := f.Create(ctx, name)
	if err != nil {
		return err
	}
	defer func() {
		if closeErr := w.Close(); err == nil {
			err = closeErr
		}
	}()
	if _, err := w.Write(data); err != nil {
		return err
	}
	return w.Commit()
}

// Get reads a small file.
func Get(ctx context.Context, f Folder, name string) ([]byte, error) {
	r, err := f.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return io.ReadAll(r)
}

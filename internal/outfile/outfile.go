// Package outfile writes output files: reports, charts, results, scores.
//
// A path names more than a regular file. [Create] and [Write] treat what they find there as a
// shell's redirection does, except that a regular file is replaced in one step:
//
//   - A regular file, or no file: the content goes to a temporary file in the same directory, which
//     is then renamed. A reader sees the old content or the new, never a part, and after an error
//     the old file is unchanged. Permissions are kept; a new file gets 0666 less the umask.
//   - A symbolic link is followed, also when its target does not exist yet. The link stays.
//   - A named pipe, a device, or another file that is not regular is written to directly.
//   - The file of standard output or standard error, such as /dev/stdout, is written through that
//     stream. So it works under another user, and after a shell's >>.
//
// [WriteOr] also accepts "-" for standard output.
package outfile

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"strings"
)

// File is an output that is being written. It must be ended by Close; without a Commit before it, a
// regular file keeps its old content. A File is not safe for concurrent use.
type File struct {
	name    string   // as the caller knows it, for errors
	file    *os.File // that takes the bytes
	path    string   // of the regular file to replace; empty if file is written to directly
	pending pending  // until Commit; nil if file is written to directly
	stream  bool     // file is standard output or standard error, and stays open
}

// pending is a temporary file beside a regular one.
type pending interface {
	CloseAtomicallyReplace() error
	Cleanup() error // discards the temporary file unless it has taken the name
}

// Create begins an output at path.
func Create(path string) (*File, error) {
	f, err := create(path)
	if err != nil {
		return nil, fmt.Errorf("writing %s: %w", path, cause(err))
	}
	return f, nil
}

func create(path string) (*File, error) {
	t, err := find(path)
	switch {
	case err != nil:
		return nil, err
	case t.stream != nil:
		return &File{name: path, file: t.stream, stream: true}, nil
	case t.direct:
		file, err := os.OpenFile(path, os.O_WRONLY, 0)
		return &File{name: path, file: file}, err
	}
	if t.exists {
		if err := writable(t.path); err != nil {
			return nil, err
		}
	}
	file, p, err := newPending(t.path)
	return &File{name: path, file: file, path: t.path, pending: p}, err
}

// Pending is the name of the file that a temporary file is to replace, such as a.txt for .a.txt12;
// ok is false for other files. A process that was killed leaves its temporary files behind.
func Pending(name string) (of string, ok bool) {
	rest, hidden := strings.CutPrefix(name, ".")
	of = strings.TrimRight(rest, "0123456789")
	return strings.TrimSuffix(of, "-"), hidden && of != "" && of != rest
}

// writable reports an error for a file that this process may not write, which a rename would
// replace all the same.
func writable(path string) error {
	file, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return err
	}
	return file.Close()
}

// Write implements [io.Writer].
func (f *File) Write(p []byte) (int, error) {
	n, err := f.file.Write(p)
	if err != nil {
		err = fmt.Errorf("writing %s: %w", f.name, cause(err))
	}
	return n, err
}

// Commit gives what was written its name. Writing may go on: what comes after Commit is appended as
// it comes.
func (f *File) Commit() error {
	if f.pending == nil {
		return nil
	}
	err := f.pending.CloseAtomicallyReplace()
	if err == nil {
		f.pending = nil
		f.file, err = os.OpenFile(f.path, os.O_WRONLY|os.O_APPEND, 0)
	}
	if err != nil {
		return fmt.Errorf("writing %s: %w", f.name, cause(err))
	}
	return nil
}

// Sync waits until what was written is on the disk. It does nothing for a file that is not regular.
func (f *File) Sync() error {
	if f.path == "" {
		return nil
	}
	return f.file.Sync()
}

// Close ends the output, and discards it if it is of a regular file and was not committed.
func (f *File) Close() error {
	switch {
	case f.stream || f.file == nil:
		return nil
	case f.pending != nil:
		if err := f.pending.Cleanup(); !errors.Is(err, fs.ErrNotExist) { // somebody cleaned up before
			return err
		}
		return nil
	}
	if err := f.file.Close(); err != nil {
		return fmt.Errorf("writing %s: %w", f.name, cause(err))
	}
	return nil
}

// Write writes data to path: all of it, or an error.
func Write(path string, data []byte) error {
	f, err := Create(path)
	if err != nil {
		return err
	}
	if _, err = f.Write(data); err == nil {
		err = f.Commit()
	}
	return errors.Join(err, f.Close())
}

// WriteOr writes data to path, or to stdout if path is empty or "-".
func WriteOr(stdout io.Writer, path string, data []byte) error {
	if path != "" && path != "-" {
		return Write(path, data)
	}
	_, err := stdout.Write(data)
	return err
}

// cause is err without the path of a temporary file, which means nothing to the user.
func cause(err error) error {
	var path *fs.PathError
	var link *os.LinkError
	switch {
	case errors.As(err, &path):
		return path.Err
	case errors.As(err, &link):
		return link.Err
	}
	return err
}

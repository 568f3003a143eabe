package outfile

import (
	"errors"
	"os"
	"path/filepath"
)

// replacement is a temporary file for Windows, which renameio leaves out because a rename there is
// not atomic when the machine fails. It still leaves the old file or the new one when the program
// fails. Permissions are inherited from the directory.
type replacement struct {
	*os.File
	path string
	done bool
}

func newPending(path string) (*os.File, pending, error) {
	f, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return nil, nil, err
	}
	return f, &replacement{File: f, path: path}, nil
}

func (r *replacement) CloseAtomicallyReplace() error {
	if err := errors.Join(r.Sync(), r.File.Close()); err != nil {
		return err
	}
	if err := os.Rename(r.Name(), r.path); err != nil {
		return err
	}
	r.done = true
	return nil
}

func (r *replacement) Cleanup() error {
	if r.done {
		return nil
	}
	_ = r.File.Close() // it may be closed already
	return os.Remove(r.Name())
}

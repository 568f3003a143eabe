package outfile

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// target is what a path stands for.
type target struct {
	path   string   // of a regular file, links followed
	exists bool     // there is such a file already
	direct bool     // a file that is not regular
	stream *os.File // standard output or standard error, if the path is of the file it is open on
}

// find looks up what path stands for.
func find(path string) (target, error) {
	info, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		path, err = followDangling(path)
		return target{path: path}, err
	}
	if err != nil {
		return target{}, err
	}
	if info.IsDir() {
		return target{}, errors.New("it is a directory; name a file")
	}
	for _, stream := range []*os.File{os.Stdout, os.Stderr} {
		if open, err := stream.Stat(); err == nil && os.SameFile(info, open) {
			return target{stream: stream}, nil
		}
	}
	if !info.Mode().IsRegular() {
		return target{direct: true}, nil
	}
	path, err = filepath.EvalSymlinks(path)
	return target{path: path, exists: true}, err
}

const maxLinks = 40 // in a row, as Linux has it

// followDangling gives the place where a chain of symbolic links ends at no file, in a directory
// that is free of links. A path that is no link is its own place.
func followDangling(path string) (string, error) {
	for range maxLinks {
		to, err := os.Readlink(path)
		if err != nil {
			return withRealDirectory(path)
		}
		if !filepath.IsAbs(to) {
			// The links of directories are followed before "..", and so nothing may clean the path.
			dir, _ := filepath.Split(path)
			to = dir + to
		}
		path = to
	}
	return "", errors.New("too many symbolic links")
}

func withRealDirectory(path string) (string, error) {
	dir, name := filepath.Split(path)
	if name == "" {
		return "", errors.New("the name of a file is missing")
	}
	if dir == "" {
		return path, nil
	}
	dir, err := filepath.EvalSymlinks(dir)
	return filepath.Join(dir, name), err
}

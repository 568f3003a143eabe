package checkpoint

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// readConfig reads config.json.
func readConfig(dir string) (modelConfig, error) {
	data, err := readFile(dir, configFile, maxConfigBytes)
	if err != nil {
		return modelConfig{}, err
	}
	return parseConfig(data)
}

// readObject reads a file that is one JSON object; an absent file is an empty object.
func readObject(dir, name string) (*object, error) {
	data, err := readFile(dir, name, maxConfigBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return &object{file: name}, nil
	}
	if err != nil {
		return nil, err
	}
	o := parseObject(name, data)
	return o, o.err
}

// readFile reads a file of a model, which may have at most limit bytes.
func readFile(dir, name string, limit int64) ([]byte, error) {
	f, err := openFile(dir, name)
	if err != nil {
		return nil, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, limit+1))
	if err != nil {
		return nil, &Error{File: name, Err: err}
	}
	if int64(len(data)) > limit {
		return nil, &Error{File: name, Err: fmt.Errorf("it has more than %d bytes", limit)}
	}
	if err := notContent(data); err != nil {
		return nil, &Error{File: name, Err: err}
	}
	return data, nil
}

// openFile opens a regular file of a model. The error is [fs.ErrNotExist] if there is none.
func openFile(dir, name string) (*os.File, error) {
	path := filepath.Join(dir, name)
	info, err := os.Stat(path) // first, because opening a pipe waits for its other end
	if errors.Is(err, fs.ErrNotExist) {
		if _, err := os.Lstat(path); err == nil {
			return nil, &Error{File: name, Err: errors.New("it is a link to a file that is not there; download the model again")}
		}
		return nil, &Error{File: name, Err: fs.ErrNotExist}
	}
	if err != nil {
		return nil, &Error{File: name, Err: err}
	}
	if !info.Mode().IsRegular() {
		return nil, &Error{File: name, Err: errors.New("it is not a regular file")}
	}
	f, err := os.Open(path)
	if err != nil {
		return nil, &Error{File: name, Err: err}
	}
	return f, nil
}

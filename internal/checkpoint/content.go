package checkpoint

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"unicode"
)

// notContent recognizes what a failed download leaves in place of a file, and says how to get the
// file.
func notContent(head []byte) error {
	head = head[:min(len(head), 512)]
	text := bytes.ToLower(bytes.TrimLeft(bytes.TrimPrefix(head, []byte("\ufeff")), " \t\r\n"))
	switch {
	case bytes.HasPrefix(text, []byte("version https://git-lfs.github.com/")):
		return errors.New("it is a Git LFS pointer, which stands for the file; run git lfs pull in the directory")
	case bytes.HasPrefix(text, []byte("<!doctype")), bytes.HasPrefix(text, []byte("<?xml")),
		bytes.HasPrefix(text, []byte("<")) && bytes.Contains(text, []byte("<html")):
		return errors.New("it is a web page that was saved in place of the file; download the file itself")
	}
	return nil
}

// formats are what files named .safetensors may be instead, by their first bytes.
var formats = []struct{ magic, name string }{
	{"GGUF", "GGUF, the format of llama.cpp"},
	{"PK\x03\x04", "a zip archive, as torch.save writes it"},
	{"\x80\x02", "a pickle, as torch.save writes it"},
	{"\x89HDF", "HDF5, as TensorFlow writes it"},
	{"\x1f\x8b", "compressed by gzip"},
}

// checkWeightsContent refuses a file that is evidently not in the safetensors format.
func checkWeightsContent(dir, name string) error {
	f, err := openFile(dir, name)
	if err != nil {
		return err
	}
	defer f.Close()
	head := make([]byte, 512)
	n, err := io.ReadFull(f, head)
	if err != nil && err != io.ErrUnexpectedEOF && err != io.EOF {
		return &Error{File: name, Err: err}
	}
	if err := notContent(head[:n]); err != nil {
		return &Error{File: name, Err: err}
	}
	if isText(head[:n]) {
		return &Error{File: name, Err: fmt.Errorf("it is text, not weights: it begins with %.60q; download the file itself", head[:n])}
	}
	for _, f := range formats {
		// A safetensors file begins with the length of its header, after which the header's brace
		// follows.
		if bytes.HasPrefix(head[:n], []byte(f.magic)) && (n < 9 || head[8] != '{') {
			return &Error{File: name, Err: fmt.Errorf("it is %s, not a safetensors file", f.name)}
		}
	}
	return nil
}

// isText reports whether all bytes are printable ASCII. The length at the beginning of a
// safetensors file is not.
func isText(head []byte) bool {
	return len(head) > 0 && !bytes.ContainsFunc(head, func(r rune) bool { return r > '~' || r < ' ' && !unicode.IsSpace(r) })
}

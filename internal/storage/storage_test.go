package storage

import (
	"bytes"
	"context"
	"errors"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func names(t *testing.T, f Folder) (all []string) {
	t.Helper()
	for file, err := range f.List(t.Context()) {
		if err != nil {
			t.Fatal(err)
		}
		all = append(all, file.Name)
	}
	slices.Sort(all)
	return all
}

// TestDirectory writes, finds, reads and removes files of a directory. The same on S3 is in
// test/s3.
func TestDirectory(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "a", "b")
	f, err := Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	if err := f.Make(); err != nil {
		t.Fatal(err)
	}
	if err := Put(t.Context(), f, "one", []byte("first content")); err != nil {
		t.Fatal(err)
	}
	if err := Put(t.Context(), f, "one", []byte("content")); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(filepath.Join(dir, "below"), 0o777); err != nil {
		t.Fatal(err)
	}
	info, err := f.Stat(t.Context(), "one")
	text, getErr := Get(t.Context(), f, "one")
	if err != nil || getErr != nil || info.Size != 7 || info.Modified.IsZero() || string(text) != "content" {
		t.Errorf("got %+v, %v, %q, %v", info, err, text, getErr)
	}
	if got := names(t, f); !slices.Equal(got, []string{"one"}) {
		t.Errorf("the folder lists %q", got)
	}
	r, err := f.Open(t.Context(), "one")
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	part := make([]byte, 4)
	if _, err := r.ReadAt(part, 3); err != nil || !bytes.Equal(part, []byte("tent")) || r.Size() != 7 {
		t.Errorf("read %q of %d bytes, %v", part, r.Size(), err)
	}
	if err := f.Remove(t.Context(), "one"); err != nil {
		t.Fatal(err)
	}
	for name, call := range map[string]func() error{
		"stat":   func() error { _, err := f.Stat(t.Context(), "one"); return err },
		"open":   func() error { _, err := f.Open(t.Context(), "one"); return err },
		"remove": func() error { return f.Remove(t.Context(), "one") },
	} {
		if err := call(); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s of a file that is gone: %v", name, err)
		}
	}
}

// TestUncommitted: a file that is not complete never has its name.
func TestUncommitted(t *testing.T) {
	f, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	w, err := f.Create(context.Background(), "x")
	if err != nil {
		t.Fatal(err)
	}
	if _, err := io.WriteString(w, "half"); err != nil {
		t.Fatal(err)
	}
	if _, err := f.Stat(t.Context(), "x"); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("it is there before it is complete: %v", err)
	}
	if err := w.Close(); err != nil {
		t.Error(err)
	}
	if got := names(t, f); got != nil {
		t.Errorf("it leaves %q", got)
	}
}

func TestNames(t *testing.T) {
	for _, tt := range []struct{ file, folder, name string }{
		{"s3://b/p/q/x.jsonl", "s3://b/p/q/", "x.jsonl"},
		{"s3://b/x.jsonl", "s3://b/", "x.jsonl"},
		{"/tmp/x.jsonl", "/tmp", "x.jsonl"},
	} {
		f, name, err := Locate(tt.file)
		if err != nil || f.String() != tt.folder || name != tt.name || Join(f, name) != tt.file {
			t.Errorf("%s: got %v and %q, %v", tt.file, f, name, err)
		}
	}
	for _, wrong := range []string{"", "gs://bucket/x", "s3://", "s3:///x"} {
		if f, err := Open(wrong); err == nil {
			t.Errorf("%q opens %v", wrong, f)
		}
	}
	for _, folder := range []string{"s3://b/p/", "/tmp/"} {
		if _, _, err := Locate(folder); err == nil {
			t.Errorf("%s is taken for a file", folder)
		}
	}
	t.Setenv("AWS_ENDPOINT_URL", "storage.example")
	if _, err := Open("s3://b/p"); err == nil {
		t.Error("an endpoint without a scheme is accepted")
	}
}

// TestClean removes what a killed writer left of the names that are not wanted, and nothing else.
func TestClean(t *testing.T) {
	f, err := Open(t.TempDir())
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a.jsonl", "b.jsonl"} {
		if _, err := f.Create(t.Context(), name); err != nil { // never ended, as by a killed process
			t.Fatal(err)
		}
		if err := Put(t.Context(), f, name, []byte("whole")); err != nil {
			t.Fatal(err)
		}
	}
	if err := Put(t.Context(), f, ".hidden", []byte("not of a writer")); err != nil {
		t.Fatal(err)
	}
	n, err := f.Clean(t.Context(), func(name string) bool { return name == "a.jsonl" })
	left := 0
	for _, name := range names(t, f) {
		if strings.HasPrefix(name, ".b.jsonl") {
			left++
		} else if name != "a.jsonl" && name != "b.jsonl" && name != ".hidden" {
			t.Errorf("%s is left", name)
		}
	}
	if err != nil || n != 1 || left != 1 || len(names(t, f)) != 4 {
		t.Errorf("%d removed, %v; %q are left", n, err, names(t, f))
	}
}

package outfile

import (
	"bytes"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func write(t *testing.T, path, text string, perm fs.FileMode) {
	t.Helper()
	if err := os.WriteFile(path, []byte(text), perm); err != nil {
		t.Fatal(err)
	}
	if err := os.Chmod(path, perm); err != nil { // whatever the umask
		t.Fatal(err)
	}
}

func read(t *testing.T, path string) string {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return string(b)
}

// names lists a directory, hidden files too.
func names(t *testing.T, dir string) []string {
	t.Helper()
	entries, err := os.ReadDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	var all []string
	for _, e := range entries {
		all = append(all, e.Name())
	}
	return all
}

func permissions(t *testing.T, path string) fs.FileMode {
	t.Helper()
	info, err := os.Stat(path)
	if err != nil {
		t.Fatal(err)
	}
	return info.Mode().Perm()
}

func TestRegularFiles(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "report.md")
	if err := Write(path, []byte("first")); err != nil {
		t.Fatal(err)
	}
	plain, err := os.Create(filepath.Join(dir, "by the system"))
	if err != nil {
		t.Fatal(err)
	}
	if err := plain.Close(); err != nil {
		t.Fatal(err)
	}
	if got, want := permissions(t, path), permissions(t, plain.Name()); got != want {
		t.Errorf("a new file has the permissions %v, want %v: 0666 less the umask", got, want)
	}
	for _, perm := range []fs.FileMode{0o600, 0o640, 0o755} {
		if err := os.Chmod(path, perm); err != nil {
			t.Fatal(err)
		}
		want := permissions(t, path) // Windows keeps no more of them than read-only
		if err := Write(path, []byte("next")); err != nil {
			t.Fatal(err)
		}
		if got := permissions(t, path); got != want || read(t, path) != "next" {
			t.Errorf("a file of %v has the permissions %v and the content %q after it is replaced", want, got, read(t, path))
		}
	}
	if got := names(t, dir); !slices.Equal(got, []string{"by the system", "report.md"}) {
		t.Errorf("the directory holds %q: something is left beside the files", got)
	}
}

// Every way to lead to a file by links ends in that file with the new text, and the links stay.
func TestLinksAreFollowed(t *testing.T) {
	for _, c := range []struct {
		what   string
		exists bool              // the target is there before
		links  map[string]string // name → what it says
		target string
	}{
		{"beside the target", true, map[string]string{"out": "target"}, "target"},
		{"into another directory", true, map[string]string{"out": "sub/target"}, "sub/target"},
		{"a chain", true, map[string]string{"out": "second", "second": "sub/third", "sub/third": "../target"}, "target"},
		{"to nothing yet", false, map[string]string{"out": "target"}, "target"},
		{"a chain to nothing yet", false, map[string]string{"out": "sub/second", "sub/second": "target"}, "sub/target"},
		{"up from a linked directory, to nothing yet", false, map[string]string{"deep": "sub/below", "out": "deep/../target"}, "sub/target"},
	} {
		t.Run(c.what, func(t *testing.T) {
			dir := t.TempDir()
			if err := os.MkdirAll(filepath.Join(dir, "sub", "below"), 0o777); err != nil {
				t.Fatal(err)
			}
			target := filepath.Join(dir, filepath.FromSlash(c.target))
			if c.exists {
				write(t, target, "old", 0o640)
			}
			for name, to := range c.links {
				if err := os.Symlink(filepath.FromSlash(to), filepath.Join(dir, filepath.FromSlash(name))); err != nil {
					t.Skip(err) // not everybody may make links on Windows
				}
			}
			if err := Write(filepath.Join(dir, "out"), []byte("new")); err != nil {
				t.Fatal(err)
			}
			if got := read(t, target); got != "new" {
				t.Errorf("the target holds %q", got)
			}
			if info, err := os.Lstat(target); err != nil || !info.Mode().IsRegular() || c.exists && info.Mode().Perm()&0o077 != 0o040 {
				t.Errorf("the target is %v, %v, want a regular file with its permissions", info.Mode(), err)
			}
			for name, to := range c.links {
				if got, err := os.Readlink(filepath.Join(dir, filepath.FromSlash(name))); got != filepath.FromSlash(to) {
					t.Errorf("the link %s says %q, %v, want %q", name, got, err, to)
				}
			}
		})
	}
}

// Whatever fails on the way, the old file keeps its text, and nothing lies beside it.
func TestFailureLeavesTheOldFile(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "report.md")
	write(t, path, "old", 0o644)
	f, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.Write([]byte("half of the new te")); err != nil {
		t.Fatal(err)
	}
	if got := read(t, path); got != "old" {
		t.Errorf("before it is committed, the file holds %q", got)
	}
	if err := f.Close(); err != nil {
		t.Error(err)
	}
	if got := read(t, path); got != "old" {
		t.Errorf("closed without a commit, the file holds %q", got)
	}
	if got := names(t, dir); !slices.Equal(got, []string{"report.md"}) {
		t.Errorf("the directory holds %q", got)
	}
}

func TestAppendAfterCommit(t *testing.T) {
	path := filepath.Join(t.TempDir(), "results.jsonl")
	f, err := Create(path)
	if err != nil {
		t.Fatal(err)
	}
	step := func(want string, do func() error) {
		t.Helper()
		if err := do(); err != nil {
			t.Fatal(err)
		}
		if got, _ := os.ReadFile(path); string(got) != want {
			t.Errorf("the file holds %q, want %q", got, want)
		}
	}
	step("", func() error { _, err := f.Write([]byte("one\n")); return err })
	step("one\n", f.Commit)
	step("one\ntwo\n", func() error { _, err := f.Write([]byte("two\n")); return err })
	step("one\ntwo\n", f.Commit) // a second one changes nothing
	step("one\ntwo\n", f.Sync)
	step("one\ntwo\n", f.Close)
}

func TestRefusals(t *testing.T) {
	dir := t.TempDir()
	loop := filepath.Join(dir, "loop")
	if err := os.Symlink("loop", loop); err != nil {
		loop = ""
	}
	for _, c := range []struct{ what, path, want string }{
		{"a directory", dir, "writing " + dir + ": it is a directory"},
		{"a directory that is missing", filepath.Join(dir, "no", "report.md"), filepath.Join("no", "report.md") + ": "},
		{"a link to itself", loop, "too many"},
		{"no name", "", "the name of a file is missing"},
		{"a name that ends in a slash", filepath.Join(dir, "none") + string(filepath.Separator), "the name of a file is missing"},
	} {
		if c.what == "a link to itself" && loop == "" {
			continue
		}
		err := Write(c.path, []byte("text"))
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error with %q", c.what, err, c.want)
		}
		if err != nil && strings.Contains(err.Error(), ".report.md") {
			t.Errorf("%s: %v names a temporary file", c.what, err)
		}
	}
}

func TestWriteOr(t *testing.T) {
	t.Chdir(t.TempDir())
	for _, path := range []string{"", "-"} {
		var stdout bytes.Buffer
		if err := WriteOr(&stdout, path, []byte("text")); err != nil || stdout.String() != "text" {
			t.Errorf("to %q: %q, %v", path, &stdout, err)
		}
	}
	var stdout bytes.Buffer
	if err := WriteOr(&stdout, "file", []byte("text")); err != nil || stdout.Len() > 0 || read(t, "file") != "text" {
		t.Errorf("to a file: %q on standard output, %v", &stdout, err)
	}
	if got := names(t, "."); !slices.Equal(got, []string{"file"}) {
		t.Errorf("the directory holds %q", got)
	}
}

package dynlib

import (
	"errors"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
)

func TestUnavailableSaysWhichBuildHasIt(t *testing.T) {
	if Available {
		t.Skip("this build opens libraries")
	}
	_, err := Open("libc.so.6")
	_, _, found := Find("CROSSRANK_TEST_LIB", []string{"libc.so.6"})
	for _, err := range []error{err, found} {
		if !errors.Is(err, ErrUnavailable) || !strings.Contains(err.Error(), "-tags gpu") {
			t.Errorf("got %v, want an error that names the build tag", err)
		}
	}
}

// TestPlaces: the variable alone counts where it is set, be it a file or a directory.
func TestPlaces(t *testing.T) {
	dir := t.TempDir()
	names := []string{"libfirst.so", "libsecond.so"}
	if got, want := places(dir, names), within(dir, names); !slices.Equal(got, want) {
		t.Errorf("a directory: got %v, want %v", got, want)
	}
	file := filepath.Join(dir, "mine.so")
	if got, want := places(file, names), []string{file}; !slices.Equal(got, want) {
		t.Errorf("a file: got %v, want %v", got, want)
	}
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	got := places("", names)
	if len(got) < 4 || filepath.Base(filepath.Dir(got[0])) != filepath.Base(filepath.Dir(program)) || got[2] != names[0] {
		t.Errorf("not set: got %v, want the program's directory, then the names alone", got)
	}
}

func TestNotFoundErrorSaysWhatToDo(t *testing.T) {
	err := &NotFoundError{Env: "CROSSRANK_TEST_LIB", Names: []string{"liba.so"}, Tried: []Tried{
		{"/bin/liba.so", os.ErrNotExist}, {"liba.so", errors.New("wrong ELF class")},
	}}
	want := "no library liba.so was found; set CROSSRANK_TEST_LIB to its path; liba.so: wrong ELF class (tried /bin/liba.so, liba.so)"
	if err.Error() != want {
		t.Errorf("got  %s\nwant %s", err, want)
	}
	err.Set = "/x"
	if got := err.Error(); !strings.HasPrefix(got, "no library could be opened at CROSSRANK_TEST_LIB=/x; /bin/liba.so: ") {
		t.Errorf("got %s", got)
	}
}

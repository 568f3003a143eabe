//go:build unix

package outfile

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"os/signal"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"
)

// childVar has the test program write to the path that it holds, and end.
const childVar = "OUTFILE_TEST_CHILD"

// limitVar bounds the size of the child's files in bytes.
const limitVar = "OUTFILE_TEST_LIMIT"

func TestMain(m *testing.M) {
	path := os.Getenv(childVar)
	if path == "" {
		os.Exit(m.Run())
	}
	var limit uint64
	if _, err := fmt.Sscan(os.Getenv(limitVar), &limit); err == nil {
		signal.Ignore(syscall.SIGXFSZ)
		if err := syscall.Setrlimit(syscall.RLIMIT_FSIZE, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
			panic(err)
		}
	}
	fmt.Print("before\n")
	if err := Write(path, []byte("text\n")); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	fmt.Print("after\n")
	os.Exit(0)
}

func child(t *testing.T, path string, more ...string) *exec.Cmd {
	t.Helper()
	program, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.Command(program)
	cmd.Env = append(append(os.Environ(), childVar+"="+path), more...)
	return cmd
}

func TestNamedPipe(t *testing.T) {
	dir := t.TempDir()
	pipe, link := filepath.Join(dir, "pipe"), filepath.Join(dir, "link")
	if err := errors.Join(syscall.Mkfifo(pipe, 0o600), os.Symlink("pipe", link)); err != nil {
		t.Skip(err)
	}
	for _, path := range []string{pipe, link} {
		heard := make(chan string)
		go func() {
			b, err := os.ReadFile(pipe)
			heard <- fmt.Sprint(string(b), err)
		}()
		if err := Write(path, []byte("text")); err != nil {
			t.Fatal(err)
		}
		if got := <-heard; got != "text<nil>" {
			t.Errorf("%s: the reader got %q", filepath.Base(path), got)
		}
		if info, err := os.Lstat(pipe); err != nil || info.Mode().Type() != os.ModeNamedPipe {
			t.Errorf("%s: the pipe became %v, %v", filepath.Base(path), info.Mode(), err)
		}
	}
	if got := names(t, dir); !slices.Equal(got, []string{"link", "pipe"}) {
		t.Errorf("the directory holds %q", got)
	}
}

// What is written to /dev/stdout comes between what the program prints before and after, whatever
// standard output is.
func TestStandardOutputByItsName(t *testing.T) {
	if _, err := os.Stat("/dev/stdout"); err != nil {
		t.Skip(err)
	}
	const want = "before\ntext\nafter\n"
	if got, err := child(t, "/dev/stdout").Output(); err != nil || string(got) != want {
		t.Errorf("a pipe: %q, %v", got, err)
	}

	// As by a shell's >>: what was there stays.
	file := filepath.Join(t.TempDir(), "log")
	write(t, file, "old\n", 0o644)
	f, err := os.OpenFile(file, os.O_WRONLY|os.O_APPEND, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	cmd := child(t, "/dev/stdout")
	cmd.Stdout = f
	if err := cmd.Run(); err != nil || read(t, file) != "old\n"+want {
		t.Errorf("a file: %q, %v", read(t, file), err)
	}

	cmd = child(t, "/dev/stderr")
	var stderr strings.Builder
	cmd.Stderr = &stderr
	if got, err := cmd.Output(); err != nil || string(got) != "before\nafter\n" || stderr.String() != "text\n" {
		t.Errorf("standard error: %q and %q, %v", got, &stderr, err)
	}
}

// A disk that is full in the middle of the text leaves the old file.
func TestFullDisk(t *testing.T) {
	dir := t.TempDir()
	path := filepath.Join(dir, "report.md")
	write(t, path, "old", 0o644)
	out, err := child(t, path, limitVar+"=3").CombinedOutput()
	if err == nil || !strings.Contains(string(out), "writing "+path+": file too large") {
		t.Errorf("the child printed %q and ended with %v", out, err)
	}
	if got := read(t, path); got != "old" {
		t.Errorf("the file holds %q", got)
	}
	if got := names(t, dir); !slices.Equal(got, []string{"report.md"}) {
		t.Errorf("the directory holds %q", got)
	}
}

// A file that this process may not write is not replaced either, though the directory would allow
// it.
func TestReadOnlyFile(t *testing.T) {
	if os.Geteuid() == 0 {
		t.Skip("the superuser may write every file")
	}
	path := filepath.Join(t.TempDir(), "report.md")
	write(t, path, "old", 0o444)
	if err := Write(path, []byte("new")); !errors.Is(err, os.ErrPermission) || read(t, path) != "old" {
		t.Errorf("%v, and the file holds %q", err, read(t, path))
	}
}

//go:build linux && gpu

package dynlib

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"unsafe"
)

func libc(t *testing.T) *Library {
	t.Helper()
	l, err := Open("libc.so.6")
	if err != nil {
		t.Fatal(err)
	}
	return l
}

func symbolOf(t *testing.T, l *Library, name string) uintptr {
	t.Helper()
	address, err := l.Symbol(name)
	if err != nil {
		t.Fatal(err)
	}
	return address
}

func TestCall(t *testing.T) {
	text := []byte("crossrank\x00")
	if got := Call(symbolOf(t, libc(t), "strlen"), uintptr(unsafe.Pointer(&text[0]))); got != 9 {
		t.Errorf("strlen: got %d, want 9", got)
	}
}

func TestBind(t *testing.T) {
	l, err := Open("libm.so.6")
	if err != nil {
		t.Fatal(err)
	}
	var ldexp func(float64, int32) float64
	Bind(&ldexp, symbolOf(t, l, "ldexp"))
	if got := ldexp(1.5, 4); got != 24 {
		t.Errorf("ldexp(1.5, 4): got %g, want 24", got)
	}
}

func TestCallback(t *testing.T) {
	values := []int32{3, 1, 2}
	compare := Callback(func(a, b *int32) int32 { return *a - *b })
	Call(symbolOf(t, libc(t), "qsort"), uintptr(unsafe.Pointer(&values[0])), 3, 4, compare)
	if values[0] != 1 || values[1] != 2 || values[2] != 3 {
		t.Errorf("qsort with a Go comparison: got %v", values)
	}
}

func TestSymbolIsMissing(t *testing.T) {
	_, err := libc(t).Symbol("no_such_function")
	if err == nil || err.Error() != "libc.so.6 has no function no_such_function" {
		t.Errorf("got %v", err)
	}
}

// TestFind: a library that the variable names is opened, and nothing else in its stead.
func TestFind(t *testing.T) {
	const env = "CROSSRANK_TEST_LIB"
	if l, _, err := Find(env, []string{"libno-such.so", "libc.so.6"}); err != nil || l.Path != "libc.so.6" {
		t.Errorf("by the loader: got %v, %v", l, err)
	}
	broken := filepath.Join(t.TempDir(), "broken.so")
	if err := os.WriteFile(broken, []byte("no library"), 0o600); err != nil {
		t.Fatal(err)
	}
	for path, want := range map[string]string{
		broken:              "broken.so: ",
		broken + ".missing": "no such file",
	} {
		t.Setenv(env, path)
		_, tried, err := Find(env, []string{"libc.so.6"})
		if err == nil || !strings.Contains(err.Error(), want) || len(tried) != 1 || tried[0].Path != path {
			t.Errorf("%s: got %v, tried %v", path, err, tried)
		}
	}
}

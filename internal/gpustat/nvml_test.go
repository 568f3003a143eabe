//go:build linux && gpu

package gpustat

import (
	"os/exec"
	"path/filepath"
	"testing"
)

// compile makes the library of a file in testdata.
func compile(t *testing.T, flags ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "libnvidia-ml.so.1")
	args := append(flags, "-shared", "-fPIC", "-o", path, filepath.Join("testdata", "nvml.c"))
	compiler, err := exec.LookPath("gcc")
	if err != nil {
		t.Skip("no gcc, which compiles the library")
	}
	if out, err := exec.Command(compiler, args...).CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	return path
}

func TestNVML(t *testing.T) {
	s := openNVMLAt(compile(t))
	if s == nil {
		t.Fatal("the library was not opened")
	}
	for range 2 { // figures are read again each time
		got := s.read()
		if len(got) != 2 {
			t.Fatalf("got %d GPUs, want 2", len(got))
		}
		check(t, got[0], "NVIDIA Whole", new(int64(6<<30)), new(int64(16<<30)), new(73.0))
		check(t, got[1], "NVIDIA Half", new(int64(6<<30)), new(int64(16<<30)), nil)
	}
}

// TestNVMLIsIncomplete: a library without a driver, or without a function, is none.
func TestNVMLIsIncomplete(t *testing.T) {
	for name, path := range map[string]string{
		"an old library": compile(t, "-DnvmlDeviceGetUtilizationRates=nvmlOld"),
		"no library":     filepath.Join(t.TempDir(), "libnvidia-ml.so.1"),
		"no name":        "",
	} {
		if s := openNVMLAt(path); s != nil {
			t.Errorf("%s: got GPUs %v", name, s.read())
		}
	}
}

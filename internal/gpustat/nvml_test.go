//go:build linux && gpu

package gpustat

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/crossrank/crossrank/internal/state"
)

// compile makes the library of a file in testdata.
func compile(t *testing.T, source string, flags ...string) string {
	t.Helper()
	path := filepath.Join(t.TempDir(), "library.so")
	args := append(flags, "-shared", "-fPIC", "-o", path, filepath.Join("testdata", source))
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
	s := openNVMLAt(compile(t, "nvml.c"))
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
		for i, address := range []string{"0001:65:00.0", "0001:66:00.0"} {
			if g := got[i]; g.PCI != address || g.Vendor != 0x10de || g.Model != 0x2335 {
				t.Errorf("got %+v, want a GPU at %s", g, address)
			}
		}
	}
}

// TestNVMLWithoutAddresses: an old driver does not say where GPUs are.
func TestNVMLWithoutAddresses(t *testing.T) {
	s := openNVMLAt(compile(t, "nvml.c", "-DnvmlDeviceGetPciInfo_v3=nvmlOld"))
	if s == nil {
		t.Fatal("the library was not opened")
	}
	if got := s.read(); len(got) != 2 || got[0].Name != "NVIDIA Whole" || got[0].PCI != "" || got[0].Vendor != 0 {
		t.Errorf("got %+v", got)
	}
}

func TestCUDADevice(t *testing.T) {
	if got := cudaDeviceAt(compile(t, "cuda.c")); got != (state.GPUIdentity{PCI: "0001:66:00.0"}) {
		t.Errorf("got %+v", got)
	}
	for name, path := range map[string]string{
		"no device":        compile(t, "cuda.c", "-DcuInit=cuInit(unsigned int x) { return 100; } static int other"),
		"no such function": compile(t, "cuda.c", "-DcuDeviceGetPCIBusId=cuOld"),
		"no library":       filepath.Join(t.TempDir(), "libcuda.so.1"),
		"no name":          "",
	} {
		if got := cudaDeviceAt(path); got != (state.GPUIdentity{}) {
			t.Errorf("%s: got %+v", name, got)
		}
	}
}

// TestNVMLIsIncomplete: a library without a driver, or without a function, is none.
func TestNVMLIsIncomplete(t *testing.T) {
	for name, path := range map[string]string{
		"an old library": compile(t, "nvml.c", "-DnvmlDeviceGetUtilizationRates=nvmlOld"),
		"no library":     filepath.Join(t.TempDir(), "libnvidia-ml.so.1"),
		"no name":        "",
	} {
		if s := openNVMLAt(path); s != nil {
			t.Errorf("%s: got GPUs %v", name, s.read())
		}
	}
}

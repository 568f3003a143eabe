package gpustat

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/crossrank/crossrank/internal/state"
)

func check(t *testing.T, got state.GPU, name string, used, total *int64, busy *float64) {
	t.Helper()
	if got.Name != name || !same(got.UsedBytes, used) || !same(got.TotalBytes, total) || !same(got.BusyPct, busy) {
		t.Errorf("got %+v; want %s with %v of %v bytes used, busy %v", got, name, text(used), text(total), text(busy))
	}
}

func same[T comparable](a, b *T) bool {
	return a == nil && b == nil || a != nil && b != nil && *a == *b
}

func text[T any](v *T) any {
	if v == nil {
		return "n/a"
	}
	return *v
}

// TestOpen reads whatever this machine has: a figure is in its range or absent.
func TestOpen(t *testing.T) {
	for _, g := range Open().Read() {
		if g.Name == "" || g.BusyPct != nil && (*g.BusyPct < 0 || *g.BusyPct > 100) || g.UsedBytes != nil && *g.UsedBytes < 0 {
			t.Errorf("got %+v", g)
		}
	}
}

func TestAMD(t *testing.T) {
	root := t.TempDir()
	for name, content := range map[string]string{
		"card0/device/mem_info_vram_total":      "17163091968\n",
		"card0/device/mem_info_vram_used":       "1048576\n",
		"card0/device/gpu_busy_percent":         "42\n",
		"card0/device/product_name":             "Radeon RX 7900\n",
		"card0/device/uevent":                   "DRIVER=amdgpu\nPCI_CLASS=30000\nPCI_ID=1002:744C\nPCI_SLOT_NAME=0000:03:00.0\n",
		"card1/device/mem_info_vram_total":      "536870912\n",
		"card1/device/mem_info_vram_used":       "no number\n",
		"card2/device/vendor":                   "0x8086\n", // of another maker
		"card0-HDMI-A-1/device/vendor":          "0x1002\n",
		"renderD128/device/mem_info_vram_total": "17163091968\n", // card0 again
	} {
		path := filepath.Join(root, name)
		if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o777), os.WriteFile(path, []byte(content), 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	s := openAMDAt(root)
	if s == nil {
		t.Fatal("no GPU was found")
	}
	got := s.read()
	if len(got) != 2 {
		t.Fatalf("got %d GPUs, want 2: %+v", len(got), got)
	}
	check(t, got[0], "Radeon RX 7900", new(int64(1<<20)), new(int64(17163091968)), new(42.0))
	check(t, got[1], "AMD card1", nil, new(int64(536870912)), nil)
	if g := got[0]; g.PCI != "0000:03:00.0" || g.Vendor != 0x1002 || g.Model != 0x744c || got[1].PCI != "" {
		t.Errorf("got %+v and %+v, want the address and the kind of the first one", g, got[1])
	}
	if s := openAMDAt(t.TempDir()); s != nil {
		t.Errorf("without files: got %v", s.read())
	}
}

const accelerators = `+-o AGXAcceleratorG14G  <class AGXAcceleratorG14G, id 0x1000003f2, registered, matched, active, busy 0 (0 ms), retain 57>
    {
      "model" = "Apple M2"
      "PerformanceStatistics" = {"In use system memory (driver)"=0,"Alloc system memory"=4391010304,"Tiler Utilization %"=3,"Renderer Utilization %"=10,"Device Utilization %"=12,"In use system memory"=742817792}
    }

+-o AMDRadeonX6000_AMDNavi21GraphicsAccelerator  <class x, id 0x1>
    {
      "PerformanceStatistics" = {"Accelerator Idle"=0}
    }

+-o Something  <class y, id 0x2>
    {
      "IOClass" = "y"
    }
`

func TestApple(t *testing.T) {
	calls := 0
	a := &apple{list: func() (string, error) { calls++; return accelerators, nil }}
	a.read()
	got := a.read()
	if len(got) != 2 || calls != 1 {
		t.Fatalf("got %d GPUs by %d calls, want 2 by 1: %+v", len(got), calls, got)
	}
	check(t, got[0], "Apple M2", new(int64(742817792)), nil, new(12.0))
	check(t, got[1], "Apple GPU", nil, nil, nil)
	failing := &apple{list: func() (string, error) { return "", errors.New("no ioreg") }}
	if got := failing.read(); got != nil {
		t.Errorf("without ioreg: got %+v", got)
	}
}

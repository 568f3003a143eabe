package gpustat

import (
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strconv"
	"strings"

	"github.com/crossrank/crossrank/internal/state"
)

// amd is GPUs whose driver has the files of amdgpu, each with a directory.
type amd struct{ directories []string }

// openAMD finds them; nil: there are none.
func openAMD() source {
	if runtime.GOOS != "linux" {
		return nil
	}
	return openAMDAt("/sys/class/drm")
}

func openAMDAt(root string) source {
	found, err := filepath.Glob(filepath.Join(root, "card[0-9]*", "device", "mem_info_vram_total"))
	if err != nil || len(found) == 0 {
		return nil
	}
	slices.Sort(found)
	var a amd
	for _, file := range found {
		a.directories = append(a.directories, filepath.Dir(file))
	}
	return a
}

func (a amd) read() []state.GPU {
	var all []state.GPU
	for _, dir := range a.directories {
		g := state.GPU{UsedBytes: readNumber(dir, "mem_info_vram_used"), TotalBytes: readNumber(dir, "mem_info_vram_total")}
		g.PCI, g.Vendor, g.Model = parseEvent(readText(dir, "uevent"))
		if g.Name = readText(dir, "product_name"); g.Name == "" {
			g.Name = "AMD " + filepath.Base(filepath.Dir(dir))
		}
		if busy := readNumber(dir, "gpu_busy_percent"); busy != nil {
			g.BusyPct = new(float64(*busy))
		}
		all = append(all, g)
	}
	return all
}

func readText(dir, name string) string {
	text, err := os.ReadFile(filepath.Join(dir, name))
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(text))
}

// readNumber is the number of a file; nil if there is none.
func readNumber(dir, name string) *int64 {
	n, err := strconv.ParseInt(readText(dir, name), 10, 64)
	if err != nil || n < 0 {
		return nil
	}
	return &n
}

// Package machine describes the machine that a measurement is made on: processor, cores, caches,
// system and Go version.
//
// What the system does not report is left empty, never guessed.
package machine

import (
	"io/fs"
	"path"
	"runtime"
	"strings"

	"github.com/crossrank/crossrank/internal/topology"
)

// Machine describes this computer as this process sees it.
type Machine struct {
	CPU    string `json:"cpu"`              // the processor's name
	Cores  int    `json:"cores"`            // logical processors that this process may use
	Caches string `json:"caches,omitempty"` // of the first processor: "L1d 32K, L1i 32K, L2 512K, L3 32768K"
	OS     string `json:"os"`               // name and version of the system, and its kernel
	Arch   string `json:"arch"`
	Go     string `json:"go"`
}

// Here describes the machine that the program runs on.
func Here() Machine {
	m := Machine{Cores: topology.Here().Processors, OS: runtime.GOOS, Arch: runtime.GOARCH, Go: runtime.Version()}
	m.ask()
	return m
}

// readLinux fills in what Linux reports in its files.
func (m *Machine) readLinux(root fs.FS) {
	m.CPU = cpuName(text(root, "proc/cpuinfo"))
	m.Caches = caches(root, "sys/devices/system/cpu/cpu0/cache")
	m.OS = "Linux"
	for line := range strings.Lines(text(root, "etc/os-release")) {
		if name, ok := strings.CutPrefix(strings.TrimSpace(line), "PRETTY_NAME="); ok {
			m.OS = strings.Trim(name, `"'`)
		}
	}
	if kernel := text(root, "proc/sys/kernel/osrelease"); kernel != "" {
		m.OS += ", Linux " + kernel
	}
}

// cpuName finds the processor's name in the text of /proc/cpuinfo. Arm kernels give no name, only
// numbers.
func cpuName(info string) string {
	field := map[string]string{}
	for line := range strings.Lines(info) {
		key, value, _ := strings.Cut(line, ":")
		key = strings.TrimSpace(key)
		if _, seen := field[key]; !seen {
			field[key] = strings.TrimSpace(value)
		}
	}
	if name := field["model name"]; name != "" {
		return name
	}
	if part := field["CPU part"]; part != "" {
		return "implementer " + field["CPU implementer"] + " part " + part
	}
	return field["Hardware"]
}

// caches lists a processor's caches in the order of its levels.
func caches(root fs.FS, dir string) string {
	indexes, err := fs.ReadDir(root, dir) // sorted by name, and so by level
	if err != nil {
		return ""
	}
	kinds := map[string]string{"Data": "d", "Instruction": "i", "Unified": ""}
	var parts []string
	for _, index := range indexes {
		at := path.Join(dir, index.Name())
		level, size := text(root, path.Join(at, "level")), text(root, path.Join(at, "size"))
		if level == "" || size == "" {
			continue
		}
		parts = append(parts, "L"+level+kinds[text(root, path.Join(at, "type"))]+" "+size)
	}
	return strings.Join(parts, ", ")
}

// text is a file's content without the white space around it, or nothing.
func text(root fs.FS, name string) string {
	b, err := fs.ReadFile(root, name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

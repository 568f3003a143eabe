package machine

import (
	"os"
	"runtime"
	"testing"
	"testing/fstest"
)

func TestLinuxFiles(t *testing.T) {
	file := func(s string) *fstest.MapFile { return &fstest.MapFile{Data: []byte(s)} }
	const cache = "sys/devices/system/cpu/cpu0/cache/"
	for _, test := range []struct {
		name             string
		files            fstest.MapFS
		cpu, caches, sys string
	}{
		{"a server", fstest.MapFS{
			"proc/cpuinfo":              file("processor\t: 0\nmodel name\t: EPYC 7\nflags\t: avx2\n\nprocessor\t: 1\nmodel name\t: other\n"),
			"etc/os-release":            file("NAME=Debian\nPRETTY_NAME=\"Debian GNU/Linux 13\"\n"),
			"proc/sys/kernel/osrelease": file("6.12.1\n"),
			cache + "index0/level":      file("1\n"), cache + "index0/type": file("Data\n"), cache + "index0/size": file("32K\n"),
			cache + "index1/level": file("1\n"), cache + "index1/type": file("Instruction\n"), cache + "index1/size": file("64K\n"),
			cache + "index3/level": file("3\n"), cache + "index3/type": file("Unified\n"), cache + "index3/size": file("32768K\n"),
			cache + "uevent": file(""),
		}, "EPYC 7", "L1d 32K, L1i 64K, L3 32768K", "Debian GNU/Linux 13, Linux 6.12.1"},
		{"an arm board", fstest.MapFS{
			"proc/cpuinfo": file("processor\t: 0\nCPU implementer\t: 0x41\nCPU part\t: 0xd0c\n"),
		}, "implementer 0x41 part 0xd0c", "", "Linux"},
		{"nothing readable", fstest.MapFS{}, "", "", "Linux"},
	} {
		t.Run(test.name, func(t *testing.T) {
			var m Machine
			m.readLinux(test.files)
			if m.CPU != test.cpu || m.Caches != test.caches || m.OS != test.sys {
				t.Errorf("got %+v, want cpu %q, caches %q, system %q", m, test.cpu, test.caches, test.sys)
			}
		})
	}
}

func TestHere(t *testing.T) {
	m := Here()
	if m.Cores < 1 || m.OS == "" || m.Arch != runtime.GOARCH || m.Go != runtime.Version() {
		t.Errorf("incomplete: %+v", m)
	}
	if _, err := os.Stat("/proc/cpuinfo"); err == nil && runtime.GOARCH == "amd64" && m.CPU == "" {
		t.Error("the processor's name was not read")
	}
	t.Logf("%+v", m)
}

// A field that the kernel leaves out, or a cache that it does not size, is passed over.
func TestOddFiles(t *testing.T) {
	for _, c := range []struct{ what, info, want string }{
		{"the first of several processors", "model name : A\n\nmodel name : B\n", "A"},
		{"an old board", "Processor : x\nHardware : BCM2835\n", "BCM2835"},
		{"a line without a colon", "nonsense\nmodel name:C\n", "C"},
		{"a colon in the name", "model name : A: B\n", "A: B"},
		{"nothing", "", ""},
	} {
		if got := cpuName(c.info); got != c.want {
			t.Errorf("%s: got %q, want %q", c.what, got, c.want)
		}
	}
	const dir = "cache"
	files := fstest.MapFS{
		dir + "/index0/level": {Data: []byte("1")}, dir + "/index0/size": {Data: []byte("32K")}, dir + "/index0/type": {Data: []byte("Odd")},
		dir + "/index1/level": {Data: []byte("2")}, // without a size
	}
	if got := caches(files, dir); got != "L1 32K" {
		t.Errorf("the caches are %q", got)
	}
}

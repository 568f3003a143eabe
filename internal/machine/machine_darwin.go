package machine

import "syscall"

func (m *Machine) ask() {
	m.CPU, _ = syscall.Sysctl("machdep.cpu.brand_string")
	if version, err := syscall.Sysctl("kern.osproductversion"); err == nil {
		m.OS = "macOS " + version
	}
}

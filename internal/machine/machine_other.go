//go:build !linux && !darwin

package machine

func (m *Machine) ask() {}

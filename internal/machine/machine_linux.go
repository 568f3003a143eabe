package machine

import "os"

func (m *Machine) ask() { m.readLinux(os.DirFS("/")) }

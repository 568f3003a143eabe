//go:build !unix

package load

import "time"

// processCPU is not known where the system is not asked.
func processCPU() (_ time.Duration, ok bool) { return 0, false }

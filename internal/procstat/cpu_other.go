//go:build !unix

package procstat

import "time"

func processCPU() *time.Duration { return nil }

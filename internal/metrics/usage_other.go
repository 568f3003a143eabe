//go:build !linux && !darwin

package metrics

import "time"

func processCPU() *time.Duration { return nil }

//go:build !linux

package procstat

import "time"

func resident(int) *int64       { return nil }
func openFiles() *int           { return nil }
func stolen() *time.Duration    { return nil }
func throttled() *time.Duration { return nil }

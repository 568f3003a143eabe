// Package procstat asks the operating system what a process uses, and what the machine keeps from
// it.
//
// Every function returns nil where the system does not report the figure, so that callers do not
// take "not known" for 0. Memory, open files, stolen and throttled time come from Linux's /proc and
// control groups; CPU time from getrusage on all Unixes.
package procstat

import (
	"os"
	"time"
)

// CPU is the time that all threads of this process have spent on cores, in the program and in the
// kernel on its behalf.
func CPU() *time.Duration { return processCPU() }

// Resident is the resident memory of a process in bytes.
func Resident(pid int) *int64 { return resident(pid) }

// OwnResident is the resident memory of this process in bytes.
func OwnResident() *int64 { return resident(os.Getpid()) }

// OpenFiles is how many descriptors this process has open.
func OpenFiles() *int { return openFiles() }

// Stolen is the time of this machine's cores that a hypervisor gave to others while the machine
// wanted to run.
func Stolen() *time.Duration { return stolen() }

// Throttled is how long the CPU quota of this process's control group has held its processes back.
func Throttled() *time.Duration { return throttled() }

// Percent is the part of a core that was used in d between two readings; 100 is one core.
func Percent(earlier, later *time.Duration, d time.Duration) *float64 {
	if earlier == nil || later == nil {
		return nil
	}
	return new(100 * (*later - *earlier).Seconds() / d.Seconds())
}

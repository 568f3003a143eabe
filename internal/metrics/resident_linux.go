package metrics

import (
	"bytes"
	"os"
	"strconv"
)

// resident reads the second field of /proc/self/statm: resident pages, see proc_pid_statm(5).
func resident() *int64 {
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		return nil
	}
	fields := bytes.Fields(statm)
	if len(fields) < 2 {
		return nil
	}
	pages, err := strconv.ParseInt(string(fields[1]), 10, 64)
	if err != nil {
		return nil
	}
	return new(pages * int64(os.Getpagesize()))
}

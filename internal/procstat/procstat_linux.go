package procstat

import (
	"bytes"
	"os"
	"strconv"
	"sync"
	"time"
)

// userHZ is the unit of the times in /proc/stat: hundredths of a second on every architecture that
// Go runs on, see proc_stat(5).
const userHZ = 100

// resident reads the second field of /proc/PID/statm: resident pages, see proc_pid_statm(5).
func resident(pid int) *int64 {
	pages := field("/proc/"+strconv.Itoa(pid)+"/statm", "", 1)
	if pages == nil {
		return nil
	}
	return new(*pages * int64(os.Getpagesize()))
}

// openFiles counts the entries of /proc/self/fd, of which reading it is one.
func openFiles() *int {
	dir, err := os.Open("/proc/self/fd")
	if err != nil {
		return nil
	}
	defer dir.Close()
	names, err := dir.Readdirnames(-1)
	if err != nil {
		return nil
	}
	return new(len(names) - 1)
}

// stolen reads the eighth time of the line "cpu" of /proc/stat.
func stolen() *time.Duration {
	ticks := field("/proc/stat", "cpu", 8)
	if ticks == nil {
		return nil
	}
	return new(time.Duration(*ticks) * time.Second / userHZ)
}

// throttled reads the statistics of the control group.
func throttled() *time.Duration {
	file := cgroupFile()
	if us := field(file, "throttled_usec", 1); us != nil { // cgroups, version 2
		return new(time.Duration(*us) * time.Microsecond)
	}
	if ns := field(file, "throttled_time", 1); ns != nil { // version 1
		return new(time.Duration(*ns))
	}
	return nil
}

// cgroupFile finds the statistics of the process's own control group: at the root of the mount
// inside a container, else at the path that /proc/self/cgroup names.
var cgroupFile = sync.OnceValue(func() string {
	files := []string{"/sys/fs/cgroup/cpu.stat", "/sys/fs/cgroup/cpu/cpu.stat", "/sys/fs/cgroup/cpu,cpuacct/cpu.stat"}
	groups, _ := os.ReadFile("/proc/self/cgroup")
	for line := range bytes.Lines(groups) {
		if path, ok := bytes.CutPrefix(bytes.TrimSpace(line), []byte("0::")); ok {
			files = append([]string{"/sys/fs/cgroup" + string(path) + "/cpu.stat"}, files...)
		}
	}
	for _, file := range files {
		if field(file, "nr_throttled", 1) != nil {
			return file
		}
	}
	return ""
})

// field returns the i-th word, as a number, of the first line that begins with a word, or of the
// first line for "". It returns nil if there is none.
func field(file, word string, i int) *int64 {
	text, err := os.ReadFile(file)
	if err != nil {
		return nil
	}
	for line := range bytes.Lines(text) {
		words := bytes.Fields(line)
		if len(words) <= i || word != "" && string(words[0]) != word {
			continue
		}
		n, err := strconv.ParseInt(string(words[i]), 10, 64)
		if err != nil {
			return nil
		}
		return &n
	}
	return nil
}

// Package topology finds out which processors this process may use, and which of them are near each
// other.
//
// On Linux it reads the files of /proc and /sys. A process may be bound to some processors (its
// affinity), and a control group may give it the time of fewer (its quota); containers use either.
// [Read] takes the root directory as an argument, so that every machine can be tested on any other.
// Elsewhere all processors are alike.
//
// [Topology.Groups] cuts the processors into groups for engines that compute side by side.
package topology

import (
	"io/fs"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
)

// Topology is the processors that a process may use. They are logical ones: two threads of a core
// count twice.
type Topology struct {
	// Processors is how many may be busy at once. A quota can make it fewer than the clusters have.
	Processors int

	// Clusters are the processors that the process may run on, by the last-level cache that they
	// share, in the order of their first ones. There are none where the system does not say.
	Clusters []Cluster
}

// Cluster is processors of one memory node that share a last-level cache.
type Cluster struct {
	Node int // of memory; 0 where there is only one
	CPUs []int
}

// Read reads what Linux says under a root directory. Of a file that is missing or strange, it
// assumes that it limits nothing.
func Read(root fs.FS) Topology {
	var t Topology
	cpus := allowed(root)
	t.Processors = len(cpus)
	if q := quota(root); q < float64(t.Processors) {
		t.Processors = max(1, int(math.Ceil(q)))
	}
	nodes := nodes(root)
	index := map[string]int{}
	for _, cpu := range cpus {
		cache := lastCache(root, cpu) + "@" + strconv.Itoa(nodes[cpu])
		i, known := index[cache]
		if !known {
			i = len(t.Clusters)
			index[cache] = i
			t.Clusters = append(t.Clusters, Cluster{Node: nodes[cpu]})
		}
		t.Clusters[i].CPUs = append(t.Clusters[i].CPUs, cpu)
	}
	return t
}

// allowed are the processors that the process is bound to, or else all that are online.
func allowed(root fs.FS) []int {
	for line := range strings.Lines(text(root, "proc/self/status")) {
		if list, ok := strings.CutPrefix(line, "Cpus_allowed_list:"); ok {
			return parseList(list)
		}
	}
	return parseList(text(root, "sys/devices/system/cpu/online"))
}

// nodes are the memory nodes of all processors.
func nodes(root fs.FS) map[int]int {
	const dir = "sys/devices/system/node"
	of := map[int]int{}
	entries, err := fs.ReadDir(root, dir)
	if err != nil {
		return of
	}
	for _, e := range entries {
		number, ok := strings.CutPrefix(e.Name(), "node")
		node, err := strconv.Atoi(number)
		if !ok || err != nil {
			continue
		}
		for _, cpu := range parseList(text(root, path.Join(dir, e.Name(), "cpulist"))) {
			of[cpu] = node
		}
	}
	return of
}

// lastCache names the processors that share the last-level cache of one; "" if the system does not
// say.
func lastCache(root fs.FS, cpu int) string {
	dir := path.Join("sys/devices/system/cpu", "cpu"+strconv.Itoa(cpu), "cache")
	entries, err := fs.ReadDir(root, dir)
	if err != nil {
		return ""
	}
	highest, shared := 0, ""
	for _, e := range entries {
		level, err := strconv.Atoi(text(root, path.Join(dir, e.Name(), "level")))
		if err != nil || level <= highest || text(root, path.Join(dir, e.Name(), "type")) == "Instruction" {
			continue
		}
		highest, shared = level, text(root, path.Join(dir, e.Name(), "shared_cpu_list"))
	}
	return shared
}

// mostCPUs bounds what a list may name, whatever a file says.
const mostCPUs = 1 << 14

// parseList reads a list of numbers and ranges, such as 0-3,8; nothing if it is none.
func parseList(list string) []int {
	var all []int
	for part := range strings.SplitSeq(strings.TrimSpace(list), ",") {
		first, last, isRange := strings.Cut(part, "-")
		if !isRange {
			last = first
		}
		from, err1 := strconv.Atoi(first)
		to, err2 := strconv.Atoi(last)
		if err1 != nil || err2 != nil || from < 0 || to >= mostCPUs {
			return nil
		}
		for n := from; n <= to; n++ {
			all = append(all, n)
		}
	}
	slices.Sort(all)
	return slices.Compact(all)
}

// text is a file's content without the white space around it, or nothing.
func text(root fs.FS, name string) string {
	b, err := fs.ReadFile(root, name)
	if err != nil {
		return ""
	}
	return strings.TrimSpace(string(b))
}

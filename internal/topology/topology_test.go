package topology

import (
	"fmt"
	"runtime"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
)

// machine makes the files of a machine: processors 0 to n−1, of which cache says which share the
// last level, and node which are near the same memory.
func machine(n int, cache, node func(cpu int) string) fstest.MapFS {
	files := fstest.MapFS{}
	nodes := map[string][]string{}
	for cpu := range n {
		dir := fmt.Sprintf("sys/devices/system/cpu/cpu%d/cache/", cpu)
		for index, one := range []struct{ level, kind, shared string }{
			{"1", "Data", fmt.Sprint(cpu)}, {"1", "Instruction", fmt.Sprint(cpu)}, {"2", "Unified", fmt.Sprint(cpu)},
			{"3", "Unified", cache(cpu)},
		} {
			if one.shared == "" {
				continue
			}
			at := fmt.Sprintf("%sindex%d/", dir, index)
			put(files, at+"level", one.level)
			put(files, at+"type", one.kind)
			put(files, at+"shared_cpu_list", one.shared)
		}
		nodes[node(cpu)] = append(nodes[node(cpu)], fmt.Sprint(cpu))
	}
	for name, cpus := range nodes {
		put(files, "sys/devices/system/node/"+name+"/cpulist", strings.Join(cpus, ","))
	}
	put(files, "sys/devices/system/cpu/online", fmt.Sprintf("0-%d", n-1))
	return files
}

func put(files fstest.MapFS, name, content string) {
	files[name] = &fstest.MapFile{Data: []byte(content + "\n")}
}

// with adds files, as names and contents in turn.
func with(files fstest.MapFS, more ...string) fstest.MapFS {
	for i := 0; i < len(more); i += 2 {
		put(files, more[i], more[i+1])
	}
	return files
}

// every names the run of k processors that one belongs to.
func every(k int) func(int) string {
	return func(cpu int) string { return fmt.Sprintf("%d-%d", cpu/k*k, cpu/k*k+k-1) }
}

// node names the memory node of runs of k processors.
func node(k int) func(int) string {
	return func(cpu int) string { return fmt.Sprint("node", cpu/k) }
}

func none(int) string { return "" }

// threads shows groups: their threads, and where they are bound the first and last processor.
func threads(groups []Group) string {
	var parts []string
	for _, g := range groups {
		s := fmt.Sprint(g.Threads)
		if g.CPUs != nil {
			s += fmt.Sprintf("@%d-%d", g.CPUs[0], g.CPUs[len(g.CPUs)-1])
		}
		parts = append(parts, s)
	}
	return strings.Join(parts, " ")
}

const (
	v2        = "proc/self/cgroup"
	mountinfo = "proc/self/mountinfo"

	unifiedMount = "30 23 0:26 / /sys/fs/cgroup rw,nosuid - cgroup2 cgroup2 rw"
)

// TestGroups reads machines from their files and shows the groups that engines get on them.
func TestGroups(t *testing.T) {
	for _, c := range []struct {
		name       string
		files      fstest.MapFS
		processors int
		clusters   int
		want       string
	}{
		{"2 processors", machine(2, every(2), node(2)), 2, 1, "2"},
		{"4", machine(4, every(4), node(4)), 4, 1, "4"},
		{"8 of two clusters", machine(8, every(4), node(8)), 8, 2, "4@0-3 4@4-7"},
		{"12 of one cluster", machine(12, every(12), node(12)), 12, 1, "6@0-5 6@6-11"},
		{"16 of one cluster", machine(16, every(16), node(16)), 16, 1, "8@0-7 8@8-15"},
		{"18 of one cluster", machine(18, every(18), node(18)), 18, 1, "6@0-5 6@6-11 6@12-17"},
		{"64 of clusters of 8 on two nodes", machine(64, every(8), node(32)), 64, 8,
			"8@0-7 8@8-15 8@16-23 8@24-31 8@32-39 8@40-47 8@48-55 8@56-63"},
		{"24 of clusters of 3 on two nodes", machine(24, every(3), node(12)), 24, 8, "6@0-5 6@6-11 6@12-17 6@18-23"},
		{"a cache for each of 16, on two nodes", machine(16, every(1), node(8)), 16, 16, "8@0-7 8@8-15"},
		{"a cache that reaches over two nodes", machine(16, every(16), node(8)), 16, 2, "8@0-7 8@8-15"},
		{"no third level", machine(4, none, node(4)), 4, 4, "4"},
		{"processors without files", with(fstest.MapFS{}, "sys/devices/system/cpu/online", "0-5"), 6, 1, "6"},
		{"nothing readable", fstest.MapFS{}, 0, 0, "1"},

		{"bound to two", with(machine(64, every(8), node(32)), "proc/self/status", "Name:\tx\nCpus_allowed_list:\t3,9\nOther:\t1"), 2, 2, "2"},
		{"bound to halves of two clusters", with(machine(64, every(8), node(32)), "proc/self/status", "Cpus_allowed_list:\t4-11"),
			8, 2, "4@4-7 4@8-11"},

		{"a quota of 2 of 64", with(machine(64, every(8), node(32)), v2, "0::/", mountinfo, unifiedMount,
			"sys/fs/cgroup/cpu.max", "200000 100000"), 2, 8, "2"},
		{"a quota of 12.5", with(machine(64, every(8), node(32)), v2, "0::/", mountinfo, unifiedMount,
			"sys/fs/cgroup/cpu.max", "1250000 100000"), 13, 8, "6 7"},
		{"a quota of half a processor", with(machine(4, every(4), node(4)), v2, "0::/", mountinfo, unifiedMount,
			"sys/fs/cgroup/cpu.max", "50000 100000"), 1, 1, "1"},
		{"no quota", with(machine(4, every(4), node(4)), v2, "0::/a", mountinfo, unifiedMount,
			"sys/fs/cgroup/a/cpu.max", "max 100000"), 4, 1, "4"},
		{"a quota above the affinity", with(machine(64, every(8), node(32)), v2, "0::/", mountinfo, unifiedMount,
			"sys/fs/cgroup/cpu.max", "3200000 100000", "proc/self/status", "Cpus_allowed_list:\t0-3"), 4, 1, "4"},
		{"the quota of a group above", with(machine(8, every(8), node(8)), v2, "0::/a/b", mountinfo, unifiedMount,
			"sys/fs/cgroup/a/b/cpu.max", "max 100000", "sys/fs/cgroup/a/cpu.max", "300000 100000"), 3, 1, "3"},
		{"version 1", with(machine(8, every(8), node(8)), v2, "4:memory:/m\n3:cpu,cpuacct:/docker/x\n0::/",
			mountinfo, "33 31 0:29 / /sys/fs/cgroup/cpu,cpuacct rw - cgroup cgroup rw,cpu,cpuacct",
			"sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_quota_us", "150000",
			"sys/fs/cgroup/cpu,cpuacct/docker/x/cpu.cfs_period_us", "100000"), 2, 1, "2"},
		{"version 1 without a quota", with(machine(8, every(8), node(8)), v2, "3:cpu:/", mountinfo, "33 31 0:29 / /sys/fs/cgroup/cpu rw - cgroup cgroup rw,cpu",
			"sys/fs/cgroup/cpu/cpu.cfs_quota_us", "-1", "sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000"), 8, 1, "8"},
		{"a container that sees its own group alone", with(machine(8, every(8), node(8)), v2, "3:cpu:/docker/x",
			mountinfo, "33 31 0:29 /docker/x /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu",
			"sys/fs/cgroup/cpu/cpu.cfs_quota_us", "200000", "sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000"), 2, 1, "2"},
		{"a container whose group has another name inside", with(machine(8, every(8), node(8)), v2, "3:cpu:/host/y",
			mountinfo, "33 31 0:29 /docker/x /sys/fs/cgroup/cpu ro - cgroup cgroup rw,cpu",
			"sys/fs/cgroup/cpu/cpu.cfs_quota_us", "200000", "sys/fs/cgroup/cpu/cpu.cfs_period_us", "100000"), 2, 1, "2"},
		{"strange files", with(machine(4, every(4), node(4)), v2, "x\n0::/", mountinfo, "30\n30 23 0:26 / /sys/fs/cgroup rw - cgroup2\n"+unifiedMount,
			"sys/fs/cgroup/cpu.max", "much"), 4, 1, "4"},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := Read(c.files)
			if got.Processors != c.processors || len(got.Clusters) != c.clusters {
				t.Errorf("got %d processors in %d clusters, want %d in %d", got.Processors, len(got.Clusters), c.processors, c.clusters)
			}
			if groups := threads(got.Groups()); groups != c.want {
				t.Errorf("got groups %s, want %s", groups, c.want)
			}
		})
	}
}

func TestParseList(t *testing.T) {
	for list, want := range map[string][]int{
		"0": {0}, "0-2": {0, 1, 2}, "3,0-1\n": {0, 1, 3}, "1,1": {1},
		"": nil, "x": nil, "1-": nil, "-1": nil, "2-1": nil, "0-99999999999": nil, "0-9999999": nil,
	} {
		if got := parseList(list); !slices.Equal(got, want) {
			t.Errorf("%q: got %v, want %v", list, got, want)
		}
	}
}

// TestHere: this machine's groups have all of its processors.
func TestHere(t *testing.T) {
	here := Here()
	sum := 0
	for _, g := range here.Groups() {
		sum += g.Threads
	}
	if sum != here.Processors || sum < 1 || sum > runtime.GOMAXPROCS(0) {
		t.Errorf("got %d threads in groups of %+v, want as many as processors, and at most %d", sum, here, runtime.GOMAXPROCS(0))
	}
	t.Logf("%+v", here)
}

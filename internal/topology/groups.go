package topology

import "slices"

// Group is processors that compute together.
type Group struct {
	Threads int   // at least 1
	CPUs    []int // that they run on; nil where the system may choose
}

const (
	// largestGroup is how many processors a group has at most. A single pair of usual length keeps
	// most of the speed of so many; of twice as many it keeps half.
	largestGroup = 8

	// smallestCluster is a cluster that is a group of its own. Smaller ones of a memory node are
	// joined: some virtual machines show a cache for each processor.
	smallestCluster = 4
)

// Groups cuts the processors into groups that share a last-level cache, or at least a memory node,
// of eight at most and about equal size. Where there are fewer processors to use than to run on,
// which is a quota's doing, or where there is only one group, the system chooses where it runs.
func (t Topology) Groups() []Group {
	total := 0
	for _, c := range t.Clusters {
		total += len(c.CPUs)
	}
	if t.Processors != total || total == 0 {
		return cut(make([]int, t.Processors), false)
	}
	var groups []Group
	for _, cpus := range t.joined() {
		groups = append(groups, cut(cpus, true)...)
	}
	if len(groups) == 1 {
		groups[0].CPUs = nil
	}
	return groups
}

// joined are the processors of each cluster, those of small ones of a memory node together.
func (t Topology) joined() [][]int {
	var all [][]int
	small := map[int]int{} // index in all, by node
	for _, c := range t.Clusters {
		if len(c.CPUs) >= smallestCluster {
			all = append(all, c.CPUs)
			continue
		}
		i, ok := small[c.Node]
		if !ok {
			i = len(all)
			small[c.Node] = i
			all = append(all, nil)
		}
		all[i] = append(slices.Clip(all[i]), c.CPUs...)
	}
	return all
}

// cut makes groups of about equal size.
func cut(cpus []int, bound bool) []Group {
	n := max(1, (len(cpus)+largestGroup-1)/largestGroup)
	groups := make([]Group, n)
	for i := range groups {
		part := cpus[len(cpus)*i/n : len(cpus)*(i+1)/n]
		groups[i].Threads = max(1, len(part))
		if bound {
			groups[i].CPUs = part
		}
	}
	return groups
}

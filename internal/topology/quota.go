package topology

import (
	"io/fs"
	"math"
	"path"
	"slices"
	"strconv"
	"strings"
)

// quota is how many processors' time the control groups of the process give it: the least of its
// own group and of those above it. It is +Inf where nothing limits it.
//
// In a container the groups' files may be mounted from the container's own group on, while
// /proc/self/cgroup names its place on the host. So a group is looked for at the mount's root where
// its path does not begin with the mount's.
func quota(root fs.FS) float64 {
	least := math.Inf(1)
	for line := range strings.Lines(text(root, "proc/self/cgroup")) {
		fields := strings.SplitN(strings.TrimSpace(line), ":", 3)
		if len(fields) != 3 {
			continue
		}
		limit := groupQuota
		switch {
		case fields[0] == "0" && fields[1] == "":
			limit = unifiedQuota
		case !slices.Contains(strings.Split(fields[1], ","), "cpu"):
			continue
		}
		for _, m := range mounts(root) {
			if m.unified != (fields[1] == "") || !m.unified && !m.cpu {
				continue
			}
			for _, dir := range m.groups(fields[2]) {
				least = min(least, limit(root, dir))
			}
		}
	}
	return least
}

// unifiedQuota is that of a group of version 2: "200000 100000", or "max 100000".
func unifiedQuota(root fs.FS, dir string) float64 {
	time, period, _ := strings.Cut(text(root, path.Join(dir, "cpu.max")), " ")
	return ratio(time, period)
}

// groupQuota is that of a group of version 1, where −1 stands for none.
func groupQuota(root fs.FS, dir string) float64 {
	return ratio(text(root, path.Join(dir, "cpu.cfs_quota_us")), text(root, path.Join(dir, "cpu.cfs_period_us")))
}

// ratio is +Inf where one of two texts is no positive number.
func ratio(time, period string) float64 {
	t, err1 := strconv.ParseFloat(time, 64)
	p, err2 := strconv.ParseFloat(period, 64)
	if err1 != nil || err2 != nil || !(t > 0 && p > 0) {
		return math.Inf(1)
	}
	return t / p
}

// mount is where the files of control groups are.
type mount struct {
	root    string // the group at its top
	dir     string // without the leading slash
	unified bool   // version 2
	cpu     bool   // version 1, with the files of the cpu controller
}

// mounts are those of the process.
func mounts(root fs.FS) []mount {
	var all []mount
	for line := range strings.Lines(text(root, "proc/self/mountinfo")) {
		before, after, _ := strings.Cut(line, " - ")
		place, kind := strings.Fields(before), strings.Fields(after)
		if len(place) < 5 || len(kind) < 3 {
			continue
		}
		m := mount{root: place[3], dir: strings.TrimPrefix(place[4], "/")}
		switch kind[0] {
		case "cgroup2":
			m.unified = true
		case "cgroup":
			m.cpu = slices.Contains(strings.Split(kind[2], ","), "cpu")
		default:
			continue
		}
		all = append(all, m)
	}
	return all
}

// groups are the directories of a group and of all above it.
func (m mount) groups(group string) []string {
	below, ok := strings.CutPrefix(path.Clean(group), strings.TrimSuffix(m.root, "/"))
	if !ok || below != "" && below[0] != '/' {
		return []string{m.dir}
	}
	var dirs []string
	for at := path.Join(m.dir, below); ; at = path.Dir(at) {
		dirs = append(dirs, at)
		if at == m.dir || at == "." {
			return dirs
		}
	}
}

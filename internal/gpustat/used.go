package gpustat

import "github.com/crossrank/crossrank/internal/state"

// Used returns those of all GPUs that a program computes on, given what it knows of them. A GPU is
// found by its address on the bus, or by its kind or its name if it is the only one of them. One
// that no driver lists is left out. It returns all GPUs, and false, if one of those in use may be
// any of several.
func Used(all []state.GPU, identities []state.GPUIdentity) (used []state.GPU, known bool) {
	in := make([]bool, len(all))
	for _, id := range identities {
		i, known := find(all, id)
		if !known {
			return all, false
		}
		if i >= 0 {
			in[i] = true
		}
	}
	for i, g := range all {
		if in[i] {
			used = append(used, g)
		}
	}
	return used, true
}

// find returns the place of a GPU; -1 if it is none of them. It is not known if it may be any of
// several.
func find(all []state.GPU, id state.GPUIdentity) (at int, known bool) {
	var possible, kindred []int
	for i, g := range all {
		switch {
		case id.PCI != "" && id.PCI == g.PCI:
			return i, true
		case id.PCI != "" && g.PCI != "" || id.Vendor != 0 && g.Vendor != 0 && (id.Vendor != g.Vendor || id.Model != g.Model):
			continue
		}
		possible = append(possible, i)
		if id.Vendor != 0 && g.Vendor != 0 || id.Name != "" && id.Name == g.Name {
			kindred = append(kindred, i)
		}
	}
	switch {
	case len(possible) == 0:
		return -1, true
	case len(kindred) == 1:
		return kindred[0], true
	}
	return -1, false
}

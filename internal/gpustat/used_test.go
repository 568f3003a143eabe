package gpustat

import (
	"testing"

	"github.com/crossrank/crossrank/internal/state"
)

func TestUsed(t *testing.T) {
	gpu := func(name, pci string, vendor, model uint32) state.GPU {
		return state.GPU{GPUIdentity: state.GPUIdentity{Name: name, PCI: pci, Vendor: vendor, Model: model}}
	}
	var (
		first  = gpu("NVIDIA H200", "0000:65:00.0", 0x10de, 0x2335)
		second = gpu("NVIDIA H200", "0000:66:00.0", 0x10de, 0x2335)
		other  = gpu("NVIDIA T4", "0000:67:00.0", 0x10de, 0x1eb8)
		old    = gpu("NVIDIA Old", "", 0, 0)
		apple  = gpu("Apple M2", "", 0, 0)
	)
	kind := func(g state.GPU) state.GPUIdentity {
		id := g.GPUIdentity
		id.PCI = ""
		return id
	}
	named := func(name string) state.GPUIdentity { return state.GPUIdentity{Name: name} }
	ids := func(all ...state.GPUIdentity) []state.GPUIdentity { return all }
	for _, c := range []struct {
		name  string
		all   []state.GPU
		ids   []state.GPUIdentity
		want  []state.GPU
		known bool
	}{
		{"by address", []state.GPU{first, second, other}, ids(second.GPUIdentity), []state.GPU{second}, true},
		{"by address alone", []state.GPU{first, second}, ids(state.GPUIdentity{PCI: second.PCI}), []state.GPU{second}, true},
		{"at an address that no driver lists", []state.GPU{first, second}, ids(other.GPUIdentity), nil, true},
		{"the only one of its kind", []state.GPU{first, second, other}, ids(kind(other)), []state.GPU{other}, true},
		{"one of two equal ones", []state.GPU{first, second, other}, ids(kind(first)), []state.GPU{first, second, other}, false},
		{"of another kind", []state.GPU{first, other}, ids(state.GPUIdentity{Name: "llvmpipe", Vendor: 0x10005}), nil, true},
		{"by name", []state.GPU{apple}, ids(named("Apple M2")), []state.GPU{apple}, true},
		{"by name, where kinds are not known", []state.GPU{first, old}, ids(state.GPUIdentity{Name: old.Name, Vendor: 0x10de, Model: 1}), []state.GPU{old}, true},
		{"by another name", []state.GPU{apple}, ids(named("Apple M3")), []state.GPU{apple}, false},
		{"nothing is known", []state.GPU{first, second}, ids(state.GPUIdentity{}), []state.GPU{first, second}, false},
		{"two", []state.GPU{first, second, other}, ids(other.GPUIdentity, first.GPUIdentity), []state.GPU{first, other}, true},
		{"one twice", []state.GPU{first, second}, ids(first.GPUIdentity, first.GPUIdentity), []state.GPU{first}, true},
		{"two, one of them not known", []state.GPU{first, second}, ids(first.GPUIdentity, kind(first)), []state.GPU{first, second}, false},
		{"no GPU", nil, ids(first.GPUIdentity), nil, true},
	} {
		got, known := Used(c.all, c.ids)
		same := len(got) == len(c.want) && known == c.known
		for i := range got {
			same = same && got[i] == c.want[i]
		}
		if !same {
			t.Errorf("%s: got %+v, %v, want %+v, %v", c.name, got, known, c.want, c.known)
		}
	}
}

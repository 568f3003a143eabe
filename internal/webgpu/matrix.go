package webgpu

import (
	"fmt"
	"unsafe"
)

// matrixUnit is a product of small matrices that a device has hardware for: M×K by K×N elements of
// the type In, with sums of the type Out. The threads of a subgroup compute it together.
type matrixUnit struct {
	In, Out string
	M, N, K int
}

// String names a unit, such as 16×16×16 in f16.
func (u matrixUnit) String() string { return fmt.Sprintf("%d×%d×%d in %s", u.M, u.N, u.K, u.In) }

// bytes is how large an element is.
func (u matrixUnit) bytes() int {
	if u.In == "f16" {
		return 2
	}
	return 4
}

// matrices are the matrix units that a device computes products on.
type matrices struct {
	unit matrixUnit
	why  string // there are none; "" if there are some
}

func (m matrices) used() bool { return m.unit.M > 0 }

// name is that of the unit; "" if there is none.
func (m matrices) name() string {
	if !m.used() {
		return ""
	}
	return m.unit.String()
}

// chooseMatrices chooses the units for a model, or says why there are none.
func (d *device) chooseMatrices(needs needs) matrices {
	stored := "f32"
	if needs.f16 {
		stored = "f16"
	}
	unit, ok := chooseUnit(d.adapter.units, stored)
	switch {
	case d.lib.AdapterPropertiesSubgroupMatrixConfigsFreeMembers == nil:
		return matrices{why: "the library offers none"}
	case d.lib.dialect.subgroupMatrix == 0:
		return matrices{why: "the library is from before their WGSL of today"}
	case len(d.adapter.units) == 0:
		return matrices{why: "the device or its driver offers none"}
	case !ok:
		return matrices{why: "the device has none for " + stored + " that add in float32"}
	case len(matrixTiles(unit, d.adapter.subgroup, &d.adapter.limits)) == 0:
		return matrices{why: fmt.Sprintf("no tile of those of %v fits the device", unit)}
	case needs.withoutMatrices != "":
		return matrices{why: needs.withoutMatrices}
	case needs.plain || !d.subgroups:
		return matrices{why: "they need the operations of subgroups"}
	}
	return matrices{unit: unit}
}

// tiles are those that products can be divided by on the device.
func (d *device) tiles() []productTile {
	if !d.matrices.used() {
		return threadTiles
	}
	return matrixTiles(d.matrices.unit, d.adapter.subgroup, &d.adapter.limits)
}

// smallTile is that of products of few rows, and of those that are not measured.
func (d *device) smallTile() productTile {
	if !d.matrices.used() {
		return threadTiles[0]
	}
	tiles := d.tiles()
	return tiles[len(tiles)-1]
}

// fullUnit is the largest unit that is used: larger ones are several instructions, and leave less
// choice of tiles.
const fullUnit = 16 * 16 * 16

// chooseUnit returns the unit for elements that are stored in a type: the largest one whose sums
// are float32, and of those the first, as drivers list what they prefer first. It does not depend
// on a timing, so all starts on a device have the same scores.
func chooseUnit(units []matrixUnit, stored string) (matrixUnit, bool) {
	for _, in := range []string{stored, "f32"} { // f16 is f32 too, where the units for f16 add in f16
		var best matrixUnit
		for _, u := range units {
			size := u.M * u.N * u.K
			if u.In == in && u.Out == "f32" && size <= fullUnit && u.K%4 == 0 && u.N%4 == 0 && size > best.M*best.N*best.K {
				best = u
			}
		}
		if best.M > 0 {
			return best, true
		}
	}
	return matrixUnit{}, false
}

// The types of elements of units, as webgpu.h of Dawn numbers them. Integers are not used.
var componentTypes = map[uint32]string{1: "f32", 2: "f16", 3: "u32", 4: "i32", 5: "u8", 6: "i8"}

// matrixConfigs is what an adapter writes about its units.
type matrixConfigs struct {
	chain chainedStruct
	count uintptr
	first uintptr
}

// Words of an entry of matrixConfigs: two types, M, N and K. A newer header has the sizes of
// subgroups behind them.
const (
	configWords      = 5
	configWordsNewer = 7
)

// parseUnits reads the units of an adapter. Which of the two headers an array follows shows in its
// second entry, whose types would otherwise be no types. It is nil if it follows neither.
func parseUnits(count int, word func(i int) uint32) []matrixUnit {
	for _, words := range []int{configWords, configWordsNewer} {
		if units := parseUnitsOf(count, words, word); units != nil {
			return units
		}
	}
	return nil
}

func parseUnitsOf(count, words int, word func(i int) uint32) []matrixUnit {
	var units []matrixUnit
	for i := range count {
		at := i * words
		u := matrixUnit{
			componentTypes[word(at)], componentTypes[word(at+1)], int(word(at + 2)), int(word(at + 3)), int(word(at + 4)),
		}
		const most = 1024 // more than any device has
		if u.In == "" || u.Out == "" || min(u.M, u.N, u.K) < 1 || max(u.M, u.N, u.K) > most {
			return nil
		}
		units = append(units, u)
	}
	return units
}

// matrixUnits asks an adapter for its units; nil if it has none.
func (d *device) matrixUnits(a handle) []matrixUnit {
	if d.lib.AdapterPropertiesSubgroupMatrixConfigsFreeMembers == nil || !d.has(a, d.lib.dialect.subgroupMatrix) {
		return nil
	}
	found := &matrixConfigs{chain: chainedStruct{sType: matrixConfigsProperties}}
	info := &adapterInfo{next: unsafe.Pointer(found)}
	status := uint32(call(d.lib.AdapterGetInfo, uintptr(a), uintptr(unsafe.Pointer(info))))
	if status != statusSuccess {
		return nil
	}
	defer d.lib.AdapterInfoFreeMembers(*info)
	defer d.lib.AdapterPropertiesSubgroupMatrixConfigsFreeMembers(*found)
	if found.count == 0 || found.first == 0 {
		return nil
	}
	first := fromC(found.first)
	return parseUnits(int(found.count), func(i int) uint32 { return *(*uint32)(unsafe.Add(first, 4*i)) })
}

// toggles are switches of Dawn, by their names.
func toggles(names ...string) *dawnToggles {
	texts := make([]unsafe.Pointer, len(names))
	for i, name := range names {
		text := append([]byte(name), 0)
		texts[i] = unsafe.Pointer(&text[0])
	}
	return &dawnToggles{
		chain: chainedStruct{sType: dawnTogglesDescriptor}, enabledCount: uintptr(len(texts)), enabled: unsafe.Pointer(&texts[0]),
	}
}

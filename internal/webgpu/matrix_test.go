package webgpu

import (
	"slices"
	"strings"
	"testing"
	"text/template"
	"unsafe"

	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/network/sample"
)

// Units of devices, as their drivers list them. None but the last has run in tests.
var (
	nvidiaUnits = []matrixUnit{
		{"f16", "f16", 16, 16, 16}, {"f16", "f32", 16, 16, 16}, {"f16", "f16", 16, 8, 16}, {"f16", "f32", 16, 8, 16},
		{"f16", "f16", 16, 8, 8}, {"f16", "f32", 16, 8, 8}, {"i8", "i32", 16, 16, 32},
	}
	amdUnits      = []matrixUnit{{"f16", "f32", 16, 16, 16}, {"f16", "f16", 16, 16, 16}, {"i8", "i32", 16, 16, 16}}
	intelUnits    = []matrixUnit{{"f16", "f32", 8, 16, 16}, {"f16", "f16", 8, 16, 16}, {"f16", "f32", 32, 32, 16}}
	appleUnits    = []matrixUnit{{"f32", "f32", 8, 8, 8}, {"f16", "f16", 8, 8, 8}}
	lavapipeUnits = []matrixUnit{{"f16", "f16", 8, 8, 8}, {"f16", "f32", 8, 8, 8}, {"i8", "i32", 8, 8, 8}}
)

// TestChooseUnit: the largest unit that adds in float32, and float32 where those of f16 do not.
func TestChooseUnit(t *testing.T) {
	for _, c := range []struct {
		name   string
		units  []matrixUnit
		stored string
		want   matrixUnit
	}{
		{"NVIDIA, f16", nvidiaUnits, "f16", matrixUnit{"f16", "f32", 16, 16, 16}},
		{"NVIDIA, f32", nvidiaUnits, "f32", matrixUnit{}},
		{"AMD, f16", amdUnits, "f16", matrixUnit{"f16", "f32", 16, 16, 16}},
		{"Intel, f16: larger ones are left out", intelUnits, "f16", matrixUnit{"f16", "f32", 8, 16, 16}},
		{"Apple, f32", appleUnits, "f32", matrixUnit{"f32", "f32", 8, 8, 8}},
		{"Apple, f16, which it adds in f16", appleUnits, "f16", matrixUnit{"f32", "f32", 8, 8, 8}},
		{"lavapipe", lavapipeUnits, "f16", matrixUnit{"f16", "f32", 8, 8, 8}},
		{"the first of two alike", []matrixUnit{{"f16", "f32", 16, 8, 8}, {"f16", "f32", 8, 16, 8}}, "f16", matrixUnit{"f16", "f32", 16, 8, 8}},
		{"no vectors of four", []matrixUnit{{"f16", "f32", 8, 6, 8}, {"f16", "f32", 8, 8, 2}}, "f16", matrixUnit{}},
		{"none", nil, "f32", matrixUnit{}},
	} {
		if got, ok := chooseUnit(c.units, c.stored); got != c.want || ok != (c.want.M > 0) {
			t.Errorf("%s: got %v, %v, want %v", c.name, got, ok, c.want)
		}
	}
}

// TestParseUnits reads the entries of both headers, and none of memory that follows neither.
func TestParseUnits(t *testing.T) {
	old := []uint32{2, 2, 16, 16, 16, 2, 1, 16, 8, 16}
	newer := []uint32{2, 2, 16, 16, 16, 32, 32, 2, 1, 16, 8, 16, 32, 64}
	want := []matrixUnit{{"f16", "f16", 16, 16, 16}, {"f16", "f32", 16, 8, 16}}
	for _, c := range []struct {
		name  string
		words []uint32
		count int
		want  []matrixUnit
	}{
		{"five words", old, 2, want},
		{"seven words", newer, 2, want},
		{"one entry", old[:5], 1, want[:1]},
		{"an unknown type", []uint32{9, 1, 8, 8, 8}, 1, nil},
		{"a size of 0", []uint32{1, 1, 8, 0, 8}, 1, nil},
		{"a size that no device has", []uint32{1, 1, 8, 8, 1 << 30}, 1, nil},
	} {
		word := func(i int) uint32 { return append(slices.Clone(c.words), make([]uint32, 14)...)[i] }
		if got := parseUnits(c.count, word); !slices.Equal(got, c.want) {
			t.Errorf("%s: got %v, want %v", c.name, got, c.want)
		}
	}
}

// deviceKind is a device as far as tiles depend on it.
type deviceKind struct {
	name     string
	units    []matrixUnit
	stored   string
	subgroup subgroupSizes
	storage  uint32 // bytes of a workgroup
	threads  uint32
}

var deviceKinds = []deviceKind{
	{"NVIDIA", nvidiaUnits, "f16", subgroupSizes{32, 32}, 49152, 1024},
	{"AMD", amdUnits, "f16", subgroupSizes{32, 64}, 65536, 1024},
	{"Intel", intelUnits, "f16", subgroupSizes{8, 32}, 65536, 1024},
	{"Apple in fp32", appleUnits, "f32", subgroupSizes{32, 32}, 32768, 1024},
	{"Apple in fp16", appleUnits, "f16", subgroupSizes{32, 32}, 32768, 1024},
	{"lavapipe", lavapipeUnits, "f16", subgroupSizes{8, 8}, 32768, 1024},
	{"the least of WebGPU", nvidiaUnits, "f16", subgroupSizes{32, 32}, 16384, 256},
	{"wide subgroups, few threads", nvidiaUnits, "f16", subgroupSizes{128, 128}, 16384, 256},
}

func (k deviceKind) tiles() []productTile {
	unit, _ := chooseUnit(k.units, k.stored)
	l := &limits{workgroupStorage: k.storage, invocationsPerWorkgroup: k.threads, workgroupSizeX: k.threads}
	return matrixTiles(unit, k.subgroup, l)
}

// TestMatrixTiles plans the tiles of devices that tests do not have: they stay within the limits,
// and every element of a tile is one of a block, once.
func TestMatrixTiles(t *testing.T) {
	for _, c := range []struct {
		kind int
		want string // the names of the tiles
	}{
		{0, "128×128/2×2 by 32 in 2, 128×128/2×2 by 32 in 1, 128×64/2×2 by 32 in 2, 64×64/2×2 by 32 in 2, 128×128/4×2 by 32 in 1, 128×128/4×2 by 16 in 2, " +
			"128×128/4×2 by 16 in 1, 64×64/2×2 by 16 in 1, 32×32/2×2 by 32 in 2"},
		{7, ""},
	} {
		var names []string
		for _, tile := range deviceKinds[c.kind].tiles() {
			names = append(names, tile.String())
		}
		if got := strings.Join(names, ", "); got != c.want {
			t.Errorf("%s: got the tiles %s, want %s", deviceKinds[c.kind].name, got, c.want)
		}
	}
	for _, k := range deviceKinds {
		tiles := k.tiles()
		if len(tiles) < 2 && k.subgroup.most <= 64 {
			t.Errorf("%s has %d tiles", k.name, len(tiles))
		}
		for _, tile := range tiles {
			checkTile(t, k, tile.(matrixTile))
		}
	}
}

func checkTile(t *testing.T, k deviceKind, m matrixTile) {
	t.Helper()
	t.Logf("%s: %v: %d threads, %d × %d blocks in %d parts, %d + %d vectors a thread, %d bytes", k.name, m, m.Threads(), m.BlocksDown(),
		m.BlocksAcross(), len(m.Parts()), m.RowVectors(), m.ColumnVectors(), m.bytes())
	if m.bytes() > int(k.storage) || m.Threads() > int(k.threads) || m.Threads()%k.subgroup.most != 0 {
		t.Errorf("%s: %v has %d bytes and %d threads", k.name, m, m.bytes(), m.Threads())
	}
	if got := m.BlocksDown() * m.BlocksAcross() * m.Down * m.Across * m.Unit.M * m.Unit.N; got != m.Rows*m.Columns {
		t.Errorf("%s: %v: the blocks have %d elements, want %d", k.name, m, got, m.Rows*m.Columns)
	}
	if got := len(m.Parts()) * m.Slots; got != m.BlocksDown()*m.BlocksAcross() {
		t.Errorf("%s: %v: %d blocks are written, want %d", k.name, m, got, m.BlocksDown()*m.BlocksAcross())
	}
	if got := (m.RowVectors() + m.ColumnVectors()) * m.Threads() * 4; got != (m.Rows+m.Columns)*m.Depth {
		t.Errorf("%s: %v: %d elements are loaded at a time, want %d", k.name, m, got, (m.Rows+m.Columns)*m.Depth)
	}
	if bytes := m.Stride() * m.Unit.bytes(); bytes%16 != 0 || bytes%128 == 0 {
		t.Errorf("%s: %v: rows are %d bytes apart; want them aligned and in different banks", k.name, m, bytes)
	}
}

// matrixDevice opens a device with matrix units for f16, or skips the test.
func matrixDevice(t *testing.T) *device {
	t.Helper()
	d := testDevice(t, true)
	if !d.matrices.used() {
		t.Skip("this device has no matrix units: ", d.matrices.why)
	}
	return d
}

// TestMatrixShadersParse: the shaders of all devices are right WGSL, also those with sizes that no
// device of tests has.
func TestMatrixShadersParse(t *testing.T) {
	d := matrixDevice(t)
	for _, k := range deviceKinds {
		for _, tile := range k.tiles() {
			v := variant{F16: true, In: k.stored, Out: k.stored, Activation: network.GELU, Bias: true, Tile: tile, Matrices: true}
			if err := d.parse(tile.shader(), v); err != nil {
				t.Errorf("%s, %v: %v", k.name, tile, err)
			}
		}
		unit, _ := chooseUnit(k.units, k.stored)
		for _, size := range []int{32, 64, 128} {
			l := &limits{workgroupStorage: k.storage, invocationsPerWorkgroup: k.threads, workgroupSizeX: k.threads}
			tile, ok := chooseMatrixAttention(size, unit, k.subgroup, l)
			if !ok {
				continue
			}
			v := variant{F16: true, In: k.stored, Out: k.stored, Matrices: true, attentionVariant: attentionVariant{Causal: true, Attention: tile}}
			if err := d.parse(tile.shader(), v); err != nil {
				t.Errorf("%s, heads of %d: %v", k.name, size, err)
			}
		}
	}
	if err := d.parse("matmul_matrix", variant{In: "f33", Tile: deviceKinds[0].tiles()[0], Matrices: true}); err == nil {
		t.Error("a shader with a wrong type is no error")
	}
}

// parse lets the library read a shader, without compiling it for the device.
func (d *device) parse(name string, v variant) error {
	var text strings.Builder
	if err := shaders.ExecuteTemplate(&text, name+".wgsl", v); err != nil {
		return err
	}
	source := &shaderSource{chain: chainedStruct{sType: sTypeWGSL}, code: viewOf(text.String())}
	module := call(d.lib.DeviceCreateShaderModule, uintptr(d.device), uintptr(unsafe.Pointer(&labelled{next: unsafe.Pointer(source)})))
	call(d.lib.ShaderModuleRelease, module)
	return d.takeError()
}

// TestMatricesThatCannotBeUsed: a device whose library refuses the shaders of matrix units is used
// without them, and says why.
func TestMatricesThatCannotBeUsed(t *testing.T) {
	matrixDevice(t)
	whole := shaders
	defer func() { shaders = whole }()
	shaders = template.Must(template.Must(whole.Clone()).Parse(`{{define "matmul_matrix.wgsl"}}no shader{{end}}`))
	n := small()
	e := open(t, n, Options{Precision: FP16})
	if got := e.Tuning(); !strings.Contains(got, "no matrix units: the device cannot be used with them: compiling the shader") || strings.Contains(got, "\n") {
		t.Errorf("got %q", got)
	}
	seqs := sample.Sequences(1, n, 5, 20)
	want := logits(t, open(t, n, Options{Precision: FP16, WithoutMatrices: "a test"}), seqs)
	if got := logits(t, e, seqs); !slices.Equal(got, want) {
		t.Errorf("got %v, want %v as without matrix units", got, want)
	}
}

// TestWithoutMatrices: an engine with matrix units can be opened without them, and then differs
// from that one in rounding.
func TestWithoutMatrices(t *testing.T) {
	matrixDevice(t)
	n := small()
	with := open(t, n, Options{Precision: FP16})
	if got := with.Tuning(); !strings.Contains(got, " on matrix units of 8×8×8 in f16: ") {
		t.Errorf("with them: got %q", got)
	}
	o, err := Begin(n, Options{Precision: FP16, Device: DeviceTesting, WithoutMatrices: "a test"})
	if err != nil {
		t.Fatal(err)
	}
	for i := range n.Blocks {
		o.Block(i)
	}
	without, err := o.Start(Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer without.Close()
	if got := without.Tuning(); !strings.Contains(got, "; no matrix units: a test") || o.WithoutMatrices("again") {
		t.Errorf("without them: got %q", got)
	}
}

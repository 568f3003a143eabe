package safetensors

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"math"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/crossrank/crossrank/internal/material"
)

// entry is a tensor to be written.
type entry struct {
	name  string
	dtype DType
	shape []int
	data  []byte
}

// write makes a file of the entries, padded as the reference writer does.
func write(t testing.TB, entries []entry) []byte {
	t.Helper()
	header, offset := map[string]any{"__metadata__": map[string]string{"format": "pt"}}, 0
	var data []byte
	for _, e := range entries {
		header[e.name] = map[string]any{
			"dtype": e.dtype, "shape": e.shape, "data_offsets": []int{offset, offset + len(e.data)},
		}
		offset += len(e.data)
		data = append(data, e.data...)
	}
	h, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	for len(h)%8 != 0 {
		h = append(h, ' ')
	}
	return append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(h))), h...), data...)
}

func TestRoundTrip(t *testing.T) {
	rnd := rand.New(rand.NewPCG(1, 2))
	big := make([]float32, 300_000) // more than one chunk
	var bigBytes []byte
	for i := range big {
		big[i] = float32(rnd.NormFloat64())
		bigBytes = binary.LittleEndian.AppendUint32(bigBytes, math.Float32bits(big[i]))
	}
	raw := write(t, []entry{
		{"skipped", "I64", []int{2}, make([]byte, 16)},
		{"big", F32, []int{3, 100_000}, bigBytes},
		{"bf16", BF16, []int{2}, []byte{0x80, 0x3f, 0x40, 0xc0}},
		{"empty", F32, []int{0, 7}, nil},
		{"f16", F16, []int{3}, []byte{0x00, 0x3c, 0xff, 0x7b, 0x01, 0x80}},
		{"scalar", F32, []int{}, []byte{0, 0, 0x80, 0x3f}},
	})
	f, err := New(bytes.NewReader(raw), int64(len(raw)), "round trip")
	if err != nil {
		t.Fatal(err)
	}
	if n := len(f.Tensors()); n != 6 || f.Tensors()[1].Name != "big" || f.Tensors()[1].Len() != 300_000 {
		t.Fatalf("got %d tensors, the second %v", n, f.Tensors()[1])
	}
	for _, little := range []bool{littleEndian, false} { // as on other machines
		defer func(was bool) { littleEndian = was }(littleEndian)
		littleEndian = little
		checkValues(t, f, sha256.Sum256(raw), big)
	}
}

func checkValues(t *testing.T, f *File, hash [sha256.Size]byte, big []float32) {
	t.Helper()
	got := map[string]Values{
		"big": {Float32: make([]float32, len(big))}, "bf16": {Float32: make([]float32, 2)}, "empty": {},
		"f16": {Float32: make([]float32, 3)}, "scalar": {Float32: make([]float32, 1)},
	}
	bits := map[string]Values{"bf16": {Bits: make([]uint16, 2)}, "f16": {Bits: make([]uint16, 3)}}
	for _, dst := range []map[string]Values{got, got, bits} { // a file can be read again
		if sum, err := f.Load(into(dst)); err != nil || sum != hash {
			t.Fatalf("hash %x, error %v; want hash %x", sum, err, hash)
		}
	}
	for _, c := range []struct {
		name string
		want []float32
		bits []uint16
	}{
		{"big", big, nil},
		{"bf16", []float32{1, -3}, []uint16{0x3f80, 0xc040}},
		{"f16", []float32{1, 65504, -1.0 / (1 << 24)}, []uint16{0x3c00, 0x7bff, 0x8001}},
		{"scalar", []float32{1}, nil},
	} {
		if x := got[c.name].Float32; !slices.Equal(x, c.want) {
			t.Errorf("%s: got %.5v…, want %.5v…", c.name, x, c.want)
		}
		if x := bits[c.name].Bits; !slices.Equal(x, c.bits) {
			t.Errorf("%s: got the bits %x, want %x", c.name, x, c.bits)
		}
	}
}

func TestLoadRefusals(t *testing.T) {
	raw := write(t, []entry{{"i", "I64", []int{1}, make([]byte, 8)}, {"x", F32, []int{2}, make([]byte, 8)}})
	f, err := New(bytes.NewReader(raw), int64(len(raw)), "f")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		dst  map[string]Values
		want string
	}{
		"an absent tensor":          {map[string]Values{"y": {}}, `f has no tensor "y"`},
		"a type that is not read":   {map[string]Values{"i": {Float32: make([]float32, 1)}}, `f: tensor "i" is of type I64; F32, F16 and BF16 can be read`},
		"a slice of another length": {map[string]Values{"x": {Float32: make([]float32, 1)}}, `f: tensor "x" has 2 elements, not 1`},
		"bits of a float32":         {map[string]Values{"x": {Bits: make([]uint16, 2)}}, `f: tensor "x" is of type F32, not of 16 bits`},
	} {
		if _, err := f.Load(into(c.dst)); err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}

func TestFixtures(t *testing.T) {
	for _, name := range []string{"bert-a-f32", "bert-b-bf16"} {
		f, err := Open(material.Path(t, "fixtures", name, "model.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		w, ok := f.Tensor("bert.embeddings.word_embeddings.weight")
		if !ok || w.Shape[0] != 30522 {
			t.Errorf("%s: word embeddings %v", name, w)
		}
		if err := f.Close(); err != nil {
			t.Error(err)
		}
	}
}

func FuzzHeader(f *testing.F) {
	for _, c := range files {
		if len(c.data) < 4096 {
			f.Add(c.data)
		}
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		file, err := New(bytes.NewReader(raw), int64(len(raw)), "fuzz")
		if err != nil {
			if err.Error() == "" {
				t.Error("an error without words")
			}
			return
		}
		dst, total := make(map[string]Values), int64(0)
		for _, tensor := range file.Tensors() {
			switch tensor.DType {
			case F32, F16:
				dst[tensor.Name] = Values{Float32: make([]float32, tensor.Len())}
			case BF16:
				dst[tensor.Name] = Values{Bits: make([]uint16, tensor.Len())}
			}
			total += tensor.Bytes()
		}
		if total != int64(len(raw))-file.data {
			t.Errorf("tensors cover %d bytes of %d", total, int64(len(raw))-file.data)
		}
		if sum, err := file.Load(into(dst)); err != nil || sum != sha256.Sum256(raw) {
			t.Errorf("reading what parsed: %v", err)
		}
	})
}

func BenchmarkLoad(b *testing.B) {
	const n = 4 << 20
	raw := write(b, []entry{{"x", F32, []int{n}, make([]byte, 4*n)}})
	f, err := New(bytes.NewReader(raw), int64(len(raw)), "bench")
	if err != nil {
		b.Fatal(err)
	}
	dst := map[string]Values{"x": {Float32: make([]float32, n)}}
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		if _, err := f.Load(into(dst)); err != nil {
			b.Fatal(err)
		}
	}
}

// into makes targets of memory.
func into(values map[string]Values) map[string]Target {
	targets := make(map[string]Target, len(values))
	for name, v := range values {
		targets[name] = Target{Memory: func() Values { return v }}
	}
	return targets
}

// TestDone reads tensors of one size into the same memory: each is complete when Done is called,
// and what comes next waits until it may be overwritten.
func TestDone(t *testing.T) {
	const n = 3 * chunk / 4 // elements: three chunks
	var raw []entry
	for i := range 5 {
		raw = append(raw, entry{string(rune('a' + i)), F32, []int{n}, bytes.Repeat([]byte{0, 0, byte(i), 0x40}, n)})
	}
	whole := write(t, raw)
	f, err := New(bytes.NewReader(whole), int64(len(whole)), "f")
	if err != nil {
		t.Fatal(err)
	}
	memory := make(chan []float32, 1)
	memory <- make([]float32, n)
	var names []string
	dst := map[string]Target{}
	for i, e := range raw {
		var x []float32
		dst[e.name] = Target{
			Finite: true,
			Memory: func() Values { x = <-memory; return Values{Float32: x} },
			Done: func() {
				names = append(names, e.name)
				want := math.Float32frombits(0x40000000 | uint32(i)<<16)
				if first := slices.IndexFunc(x, func(v float32) bool { return v != want }); first >= 0 {
					t.Errorf("%s: element %d is %v, want %v", e.name, first, x[first], want)
				}
				memory <- x
			},
		}
	}
	sum, err := f.Load(dst)
	if err != nil || sum != sha256.Sum256(whole) || !slices.Equal(names, []string{"a", "b", "c", "d", "e"}) {
		t.Errorf("got %x, %v and %v", sum, names, err)
	}
}

// TestFinite names the element that is not finite, in every way of reading.
func TestFinite(t *testing.T) {
	const n, at = 200_000, 150_001
	for _, dtype := range []DType{F32, F16, BF16} {
		size := int(bitsOf[dtype] / 8)
		data := make([]byte, n*size)
		data[at*size+size-2], data[at*size+size-1] = 0x80, 0xff // minus infinity, or NaN in F16
		raw := write(t, []entry{{"ok", dtype, []int{3}, make([]byte, 3*size)}, {"x", dtype, []int{n}, data}})
		f, err := New(bytes.NewReader(raw), int64(len(raw)), "f")
		if err != nil {
			t.Fatal(err)
		}
		for name, memory := range map[string]func() Values{
			"float32": func() Values { return Values{Float32: make([]float32, n)} },
			"bits":    func() Values { return Values{Bits: make([]uint16, n)} },
		} {
			if name == "bits" && dtype == F32 {
				continue
			}
			_, err := f.Load(map[string]Target{"x": {Memory: memory, Finite: true}})
			e, ok := err.(*NotFiniteError)
			if !ok || e.Tensor != "x" || e.Element != at || !math.IsNaN(float64(e.Value)) && !math.IsInf(float64(e.Value), -1) {
				t.Errorf("%s as %s: got %v, want element %d of x", dtype, name, err, at)
			}
			if _, err := f.Load(map[string]Target{"x": {Memory: memory}}); err != nil {
				t.Errorf("%s as %s: got %v where numbers need not be finite", dtype, name, err)
			}
		}
	}
}

// TestParts reads tensors in parts of whole rows.
func TestParts(t *testing.T) {
	const rows, width = 3000, 77
	for _, dtype := range []DType{F32, F16, BF16} {
		size := int(bitsOf[dtype] / 8)
		data := make([]byte, rows*width*size)
		for i := range rows * width {
			data[i*size], data[i*size+1] = byte(i), byte(i>>8)&0x3f
		}
		raw := write(t, []entry{{"a", F32, []int{1}, make([]byte, 4)}, {"x", dtype, []int{rows, width}, data}, {"z", F32, []int{1}, make([]byte, 4)}})
		f, err := New(bytes.NewReader(raw), int64(len(raw)), "f")
		if err != nil {
			t.Fatal(err)
		}
		for _, little := range []bool{littleEndian, false} {
			defer func(was bool) { littleEndian = was }(littleEndian)
			littleEndian = little
			var got []byte
			parts := 0
			sum, err := f.Load(map[string]Target{"x": {Finite: true, Part: func(first int, part Values) {
				if n := len(part.Float32) + len(part.Bits); first != len(got)/size || n == 0 || n%width != 0 {
					t.Errorf("%s: got %d elements from %d on after %d bytes", dtype, n, first, len(got))
				}
				for _, v := range part.Float32 {
					got = binary.LittleEndian.AppendUint32(got, math.Float32bits(v))
				}
				for _, v := range part.Bits {
					got = binary.LittleEndian.AppendUint16(got, v)
				}
				parts++
			}}})
			if err != nil || sum != sha256.Sum256(raw) || !bytes.Equal(got, data) || parts < 2 {
				t.Errorf("%s: got %d bytes in %d parts, %v, want %d", dtype, len(got), parts, err, len(data))
			}
		}
	}
}

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
	got := map[string][]float32{
		"big": make([]float32, 300_000), "bf16": make([]float32, 2), "f16": make([]float32, 3), "empty": {}, "scalar": make([]float32, 1),
	}
	for range 2 { // a file can be read again
		sum, err := f.Load(got)
		if err != nil {
			t.Fatal(err)
		}
		if want := sha256.Sum256(raw); sum != want {
			t.Errorf("hash %x, want %x", sum, want)
		}
	}
	if !slices.Equal(got["big"], big) {
		t.Error("F32 values changed")
	}
	if want := []float32{1, -3}; !slices.Equal(got["bf16"], want) {
		t.Errorf("BF16: got %v, want %v", got["bf16"], want)
	}
	if want := []float32{1, 65504, -1.0 / (1 << 24)}; !slices.Equal(got["f16"], want) {
		t.Errorf("F16: got %v, want %v", got["f16"], want)
	}
	if got["scalar"][0] != 1 {
		t.Errorf("scalar: got %v, want 1", got["scalar"])
	}
}

func TestLoadRefusals(t *testing.T) {
	raw := write(t, []entry{{"i", "I64", []int{1}, make([]byte, 8)}, {"x", F32, []int{2}, make([]byte, 8)}})
	f, err := New(bytes.NewReader(raw), int64(len(raw)), "f")
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		dst  map[string][]float32
		want string
	}{
		"an absent tensor":          {map[string][]float32{"y": nil}, `f has no tensor "y"`},
		"a type that is not read":   {map[string][]float32{"i": {0}}, `f: tensor "i" is of type I64; F32, F16 and BF16 can be read`},
		"a slice of another length": {map[string][]float32{"x": {0}}, `f: tensor "x" has 2 elements, not 1`},
	} {
		if _, err := f.Load(c.dst); err == nil || err.Error() != c.want {
			t.Errorf("%s: got %v, want %s", name, err, c.want)
		}
	}
}

// Every half is compared with its value by definition: sign × significand × 2^exponent.
func TestHalf(t *testing.T) {
	for i := range 1 << 16 {
		h := uint16(i)
		exp, frac := int(h>>10&31), float64(h&1023)
		want := math.Ldexp(1+frac/1024, exp-15)
		switch {
		case exp == 0:
			want = math.Ldexp(frac, -24)
		case exp == 31 && frac == 0:
			want = math.Inf(1)
		case exp == 31:
			want = math.NaN()
		}
		if h>>15 == 1 {
			want = -want
		}
		got := float64(half(h))
		if got != want && !(math.IsNaN(got) && math.IsNaN(want)) || math.Signbit(got) != (h>>15 == 1) {
			t.Fatalf("%#04x: got %v, want %v", h, got, want)
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
		dst, total := make(map[string][]float32), int64(0)
		for _, tensor := range file.Tensors() {
			if decoders[tensor.DType] != nil {
				dst[tensor.Name] = make([]float32, tensor.Len())
			}
			total += tensor.Bytes()
		}
		if total != int64(len(raw))-file.data {
			t.Errorf("tensors cover %d bytes of %d", total, int64(len(raw))-file.data)
		}
		if sum, err := file.Load(dst); err != nil || sum != sha256.Sum256(raw) {
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
	dst := map[string][]float32{"x": make([]float32, n)}
	b.SetBytes(int64(len(raw)))
	for b.Loop() {
		if _, err := f.Load(dst); err != nil {
			b.Fatal(err)
		}
	}
}

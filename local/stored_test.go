package local

import (
	"encoding/binary"
	"encoding/json"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/tinymodel"
)

// TestStoredPrecision: a file whose weights are in 16 bits is held in them unless another precision
// is asked for, takes less memory than in fp32, and has the same scores to the bit. One weight of
// 32 bits in a layer makes it fp32.
func TestStoredPrecision(t *testing.T) {
	pairs := []crossrank.Pair{{Query: "what is paris", Passage: "the capital of france."}, {Query: "rome", Passage: "a city, italy"}}
	scores := func(dir, quantization, want string) ([]float32, int64) {
		t.Helper()
		m, err := Open(dir, Options{Quantization: quantization, Threads: 1})
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		if got := m.Info().Quantization; got != want {
			t.Errorf("asked for %q: opened in %s, want %s", quantization, got, want)
		}
		resp, err := m.Score(t.Context(), &crossrank.Request{Pairs: pairs, Raw: true})
		if err != nil {
			t.Fatal(err)
		}
		return resp.Scores, m.Info().WeightBytes
	}
	whole, mixed := storedModel(t, ""), storedModel(t, "intermediate.dense.weight")
	want, full := scores(whole, "fp32", "fp32")
	for _, quantization := range []string{"", "auto", "bf16"} {
		got, bytes := scores(whole, quantization, "bf16")
		if !slices.Equal(got, want) || bytes >= full {
			t.Errorf("%q: got %v in %d bytes, want %v as in fp32, in fewer than its %d", quantization, got, bytes, want, full)
		}
	}
	scores(whole, "fp16", "fp16")
	scores(mixed, "auto", "fp32")
}

// storedModel writes a small model in bf16, but for the tensors of a name, which stay in float32.
func storedModel(t *testing.T, wide string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	if err := tinymodel.Write(dir); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(dir, "model.safetensors")
	data, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	type tensor struct {
		DType   string `json:"dtype"`
		Shape   []int  `json:"shape"`
		Offsets [2]int `json:"data_offsets"`
	}
	header, begin := map[string]tensor{}, 8+int(binary.LittleEndian.Uint64(data))
	if err := json.Unmarshal(data[8:begin], &header); err != nil {
		t.Fatal(err)
	}
	var body []byte
	for name, x := range header {
		low, high := begin+x.Offsets[0], begin+x.Offsets[1]
		x.Offsets[0] = len(body)
		if wide != "" && strings.HasSuffix(name, wide) {
			body = append(body, data[low:high]...)
		} else {
			x.DType = "BF16"
			for i := low; i < high; i += 4 {
				body = append(body, data[i+2:i+4]...) // the upper half of a float32
			}
		}
		x.Offsets[1] = len(body)
		header[name] = x
	}
	text, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	data = append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...)
	if err := os.WriteFile(file, append(data, body...), 0o666); err != nil {
		t.Fatal(err)
	}
	return dir
}

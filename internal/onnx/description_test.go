package onnx

import (
	"bufio"
	"bytes"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/network/sample"
)

// TestDescribe reads files that torch.onnx wrote.
func TestDescribe(t *testing.T) {
	for _, c := range []struct {
		name   string
		inputs []string
		labels int64
		where  string // of the weights
	}{
		{"roberta-pad", []string{storedIDs, storedMask}, 1, ""},
		{"distilbert-relu", []string{storedIDs, storedMask}, 2, ""},
		{"electra-even", []string{storedIDs, storedMask, storedTypes}, 1, "model.onnx_data"},
	} {
		d, err := describe(filepath.Join("testdata", "stored", c.name, "model.onnx"))
		if err != nil {
			t.Fatal(err)
		}
		var inputs []string
		for _, in := range d.inputs {
			inputs = append(inputs, in.name)
			if in.kind != int64s || len(in.dims) != 2 || in.dims[0].name != "batch_size" {
				t.Errorf("%s: got the input %+v", c.name, in)
			}
		}
		out := d.outputs[0]
		if !slices.Equal(inputs, c.inputs) || len(d.outputs) != 1 || out.name != outputName || out.kind != float32s || out.dims[1].size != c.labels {
			t.Errorf("%s: got the inputs %v and the outputs %+v", c.name, inputs, d.outputs)
		}
		if len(d.weights) < 20 || d.weights[0].location != c.where || d.weights[0].kind != float32s {
			t.Errorf("%s: got %d weights, the first %+v", c.name, len(d.weights), d.weights[0])
		}
	}
}

// TestStoredBytes counts the files that hold a model's numbers, and no other.
func TestStoredBytes(t *testing.T) {
	dir := t.TempDir()
	for name, bytes := range map[string]int{"model.onnx": 3, "model.onnx_data": 40, "model.onnx_data_1": 500, "model_fp16.onnx": 6000} {
		if err := os.WriteFile(filepath.Join(dir, name), make([]byte, bytes), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if got := StoredBytes(filepath.Join(dir, "model.onnx")); got != 543 {
		t.Errorf("got %d bytes, want 543", got)
	}
}

func TestDescribeRefuses(t *testing.T) {
	whole, err := os.ReadFile(filepath.Join("testdata", "stored", "electra-even", "model.onnx"))
	if err != nil {
		t.Fatal(err)
	}
	for name, data := range map[string][]byte{
		"nothing": nil, "text": []byte("version https://git-lfs.github.com/spec/v1\n"), "half of a file": whole[:len(whole)/2],
	} {
		path := filepath.Join(t.TempDir(), "model.onnx")
		if err := os.WriteFile(path, data, 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := describe(path); err == nil || !strings.Contains(err.Error(), "no ONNX file") {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

// describeBytes reads the description of a file in memory.
func describeBytes(t *testing.T, data []byte) *description {
	t.Helper()
	d, err := readModel(&fields{in: bufio.NewReader(bytes.NewReader(data)), left: int64(len(data))})
	if err != nil {
		t.Fatal(err)
	}
	return d
}

func FuzzDescribe(f *testing.F) {
	data, err := os.ReadFile(filepath.Join("testdata", "stored", "electra-even", "model.onnx"))
	if err != nil {
		f.Fatal(err)
	}
	f.Add(data)
	f.Add([]byte{0x3a, 0x02, 0x2a, 0x7f})
	f.Fuzz(func(_ *testing.T, data []byte) {
		d, err := readModel(&fields{in: bufio.NewReader(bytes.NewReader(data)), left: int64(len(data))})
		if err == nil {
			_, _ = precisionOf(d.weights)
		}
	})
}

// TestCheck: a file that does not belong to a network is refused, by what is wrong.
func TestCheck(t *testing.T) {
	n := sample.Network(1, sample.Geometry{
		Hidden: 16, Blocks: 1, Heads: 2, Intermediate: 20, Tokens: 30, Positions: 40, Activation: network.ReLU, Labels: 2,
	})
	free := []dimension{{name: "batch"}, {name: "tokens"}}
	good := func() *description {
		return &description{
			inputs:  []declared{{storedMask, int64s, free}, {storedIDs, int64s, free}, {storedTypes, int64s, free}},
			outputs: []declared{{outputName, float16s, []dimension{{name: "batch"}, {size: 2}}}},
			weights: []storedWeight{
				{declared{"word_embeddings", float32s, []dimension{{size: 30}, {size: 16}}}, ""},
				{declared{"rest", float32s, []dimension{{size: n.Parameters() - 30*16}}}, ""},
			},
		}
	}
	for _, c := range []struct {
		name      string
		precision Precision
		change    func(d *description)
		want      string // "": it is not refused
	}{
		{"as it should be", FP32, func(*description) {}, ""},
		{"8 bits", INT8, func(d *description) { d.weights[1].kind = uint8s }, ""},
		{"half precision", "", func(d *description) { d.weights[1].kind = float16s }, ""},
		{"data beside it", "", func(d *description) { d.weights[1].location = "model.onnx_data_1" }, ""},
		{"other inputs", "", func(d *description) { d.inputs[0].name = "pixel_values" }, `it has the input "pixel_values"; only`},
		{"no mask", "", func(d *description) { d.inputs = d.inputs[1:] }, "it has no input attention_mask"},
		{"no types", "", func(d *description) { d.inputs = d.inputs[:2] }, "it has no input token_type_ids, on which"},
		{"32 bits", "", func(d *description) { d.inputs[1].kind = int32s }, "its input input_ids has elements of int32"},
		{"a fixed length", "", func(d *description) { d.inputs[1].dims = []dimension{{size: 1}, {size: 128}} }, "its input input_ids has the fixed shape [1 128]"},
		{"an embedding", "", func(d *description) { d.outputs[0].name = "sentence_embedding" }, `it gives "sentence_embedding" and no logits, so it is no cross-encoder`},
		{"float64", "", func(d *description) { d.outputs[0].kind = 11 }, "its logits are of float64"},
		{"other labels", "", func(d *description) { d.outputs[0].dims[1].size = 3 }, "its logits have the shape [batch 3]; config.json has 2 labels"},
		{"logits of tokens", "", func(d *description) { d.outputs[0].dims = append(d.outputs[0].dims, dimension{}) }, "its logits have the shape"},
		{"another vocabulary", "", func(d *description) { d.weights[0].dims[0].size = 31 }, "it holds no embeddings of 30 tokens × 16"},
		{"another depth", "", func(d *description) { d.weights[1].dims[0].size *= 2 }, "the files belong to different models"},
		{"data elsewhere", "", func(d *description) { d.weights[1].location = "../secrets" }, `the numbers of its tensor "rest" lie in "../secrets"`},
		{"4 bits", "", func(d *description) { d.weights[1].kind = 22 }, "its weights are in int4"},
		{"packed", "", func(d *description) { d.packed = "MatMulNBits" }, "it has weights in fewer than 8 bits (the operation MatMulNBits)"},
		{"another precision", FP16, func(*description) {}, "its weights are in fp32, not in fp16"},
	} {
		d := good()
		c.change(d)
		m := &model{network: n, stored: filepath.Join("x", "model.onnx")}
		err := m.check(d, c.precision)
		if c.want == "" && err != nil || c.want != "" && (err == nil || !strings.Contains(err.Error(), c.want)) {
			t.Errorf("%s: got %v, want %q", c.name, err, c.want)
		}
	}
}

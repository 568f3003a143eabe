package checkpoint

import (
	"slices"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/half"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/safetensors"
)

// memory is a source of tensors whose elements count up from 1.
type memory map[string][]int

func (m memory) Name() string { return "memory" }

func (m memory) Close() error { return nil }

func (m memory) Tensors() []sourceTensor {
	var list []sourceTensor
	for name, shape := range m {
		list = append(list, sourceTensor{safetensors.Tensor{Name: name, DType: safetensors.F32, Shape: shape}, "memory"})
	}
	return list
}

func (m memory) Load(dst map[string]safetensors.Target) (string, error) {
	for _, target := range dst {
		x := target.Memory()
		for i := range x.Float32 {
			x.Float32[i] = float32(i + 1)
		}
		target.Done()
	}
	return "", nil
}

func load(m memory, s slots) error {
	return loadAll(m, modelConfig{translation: translation{slots: s.list}, family: &family{base: "base.", unused: []string{"pooler."}}})
}

// loadAll matches tensors with the network of c and fills it with them.
func loadAll(m memory, c modelConfig) error {
	found, err := c.match(m)
	if err == nil {
		_, err = loadWeights(m, c.network, found, nil)
	}
	return err
}

func TestFusedTensorsAreDivided(t *testing.T) {
	var query, key, gate network.Linear
	var s slots
	s.fused("qk", 2, true, part{1, &query}, part{3, &key})
	s.top = true
	s.fused("gate", 2, false, part{2, &gate})
	if err := load(memory{"base.qk.weight": {4, 2}, "base.qk.bias": {4}, "gate.weight": {2, 2}}, s); err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		name         string
		got          network.Linear
		in, out      int
		weight, bias []float32
	}{
		{"query", query, 2, 1, []float32{1, 2}, []float32{1}},
		{"key", key, 2, 3, []float32{3, 4, 5, 6, 7, 8}, []float32{2, 3, 4}},
		{"gate, without a bias", gate, 2, 2, []float32{1, 2, 3, 4}, nil},
	} {
		if c.got.In != c.in || c.got.Out != c.out || !slices.Equal(c.got.Weight, c.weight) || !slices.Equal(c.got.Bias, c.bias) {
			t.Errorf("%s: got %+v, want %+v", c.name, c.got, c)
		}
	}
}

func TestOptionalTensors(t *testing.T) {
	for _, c := range []struct {
		name string
		file memory
		want string // a part of the error
		has  bool
	}{
		{"there", memory{"a.weight": {2}, "d.weight": {2, 2}, "d.bias": {2}}, "", true},
		{"absent", memory{"a.weight": {2}}, "", false},
		{"half absent", memory{"a.weight": {2}, "d.weight": {2, 2}}, `it lacks "d.bias"`, true},
		{"unused tensors beside it", memory{"base.a.weight": {2}, "base.pooler.x": {7}}, "", false},
		{"others beside it", memory{"base.a.weight": {2}, "base.spooler.x": {7}}, `it has "base.spooler.x"`, false},
	} {
		var s slots
		dense, norm := new(network.Linear), new(network.Norm)
		s.normWithoutBias("a", 2, norm)
		s.optional(func() { dense = nil }, func() { s.linear("d", 2, 2, dense) })
		err := load(c.file, s)
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got error %v, want %q", c.name, err, c.want)
		}
		if (dense != nil) != c.has || err == nil && norm.Weight == nil {
			t.Errorf("%s: got dense layer %v and norm %v", c.name, dense, norm)
		}
	}
}

// TestTokensKeepTheirType: embeddings of tokens take the file's memory, whatever its type.
func TestTokensKeepTheirType(t *testing.T) {
	for _, dtype := range []safetensors.DType{safetensors.F32, safetensors.F16, safetensors.BF16} {
		m, err := Open(directoryOf(t, map[string]string{
			configFile: tinyConfig, vocabFile: tinyVocab, weightsFile: string(encode(t, tensorsOf(tiny(), dtype))),
		}))
		if err != nil {
			t.Fatal(err)
		}
		e := m.Network.Embeddings
		if narrow := dtype != safetensors.F32; narrow != (e.Tokens.Data == nil) || narrow != (e.Tokens.Format == half.Format(dtype)) {
			t.Errorf("%s: the tokens' embeddings have %d numbers of 32 bits and %d of 16 in the format %q",
				dtype, len(e.Tokens.Data), len(e.Tokens.Bits), e.Tokens.Format)
		}
		if e.Positions.Table.Data == nil || m.Network.Blocks[0].Up.Weight == nil {
			t.Errorf("%s: tensors that are multiplied or added are not of 32 bits", dtype)
		}
	}
}

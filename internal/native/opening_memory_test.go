package native

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"testing"

	"github.com/crossrank/crossrank/internal/checkpoint"
)

// TestOpeningMemory bounds what reading and packing a model allocates, garbage included: the packed
// weights, two blocks as the file has them, and little else. So opening takes little more memory
// than the open model.
func TestOpeningMemory(t *testing.T) {
	dir := t.TempDir()
	blockBytes := writeDecoder(t, dir)

	// The packer takes memory in chunks of up to 16 MiB, the last of which is hardly used, and a huge
	// page more for each. A layer's rows are converted 16 at a time.
	const more = 40 << 20
	precisions := Precisions
	if testing.Short() {
		precisions = []Precision{BF16, INT8}
	}
	for _, precision := range precisions {
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		from, err := checkpoint.BeginNetwork(dir)
		if err != nil {
			t.Fatal(err)
		}
		o, err := Begin(from.Network, Options{Precision: precision})
		if err != nil {
			t.Fatal(err)
		}
		weights := WeightBytes(from.Network, precision)
		if _, err := from.Read(o); err != nil {
			t.Fatal(err)
		}
		runtime.ReadMemStats(&after)
		got, most := int64(after.TotalAlloc-before.TotalAlloc), weights+2*blockBytes+more
		t.Logf("%s: allocated %d MiB for weights of %d and blocks of %d", precision, got>>20, weights>>20, blockBytes>>20)
		if got < weights || got > most {
			t.Errorf("%s: opening allocated %d bytes, want at least the %d of the weights and at most %d", precision, got, weights, most)
		}
	}
}

// writeDecoder writes a model of 12 blocks in BF16, 57 MB, and returns the bytes of a block.
func writeDecoder(t *testing.T, dir string) (blockBytes int64) {
	t.Helper()
	const hidden, blocks, heads, keyHeads, size, inner, tokens = 512, 12, 32, 16, 16, 1024, 60
	config, err := json.Marshal(map[string]any{
		"architectures": []string{"Qwen3ForSequenceClassification"}, "model_type": "qwen3", "hidden_act": "silu",
		"hidden_size": hidden, "num_hidden_layers": blocks, "num_attention_heads": heads, "num_key_value_heads": keyHeads,
		"head_dim": size, "intermediate_size": inner, "vocab_size": tokens, "max_position_embeddings": 400,
		"rms_norm_eps": 1e-6, "rope_theta": 1e4, "tie_word_embeddings": true, "id2label": map[string]string{"0": "LABEL_0"},
	})
	if err != nil {
		t.Fatal(err)
	}
	header, at := map[string]any{}, 0
	add := func(name string, shape ...int) {
		begin, bytes := at, 2
		for _, n := range shape {
			bytes *= n
		}
		at += bytes
		header[name] = map[string]any{"dtype": "BF16", "shape": shape, "data_offsets": []int{begin, at}}
	}
	add("model.embed_tokens.weight", tokens, hidden)
	add("model.norm.weight", hidden)
	add("score.weight", 1, hidden)
	first := at
	for i := range blocks {
		layer := fmt.Sprintf("model.layers.%d.", i)
		for name, shape := range map[string][]int{
			"input_layernorm": {hidden}, "post_attention_layernorm": {hidden},
			"self_attn.q_proj": {heads * size, hidden}, "self_attn.k_proj": {keyHeads * size, hidden},
			"self_attn.v_proj": {keyHeads * size, hidden}, "self_attn.o_proj": {hidden, heads * size},
			"self_attn.q_norm": {size}, "self_attn.k_norm": {size},
			"mlp.gate_proj": {inner, hidden}, "mlp.up_proj": {inner, hidden}, "mlp.down_proj": {hidden, inner},
		} {
			add(layer+name+".weight", shape...)
		}
	}
	text, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	file := append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...)
	for rng := rand.New(rand.NewPCG(1, 2)); len(file) < 8+len(text)+at; {
		file = binary.LittleEndian.AppendUint16(file, 0x3c00+uint16(rng.Uint32()&0x80ff)) // about ±1/64
	}
	for name, content := range map[string][]byte{"config.json": config, "model.safetensors": file} {
		if err := os.WriteFile(filepath.Join(dir, name), content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return int64(at-first) / blocks
}

package local

import (
	"encoding/binary"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
)

// qwenShape is the geometry of a Qwen3-Reranker.
type qwenShape struct {
	hidden, layers, intermediate int
	tied                         bool // the head's rows are the tokens' embeddings
}

// TestLargeModelsThatDoNotFit: a model of 16 GB in five files, whose weights are holes, is refused
// with what it needs and what there is, and its weights are not read.
func TestLargeModelsThatDoNotFit(t *testing.T) {
	for _, c := range []struct {
		name         string
		shape        qwenShape
		quantization string
		memory       int64
		want         string
	}{
		{"8B", qwenShape{4096, 36, 12288, false}, "fp32", 16e9, "take 29.0 GB of memory, more than the 16.0 GB that a process can have here; bf16 takes 15.1 GB"},
		{"8B", qwenShape{4096, 36, 12288, false}, "int8", 7e9, "take 7.6 GB of memory, more than the 7.0 GB"},
		{"4B", qwenShape{2560, 36, 9728, true}, "fp32", 12e9, "take 15.3 GB of memory, more than the 12.0 GB that a process can have here; bf16 takes 8.0 GB"},
		{"4B", qwenShape{2560, 36, 9728, true}, "", 6e9, "take 8.0 GB of memory, more than the 6.0 GB that a process can have here; int8 takes 4.0 GB"},
		{"4B", qwenShape{2560, 36, 9728, true}, "cascade", 16e9, "take 19.3 GB of memory, more than the 16.0 GB"},
	} {
		dir := t.TempDir()
		if err := c.shape.write(dir); err != nil {
			t.Skipf("this file system has no room for files with holes: %v", err)
		}
		before := bytesRead(t)
		_, engines, err := Options{Quantization: c.quantization}.open(c.name, dir, c.memory)
		if err == nil || !strings.Contains(err.Error(), "opening model "+c.name) || !strings.Contains(err.Error(), c.want) || engines != nil {
			t.Errorf("%s in %q: got %v, want %q", c.name, c.quantization, err, c.want)
		}
		if read := bytesRead(t) - before; read > 16<<20 {
			t.Errorf("%s in %q: %d bytes were read, want hardly more than the headers", c.name, c.quantization, read)
		}
	}
}

// bytesRead is how many bytes this process has read so far.
func bytesRead(t *testing.T) int64 {
	t.Helper()
	text, err := os.ReadFile("/proc/self/io")
	if err != nil {
		t.Skip("the system does not say how much was read: ", err)
	}
	var read int64
	if _, err := fmt.Sscanf(string(text), "rchar: %d", &read); err != nil {
		t.Fatal(err)
	}
	return read
}

// write makes the directory of a model in bf16, in five files whose weights are holes.
func (s qwenShape) write(dir string) error {
	config, err := json.Marshal(map[string]any{
		"architectures": []string{"Qwen3ForCausalLM"}, "model_type": "qwen3", "hidden_size": s.hidden, "num_hidden_layers": s.layers,
		"num_attention_heads": 32, "num_key_value_heads": 8, "head_dim": 128, "intermediate_size": s.intermediate, "vocab_size": 151669,
		"max_position_embeddings": 40960, "rope_theta": 1e6, "tie_word_embeddings": s.tied,
	})
	if err != nil {
		return err
	}
	const files = 5
	headers, sizes, places := make([]map[string]any, files), make([]int64, files), map[string]string{}
	for i := range headers {
		headers[i] = map[string]any{}
	}
	for i, tensor := range s.tensors() {
		at, bytes := i%files, int64(2)
		for _, n := range tensor.shape {
			bytes *= int64(n)
		}
		headers[at][tensor.name] = map[string]any{"dtype": "BF16", "shape": tensor.shape, "data_offsets": []int64{sizes[at], sizes[at] + bytes}}
		sizes[at] += bytes
		places[tensor.name] = fmt.Sprintf("model-%d.safetensors", at)
	}
	index, err := json.Marshal(map[string]any{"weight_map": places})
	if err != nil {
		return err
	}
	for i := range headers {
		if err := writeHoles(filepath.Join(dir, "model-"+strconv.Itoa(i)+".safetensors"), headers[i], sizes[i]); err != nil {
			return err
		}
	}
	if err := os.WriteFile(filepath.Join(dir, "model.safetensors.index.json"), index, 0o666); err != nil {
		return err
	}
	return os.WriteFile(filepath.Join(dir, "config.json"), config, 0o666)
}

// tensor is one of a file.
type tensor struct {
	name  string
	shape []int
}

func (s qwenShape) tensors() []tensor {
	const queries, keys, head = 32 * 128, 8 * 128, 128
	all := []tensor{{"model.embed_tokens.weight", []int{151669, s.hidden}}, {"model.norm.weight", []int{s.hidden}}}
	if !s.tied {
		all = append(all, tensor{"lm_head.weight", []int{151669, s.hidden}})
	}
	for i := range s.layers {
		for _, x := range []tensor{
			{"input_layernorm", []int{s.hidden}}, {"post_attention_layernorm", []int{s.hidden}},
			{"self_attn.q_proj", []int{queries, s.hidden}}, {"self_attn.k_proj", []int{keys, s.hidden}}, {"self_attn.v_proj", []int{keys, s.hidden}},
			{"self_attn.o_proj", []int{s.hidden, queries}}, {"self_attn.q_norm", []int{head}}, {"self_attn.k_norm", []int{head}},
			{"mlp.gate_proj", []int{s.intermediate, s.hidden}}, {"mlp.up_proj", []int{s.intermediate, s.hidden}}, {"mlp.down_proj", []int{s.hidden, s.intermediate}},
		} {
			all = append(all, tensor{fmt.Sprintf("model.layers.%d.%s.weight", i, x.name), x.shape})
		}
	}
	return all
}

// writeHoles writes a weights file with a header and that many bytes that take no room.
func writeHoles(name string, header map[string]any, size int64) error {
	text, err := json.Marshal(header)
	if err != nil {
		return err
	}
	data := append(binary.LittleEndian.AppendUint64(nil, uint64(len(text))), text...)
	if err := os.WriteFile(name, data, 0o666); err != nil {
		return err
	}
	if err := os.Truncate(name, int64(len(data))+size); err != nil {
		return err
	}
	info, err := os.Stat(name)
	if err != nil {
		return err
	}
	if taken := info.Sys().(*syscall.Stat_t).Blocks * 512; taken > 1<<20+int64(len(data)) {
		return fmt.Errorf("%s takes %d bytes", name, taken)
	}
	return nil
}

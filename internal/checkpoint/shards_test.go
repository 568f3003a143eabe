package checkpoint

import (
	"crypto/sha256"
	"encoding/json"
	"errors"
	"fmt"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/safetensors"
)

const (
	shard1 = "model-00001-of-00002.safetensors"
	shard2 = "model-00002-of-00002.safetensors"
)

// weightMap says which tensor is in which file.
func weightMap(files map[string][]tensor) map[string]string {
	m := map[string]string{}
	for name, list := range files {
		for _, x := range list {
			m[x.name] = name
		}
	}
	return m
}

// shardedFiles are those of a model whose weights are two files, changed as a test wants them.
func shardedFiles(t testing.TB, change func(shards map[string][]tensor, weightMap map[string]string)) map[string]string {
	t.Helper()
	files := tinyFiles(t)
	delete(files, weightsFile)
	list := tensorsOf(tiny(), safetensors.F32)
	shards := map[string][]tensor{shard1: list[:7], shard2: list[7:]}
	m := weightMap(shards)
	change(shards, m)
	for name, list := range shards {
		files[name] = string(encode(t, list))
	}
	index, err := json.MarshalIndent(map[string]any{"metadata": map[string]int{"total_size": 1}, "weight_map": m}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	files[indexFile] = string(index)
	return files
}

func TestShards(t *testing.T) {
	files := shardedFiles(t, func(map[string][]tensor, map[string]string) {})
	m, err := Open(directoryOf(t, files))
	if err != nil {
		t.Fatal(err)
	}
	checkWeights(t, m.Network, tensorsOf(tiny(), safetensors.F32))

	// The hash is what sha256sum makes of its own output.
	var list strings.Builder
	for _, name := range []string{shard1, shard2} {
		list.WriteString(fmt.Sprintf("%x  %s\n", sha256.Sum256([]byte(files[name])), name))
	}
	if want := fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(list.String()))); m.Hash != want {
		t.Errorf("hash %s, want %s", m.Hash, want)
	}

	files[weightsFile] = string(encode(t, tensorsOf(tiny(), safetensors.F32)))
	m, err = Open(directoryOf(t, files))
	if err != nil {
		t.Fatal(err)
	}
	if want := fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(files[weightsFile]))); m.Hash != want {
		t.Errorf("beside the whole: hash %s, want that of %s", m.Hash, weightsFile)
	}
}

func TestShardsRefused(t *testing.T) {
	const bias = "classifier.bias"
	for _, c := range []struct {
		name     string
		change   func(shards map[string][]tensor, m map[string]string)
		wantFile string
		want     string
	}{
		{"a file that is not there", func(s map[string][]tensor, _ map[string]string) { delete(s, shard2) },
			shard2, "model.safetensors.index.json lists it: file does not exist"},
		{"a tensor that the index has in the other file", func(_ map[string][]tensor, m map[string]string) { m[bias] = shard1 },
			shard1, `lists tensor "classifier.bias" in it, but it holds no such tensor`},
		{"a tensor that the index has and no file", func(_ map[string][]tensor, m map[string]string) { m["x"] = shard1 },
			shard1, `lists tensor "x" in it, but it holds no such tensor`},
		{"a tensor that the index has not", func(_ map[string][]tensor, m map[string]string) { delete(m, bias) },
			shard2, `it holds tensor "classifier.bias", which model.safetensors.index.json does not list here`},
		{"a tensor in both files", func(s map[string][]tensor, m map[string]string) { s[shard1] = append(s[shard1][:7:7], s[shard2][0]) },
			shard1, "does not list here"},
		{"a model that lacks a tensor", func(s map[string][]tensor, m map[string]string) {
			s[shard2] = s[shard2][:len(s[shard2])-1]
			delete(m, bias)
		}, indexFile, `it lacks "classifier.bias"`},
		{"a file in another directory", func(_ map[string][]tensor, m map[string]string) { m[bias] = "../" + shard2 },
			indexFile, "in the same directory"},
		{"a file by an absolute path", func(_ map[string][]tensor, m map[string]string) { m[bias] = "/etc/x.safetensors" },
			indexFile, "in the same directory"},
		{"a file by a path of Windows", func(_ map[string][]tensor, m map[string]string) { m[bias] = `a\b.safetensors` },
			indexFile, "in the same directory"},
		{"a file of another kind", func(_ map[string][]tensor, m map[string]string) { m[bias] = "pytorch_model.bin" },
			indexFile, "in the same directory"},
		{"a file without a name", func(_ map[string][]tensor, m map[string]string) { m[bias] = "" }, indexFile, "in the same directory"},
		{"a hidden file", func(_ map[string][]tensor, m map[string]string) { m[bias] = ".safetensors" }, indexFile, "in the same directory"},
		{"no tensors", func(_ map[string][]tensor, m map[string]string) { clear(m) }, indexFile, "it lists no tensors"},
		{"too many files", func(_ map[string][]tensor, m map[string]string) {
			for i := range maxShards {
				m[fmt.Sprint(i)] = fmt.Sprintf("%d.safetensors", i)
			}
		}, indexFile, "at most 256 can be read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := Open(directoryOf(t, shardedFiles(t, c.change)))
			if e := (*Error)(nil); !errors.As(err, &e) || e.File != c.wantFile || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error of %s with %s", err, c.wantFile, c.want)
			}
		})
	}
}

func TestBrokenIndex(t *testing.T) {
	for name, content := range map[string]string{
		"not JSON":              "",
		"no map":                `{"metadata": {}}`,
		"a map that is a list":  `{"weight_map": []}`,
		"a file that is null":   `{"weight_map": {"a": null}}`,
		"a file that is number": `{"weight_map": {"a": 1}}`,
		"a tensor twice":        `{"weight_map": {"a": "a.safetensors", "a": "b.safetensors"}}`,
		"a pointer":             pointer,
	} {
		files := shardedFiles(t, func(map[string][]tensor, map[string]string) {})
		files[indexFile] = content
		_, err := Open(directoryOf(t, files))
		if e := (*Error)(nil); !errors.As(err, &e) || e.File != indexFile {
			t.Errorf("%s: got %v, want an error of %s", name, err, indexFile)
		}
	}
	files := shardedFiles(t, func(map[string][]tensor, map[string]string) {})
	files[shard2] = files[shard2][:200]
	_, err := Open(directoryOf(t, files))
	if e := (*safetensors.Error)(nil); !errors.As(err, &e) || e.File != shard2 {
		t.Errorf("a file that ends early: got %v, want an error of %s", err, shard2)
	}
	files[shard2] = pointer
	if _, err := Open(directoryOf(t, files)); err == nil || !strings.Contains(err.Error(), shard2+": it is a Git LFS pointer") {
		t.Errorf("a file that is a pointer: got %v", err)
	}
}

// Whatever an index says, the files that it lists are in the model's directory.
func FuzzIndex(f *testing.F) {
	f.Add([]byte(`{"metadata": {"total_size": 1}, "weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model-00002-of-00002.safetensors"}}`))
	f.Add([]byte(`{"weight_map": {"a": "../a.safetensors", "b": "C:\\b.safetensors"}}`))
	f.Add([]byte(`{"weight_map": {"": "\u0000NaN", "b": NaN}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		index, err := parseIndex(data)
		if err != nil {
			if e := (*Error)(nil); !errors.As(err, &e) || e.File != indexFile {
				t.Errorf("an error without a file: %v", err)
			}
			return
		}
		for name, tensors := range index {
			if len(tensors) == 0 || strings.ContainsAny(name, "/\\:\x00") || !strings.HasSuffix(name, ".safetensors") || len(name) < 13 {
				t.Errorf("accepted the file %q with %d tensors", name, len(tensors))
			}
		}
	})
}

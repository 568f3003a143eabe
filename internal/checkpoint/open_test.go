package checkpoint

import (
	"crypto/sha256"
	"encoding/binary"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/safetensors"
)

// tiny is the config of a model with sizes that are multiples of nothing.
func tiny() encoder {
	return encoder{Hidden: 6, Layers: 2, Heads: 3, Intermediate: 10, VocabSize: 12, Positions: 9, TypeVocab: 2,
		NormEps: 1e-12, Activation: network.GELU, Labels: 1}
}

const tinyConfig = `{"architectures": ["BertForSequenceClassification"], "model_type": "bert", "hidden_size": 6,
	"num_hidden_layers": 2, "num_attention_heads": 3, "intermediate_size": 10, "vocab_size": 12,
	"max_position_embeddings": 9, "type_vocab_size": 2, "layer_norm_eps": 1e-12, "hidden_act": "gelu",
	"id2label": {"0": "LABEL_0"}}`

const tinyVocab = "[PAD]\n[UNK]\n[CLS]\n[SEP]\n[MASK]\n[unused]\na\nb\n##c\ncat\nÄ\n"

// rowsOf are the elements of a table as float32.
func rowsOf(t network.Table) (all []float32) {
	for i := range t.Rows {
		all = append(all, t.Row(i, make([]float32, t.Width))...)
	}
	return all
}

// tensor is one to be written.
type tensor struct {
	name   string
	dtype  safetensors.DType
	shape  []int
	values []float32
}

// tensorsOf gives a model's tensors with random values, as transformers names them.
func tensorsOf(c encoder, dtype safetensors.DType) []tensor {
	rnd := rand.New(rand.NewPCG(7, 7))
	var list []tensor
	for _, s := range c.bert().slots {
		t := tensor{name: "bert." + s.name, dtype: dtype, shape: s.shape}
		if strings.HasPrefix(s.name, "classifier") {
			t.name = s.name
		}
		for range s.len() {
			t.values = append(t.values, float32(rnd.IntN(512)-256)/256) // exact in every type
		}
		list = append(list, t)
	}
	return list
}

// encode writes the tensors as a safetensors file.
func encode(t testing.TB, list []tensor) []byte {
	t.Helper()
	header := map[string]any{"__metadata__": map[string]string{"format": "pt"}}
	var data []byte
	for _, x := range list {
		begin := len(data)
		for _, v := range x.values {
			switch bits := math.Float32bits(v); x.dtype {
			case safetensors.F32:
				data = binary.LittleEndian.AppendUint32(data, bits)
			case safetensors.BF16:
				data = binary.LittleEndian.AppendUint16(data, uint16(bits>>16))
			case safetensors.F16:
				data = binary.LittleEndian.AppendUint16(data, toHalf(v))
			case "I64":
				data = binary.LittleEndian.AppendUint64(data, uint64(int64(v)))
			default:
				t.Fatalf("cannot write %s", x.dtype)
			}
		}
		header[x.name] = map[string]any{"dtype": x.dtype, "shape": x.shape, "data_offsets": []int{begin, len(data)}}
	}
	h, err := json.Marshal(header)
	if err != nil {
		t.Fatal(err)
	}
	return append(append(binary.LittleEndian.AppendUint64(nil, uint64(len(h))), h...), data...)
}

// toHalf converts a number that a normal binary16, or zero, holds exactly.
func toHalf(v float32) uint16 {
	bits := math.Float32bits(v)
	if v == 0 {
		return uint16(bits >> 16)
	}
	return uint16(bits>>16&0x8000 | (bits>>23&255-127+15)<<10 | bits>>13&1023)
}

// directoryOf writes files into a new directory.
func directoryOf(t testing.TB, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	writeFiles(t, dir, files)
	return dir
}

func writeFiles(t testing.TB, dir string, files map[string]string) {
	t.Helper()
	for name, content := range files {
		if err := os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600); err != nil {
			t.Fatal(err)
		}
	}
}

// tinyFiles are those of a directory that opens.
func tinyFiles(t testing.TB) map[string]string {
	return map[string]string{
		configFile: tinyConfig, vocabFile: tinyVocab, weightsFile: string(encode(t, tensorsOf(tiny(), safetensors.F32))),
	}
}

func TestOpen(t *testing.T) {
	for _, dtype := range []safetensors.DType{safetensors.F32, safetensors.BF16, safetensors.F16} {
		t.Run(string(dtype), func(t *testing.T) {
			files := tinyFiles(t)
			list := tensorsOf(tiny(), dtype)
			files[weightsFile] = string(encode(t, list))
			dir := directoryOf(t, files)
			m, err := Open(dir)
			if err != nil {
				t.Fatal(err)
			}
			if err := m.Network.Validate(); err != nil {
				t.Error(err)
			}
			if want := fmt.Sprintf("sha256:%x", sha256.Sum256([]byte(files[weightsFile]))); m.Hash != want {
				t.Errorf("hash %s, want %s", m.Hash, want)
			}
			if m.Name != dir || m.MaxLength != 9 || m.Meaningless {
				t.Errorf("name %s, max length %d, meaningless %v", m.Name, m.MaxLength, m.Meaningless)
			}
			checkWeights(t, m.Network, list)
			if got, want := m.Tokenizer.Append(nil, "Cat acb ÁC [SEP]"), []int32{9, 1, 6, 8, 3}; !slices.Equal(got, want) {
				t.Errorf("tokens %v, want %v", got, want)
			}
		})
	}
}

// checkWeights compares fields, spelt out, with the tensors that belong there: the list of slots
// cannot vouch for itself.
func checkWeights(t *testing.T, n *network.Network, list []tensor) {
	t.Helper()
	e := n.Embeddings
	fields := map[string][]float32{
		"bert.embeddings.word_embeddings.weight":       rowsOf(e.Tokens),
		"bert.embeddings.position_embeddings.weight":   e.Positions.Table.Data,
		"bert.embeddings.token_type_embeddings.weight": e.Types.Data,
		"bert.embeddings.LayerNorm.weight":             e.Norm.Weight,
		"bert.embeddings.LayerNorm.bias":               e.Norm.Bias,
		"bert.pooler.dense.weight":                     n.Head.Dense.Weight,
		"bert.pooler.dense.bias":                       n.Head.Dense.Bias,
		"classifier.weight":                            n.Head.Output.Weight,
		"classifier.bias":                              n.Head.Output.Bias,
	}
	for i, b := range n.Blocks {
		for name, linear := range map[string]network.Linear{
			"attention.self.query": b.Query, "attention.self.key": b.Key, "attention.self.value": b.Value,
			"attention.output.dense": b.AttentionOutput, "intermediate.dense": b.Up, "output.dense": b.Down,
		} {
			fields[fmt.Sprintf("bert.encoder.layer.%d.%s.weight", i, name)] = linear.Weight
			fields[fmt.Sprintf("bert.encoder.layer.%d.%s.bias", i, name)] = linear.Bias
			if len(linear.Weight) != linear.In*linear.Out || len(linear.Bias) != linear.Out {
				t.Errorf("block %d, %s: %d weights for %d × %d", i, name, len(linear.Weight), linear.Out, linear.In)
			}
		}
		for name, norm := range map[string]*network.Norm{"attention.output": b.AttentionNorm, "output": b.FeedForwardNorm} {
			fields[fmt.Sprintf("bert.encoder.layer.%d.%s.LayerNorm.weight", i, name)] = norm.Weight
			fields[fmt.Sprintf("bert.encoder.layer.%d.%s.LayerNorm.bias", i, name)] = norm.Bias
		}
	}
	if len(fields) != len(list) {
		t.Errorf("%d fields, %d tensors", len(fields), len(list))
	}
	for _, x := range list {
		if !slices.Equal(fields[x.name], x.values) {
			t.Errorf("%s: got %v, want %v", x.name, fields[x.name], x.values)
		}
	}
}

// Names vary from file to file; what they hold does not.
func TestTensorNames(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func([]tensor) []tensor
	}{
		{"no prefix", func(l []tensor) []tensor {
			for i := range l {
				l[i].name = strings.TrimPrefix(l[i].name, "bert.")
			}
			return l
		}},
		{"saved from inside DataParallel", func(l []tensor) []tensor {
			for i := range l {
				l[i].name = "module." + l[i].name
			}
			return append(l, tensor{"module.bert.embeddings.position_ids", "I64", []int{1, 9}, make([]float32, 9)},
				tensor{"module.cls.seq_relationship.bias", safetensors.F32, []int{2}, make([]float32, 2)})
		}},
		{"norms called gamma and beta", func(l []tensor) []tensor {
			for i := range l {
				l[i].name = strings.Replace(l[i].name, "LayerNorm.weight", "LayerNorm.gamma", 1)
				l[i].name = strings.Replace(l[i].name, "LayerNorm.bias", "LayerNorm.beta", 1)
			}
			return l
		}},
		{"positions stored as a buffer", func(l []tensor) []tensor {
			return append(l, tensor{"bert.embeddings.position_ids", "I64", []int{1, 9}, make([]float32, 9)})
		}},
		{"the head of pretraining kept", func(l []tensor) []tensor {
			return append(l, tensor{"cls.seq_relationship.bias", safetensors.F32, []int{2}, make([]float32, 2)})
		}},
		{"tensors from last to first", func(l []tensor) []tensor { slices.Reverse(l); return l }},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := tinyFiles(t)
			files[weightsFile] = string(encode(t, c.change(tensorsOf(tiny(), safetensors.F32))))
			m, err := Open(directoryOf(t, files))
			if err != nil {
				t.Fatal(err)
			}
			checkWeights(t, m.Network, tensorsOf(tiny(), safetensors.F32))
		})
	}
}

// Weights that do not fit the config are refused, and the error names the tensor.
func TestTensorsRefused(t *testing.T) {
	at := func(l []tensor, name string) *tensor {
		return &l[slices.IndexFunc(l, func(x tensor) bool { return x.name == name })]
	}
	const word, bias = "bert.embeddings.word_embeddings.weight", "classifier.bias"
	for _, c := range []struct {
		name   string
		change func([]tensor) []tensor
		want   string
	}{
		{"no classifier bias", func(l []tensor) []tensor { return l[:len(l)-1] }, `it lacks "classifier.bias"`},
		{"no pooler", func(l []tensor) []tensor {
			return slices.DeleteFunc(l, func(x tensor) bool { return strings.Contains(x.name, "pooler") })
		}, `it lacks "pooler.dense.weight", "pooler.dense.bias"`},
		{"no tensors", func(l []tensor) []tensor { return nil }, `"embeddings.LayerNorm.weight" and 37 more`},
		{"one layer more than the config says", func(l []tensor) []tensor {
			return append(l, tensor{"bert.encoder.layer.2.output.dense.bias", safetensors.F32, []int{6}, make([]float32, 6)})
		}, `it has "bert.encoder.layer.2.output.dense.bias", which the network of config.json does not have`},
		{"a word less than the config says", func(l []tensor) []tensor {
			x := at(l, word)
			x.shape, x.values = []int{11, 6}, x.values[:66]
			return l
		}, `tensor "bert.embeddings.word_embeddings.weight": its shape is [11 6]; config.json makes it [12 6]`},
		{"word embeddings transposed", func(l []tensor) []tensor { at(l, word).shape = []int{6, 12}; return l }, "its shape is [6 12]"},
		{"word embeddings flattened", func(l []tensor) []tensor { at(l, word).shape = []int{72}; return l }, "its shape is [72]"},
		{"a bias as a column", func(l []tensor) []tensor { at(l, bias).shape = []int{1, 1}; return l }, "its shape is [1 1]"},
		{"two labels where the config has one", func(l []tensor) []tensor {
			*at(l, "classifier.weight") = tensor{"classifier.weight", safetensors.F32, []int{2, 6}, make([]float32, 12)}
			return l
		}, `tensor "classifier.weight": its shape is [2 6]; config.json makes it [1 6]`},
		{"integers", func(l []tensor) []tensor { at(l, bias).dtype = "I64"; return l }, `its type is I64`},
		{"an infinity of 16 bits", func(l []tensor) []tensor {
			x := at(l, word)
			x.dtype, x.values[7] = safetensors.BF16, float32(math.Inf(1))
			return l
		}, "element 7 is +Inf"},
		{"a NaN", func(l []tensor) []tensor { at(l, word).values[5] = float32(math.NaN()); return l }, "element 5 is NaN"},
		{"an infinity", func(l []tensor) []tensor { at(l, bias).values[0] = float32(math.Inf(-1)); return l }, "element 0 is -Inf"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := tinyFiles(t)
			files[weightsFile] = string(encode(t, c.change(tensorsOf(tiny(), safetensors.F32))))
			_, err := Open(directoryOf(t, files))
			if e := (*Error)(nil); !errors.As(err, &e) || e.File != weightsFile || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error of %s with %s", err, weightsFile, c.want)
			}
		})
	}
}

// Directories that lack something, or hold the wrong thing, are refused with advice.
func TestDirectoriesRefused(t *testing.T) {
	for _, c := range []struct {
		name   string
		change func(map[string]string)
		want   string
	}{
		{"no config", func(f map[string]string) { delete(f, configFile) }, "config.json"},
		{"no vocabulary", func(f map[string]string) { delete(f, vocabFile) }, "it has no tokenizer (tokenizer.json, vocab.txt, vocab.json with merges.txt, sentencepiece.bpe.model or spm.model)"},
		{"no weights", func(f map[string]string) { delete(f, weightsFile) }, "model.safetensors: file does not exist"},
		{"a pickle", pickle("pytorch_model.bin"), "pytorch_model.bin: it can run code when it is read (pickle), so it is never read; convert"},
		{"a .pt file", pickle("model.pt"), "never read"},
		{"a .pkl file", pickle("model.pkl"), "never read"},
		{"a checkpoint", pickle("model.ckpt"), "never read"},
		{"a config that is too long", func(f map[string]string) { f[configFile] += strings.Repeat(" ", maxConfigBytes) }, "more than 1048576 bytes"},
		{"broken weights", func(f map[string]string) { f[weightsFile] = f[weightsFile][:5000] }, "a safetensors file must end where its last tensor ends"},
		{"a vocabulary larger than the embeddings", func(f map[string]string) { f[vocabFile] += "x\ny\n" }, "vocab.txt: its ids go to 12, but config.json has a vocab_size of 12"},
		{"an added token beyond the embeddings", func(f map[string]string) {
			f[tokenizerConfigFile] = `{"added_tokens_decoder":{"11":{"content":"[X]"},"12":{"content":"[Y]"}}}`
		}, "its ids go to 12"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := tinyFiles(t)
			c.change(files)
			if _, err := Open(directoryOf(t, files)); err == nil || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want %s", err, c.want)
			}
		})
	}
}

func pickle(name string) func(map[string]string) {
	return func(f map[string]string) { delete(f, weightsFile); f[name] = "" }
}

func TestNamesRefused(t *testing.T) {
	file := filepath.Join(directoryOf(t, map[string]string{"model.safetensors": ""}), "model.safetensors")
	t.Chdir(t.TempDir())
	for _, c := range []struct {
		name, want string
		absent     bool
	}{
		{"", "the name of the model is empty", false},
		{"cross-encoder/ms-marco-MiniLM-L-6-v2", "crossrank pull cross-encoder/ms-marco-MiniLM-L-6-v2", true},
		{"./models/absent", "no such directory; give one that holds config.json, model.safetensors and", true},
		{file, "it is a file; give the directory that holds it", false},
		{"builtin:bert-large", `there is no built-in model "builtin:bert-large"; there is builtin:minilm-l6`, false},
	} {
		_, err := Open(c.name)
		if err == nil || !strings.Contains(err.Error(), c.want) || errors.Is(err, fs.ErrNotExist) != c.absent {
			t.Errorf("Open(%q): got %v, want %s", c.name, err, c.want)
		}
		if _, err := OpenTokenizer(c.name); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("OpenTokenizer(%q): got %v, want %s", c.name, err, c.want)
		}
	}
}

func TestOpenTokenizer(t *testing.T) {
	for _, c := range []struct {
		name   string
		files  map[string]string
		length int
	}{
		{"a directory without weights", map[string]string{vocabFile: tinyVocab, configFile: tinyConfig}, 9},
		{"only a vocabulary", map[string]string{vocabFile: tinyVocab}, 512},
		{"the tokenizer's own limit", map[string]string{vocabFile: tinyVocab, tokenizerConfigFile: `{"model_max_length":300}`}, 300},
		{"no limit, as transformers writes it", map[string]string{vocabFile: tinyVocab, configFile: tinyConfig,
			tokenizerConfigFile: `{"model_max_length":1000000000000000019884624838656}`}, 9},
		{"no limit, as Python writes it", map[string]string{vocabFile: tinyVocab, configFile: tinyConfig,
			tokenizerConfigFile: `{"model_max_length": Infinity, "something_else": [NaN, -Infinity, "NaN"]}`}, 9},
		{"a limit below the positions", map[string]string{vocabFile: tinyVocab, configFile: tinyConfig,
			tokenizerConfigFile: `{"model_max_length":8}`}, 8},
		{"a limit above the positions", map[string]string{vocabFile: tinyVocab, configFile: tinyConfig,
			tokenizerConfigFile: `{"model_max_length":512}`}, 9},
	} {
		r, err := OpenTokenizer(directoryOf(t, c.files))
		if err != nil || r.MaxLength != c.length || r.Tokenizer == nil {
			t.Errorf("%s: got %d tokens, error %v; want %d", c.name, r.MaxLength, err, c.length)
		}
	}
}

// Directory and file names inside a model cannot lead out of it: no file is opened but those with
// the known names.
func TestNoPathIsFollowed(t *testing.T) {
	files := tinyFiles(t)
	secret := filepath.Join(directoryOf(t, map[string]string{"secret": "x"}), "secret")
	files[tokenizerConfigFile] = fmt.Sprintf(`{"tokenizer_file":%q,"vocab_file":%q,"special_tokens_map_file":%q}`, secret, secret, secret)
	files[configFile] = strings.Replace(tinyConfig, "{", fmt.Sprintf(`{"_name_or_path":%q,`, secret), 1)
	if _, err := Open(directoryOf(t, files)); err != nil {
		t.Errorf("paths in a config must be passed over: %v", err)
	}
}

// The weights go from the file into their slices and are nowhere held twice.
func TestOpenHoldsWeightsOnce(t *testing.T) {
	c := tiny()
	c.Intermediate = 100_000
	files := tinyFiles(t)
	files[configFile] = strings.Replace(tinyConfig, `"intermediate_size": 10`, `"intermediate_size": 100000`, 1)
	files[weightsFile] = string(encode(t, tensorsOf(c, safetensors.F32)))
	dir := directoryOf(t, files)
	var before, after runtime.MemStats
	runtime.ReadMemStats(&before)
	if _, err := Open(dir); err != nil {
		t.Fatal(err)
	}
	runtime.ReadMemStats(&after)
	got, size := after.TotalAlloc-before.TotalAlloc, uint64(len(files[weightsFile]))
	if got > size+3<<20 {
		t.Errorf("opening a file of %d bytes allocated %d", size, got)
	}
}

// BenchmarkOpen reads a model of the size of MiniLM-L-6.
func BenchmarkOpen(b *testing.B) {
	c := builtinConfig()
	config := strings.NewReplacer(`"hidden_size": 6`, `"hidden_size": 384`, `"num_hidden_layers": 2`, `"num_hidden_layers": 6`,
		`"num_attention_heads": 3`, `"num_attention_heads": 12`, `"intermediate_size": 10`, `"intermediate_size": 1536`,
		`"vocab_size": 12`, `"vocab_size": 30522`, `"max_position_embeddings": 9`, `"max_position_embeddings": 512`).Replace(tinyConfig)
	weights := encode(b, tensorsOf(c, safetensors.F32))
	dir := directoryOf(b, map[string]string{configFile: config, vocabFile: string(builtinVocab), weightsFile: string(weights)})
	b.SetBytes(int64(len(weights)))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := Open(dir); err != nil {
			b.Fatal(err)
		}
	}
}

package checkpoint

import (
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/crossrank/crossrank/internal/safetensors"
)

const weightsFile = "model.safetensors"

// slot is a place in [Weights] and the tensor that belongs there.
type slot struct {
	name  string // without the prefix "bert."
	shape []int
	in    int // of a linear layer: how many inputs it has
	dst   *[]float32
}

func (s slot) len() int {
	n := 1
	for _, d := range s.shape {
		n *= d
	}
	return n
}

// slots lists every tensor of a model with this config, and makes room for w.Layers.
func (w *Weights) slots(c Config) []slot {
	var list []slot
	table := func(name string, rows int, dst *[]float32) {
		list = append(list, slot{name: name + ".weight", shape: []int{rows, c.Hidden}, dst: dst})
	}
	norm := func(name string, n *Norm) {
		list = append(list,
			slot{name: name + ".LayerNorm.weight", shape: []int{c.Hidden}, dst: &n.Weight},
			slot{name: name + ".LayerNorm.bias", shape: []int{c.Hidden}, dst: &n.Bias})
	}
	linear := func(name string, l *Linear, out, in int) {
		l.Out, l.In = out, in
		list = append(list,
			slot{name: name + ".weight", shape: []int{out, in}, in: in, dst: &l.Weight},
			slot{name: name + ".bias", shape: []int{out}, in: in, dst: &l.Bias})
	}
	table("embeddings.word_embeddings", c.VocabSize, &w.WordEmbeddings)
	table("embeddings.position_embeddings", c.Positions, &w.PositionEmbeddings)
	table("embeddings.token_type_embeddings", c.TypeVocab, &w.TypeEmbeddings)
	norm("embeddings", &w.EmbeddingNorm)
	w.Layers = make([]Layer, c.Layers)
	for i := range w.Layers {
		l, name := &w.Layers[i], fmt.Sprintf("encoder.layer.%d.", i)
		linear(name+"attention.self.query", &l.Query, c.Hidden, c.Hidden)
		linear(name+"attention.self.key", &l.Key, c.Hidden, c.Hidden)
		linear(name+"attention.self.value", &l.Value, c.Hidden, c.Hidden)
		linear(name+"attention.output.dense", &l.AttentionOutput, c.Hidden, c.Hidden)
		norm(name+"attention.output", &l.AttentionNorm)
		linear(name+"intermediate.dense", &l.Intermediate, c.Intermediate, c.Hidden)
		linear(name+"output.dense", &l.Output, c.Hidden, c.Intermediate)
		norm(name+"output", &l.OutputNorm)
	}
	linear("pooler.dense", &w.Pooler, c.Hidden, c.Hidden)
	linear("classifier", &w.Classifier, c.Labels, c.Hidden)
	return list
}

// loadWeights reads all tensors of a model from its source.
func loadWeights(src tensorSource, c Config) (w Weights, hash string, err error) {
	slots := w.slots(c)
	names, err := match(src, slots)
	if err != nil {
		return Weights{}, "", err
	}
	dst := make(map[string][]float32, len(slots))
	for i, s := range slots {
		*s.dst = make([]float32, s.len())
		dst[names[i].Name] = *s.dst
	}
	if hash, err = src.Load(dst); err != nil {
		return Weights{}, "", err
	}
	for i, s := range slots {
		if at := notFinite(*s.dst); at >= 0 {
			return Weights{}, "", tensorError(names[i], "element %d is %v; the file is damaged or was trained badly", at, (*s.dst)[at])
		}
	}
	return w, hash, nil
}

// match finds the tensor of each slot, checks its shape and type, and refuses tensors that have no slot: weights that
// would be left out mean that the config describes another model.
func match(src tensorSource, slots []slot) ([]sourceTensor, error) {
	byName := map[string]sourceTensor{}
	for _, t := range src.Tensors() {
		byName[t.Name] = t
	}
	wrapper, base := prefixes(byName, "bert.", slots[0].name)
	var missing []string
	used := make(map[string]bool, len(slots))
	found := make([]sourceTensor, len(slots))
	for i, s := range slots {
		t, ok := find(byName, wrapper, base, s.name)
		if !ok {
			missing = append(missing, s.name)
			continue
		}
		if !slices.Equal(t.Shape, s.shape) {
			return nil, tensorError(t, "its shape is %v; the config asks for %v", t.Shape, s.shape)
		}
		if t.DType != safetensors.F32 && t.DType != safetensors.F16 && t.DType != safetensors.BF16 {
			return nil, tensorError(t, "its type is %s; F32, F16 and BF16 can be read", t.DType)
		}
		found[i], used[t.Name] = t, true
	}
	if len(missing) > 0 {
		return nil, &Error{File: weightsFile, Err: fmt.Errorf("it lacks %s, which the config asks for", some(missing))}
	}
	var extra []string
	for _, t := range src.Tensors() {
		if name := strings.TrimPrefix(t.Name, wrapper); !used[t.Name] && !ignored(name) {
			extra = append(extra, t.Name)
		}
	}
	if len(extra) > 0 {
		return nil, &Error{File: weightsFile, Err: fmt.Errorf("it has %s, which the config has no place for", some(extra))}
	}
	return found, nil
}

// prefixes finds what stands before a model's tensor names, by the name of its first tensor. The wrapper, "module.", stands
// before all names where the model was saved from inside PyTorch's DataParallel; the base, such as "bert.", before those of
// the encoder.
func prefixes(byName map[string]sourceTensor, base, first string) (wrapper, found string) {
	for _, wrapper := range []string{"", "module."} {
		for _, base := range []string{base, ""} {
			if _, ok := byName[wrapper+base+first]; ok {
				return wrapper, base
			}
		}
	}
	return "", ""
}

// find looks for a tensor under the names that checkpoints use for it. The classifier never has the base prefix, and the
// norms of checkpoints converted from TensorFlow are called gamma and beta.
func find(byName map[string]sourceTensor, wrapper, base, name string) (sourceTensor, bool) {
	if !strings.HasPrefix(name, "classifier.") {
		name = base + name
	}
	name = wrapper + name
	t, ok := byName[name]
	if !ok {
		name = strings.Replace(name, "LayerNorm.weight", "LayerNorm.gamma", 1)
		name = strings.Replace(name, "LayerNorm.bias", "LayerNorm.beta", 1)
		t, ok = byName[name]
	}
	return t, ok
}

// ignored are tensors that cannot change a score: the positions 0, 1, 2, … that old files store as a buffer, and the
// head of pretraining, which some files keep beside the classifier.
func ignored(name string) bool {
	return strings.HasSuffix(name, "embeddings.position_ids") || strings.HasPrefix(name, "cls.")
}

func tensorError(t sourceTensor, format string, args ...any) error {
	return &Error{File: t.File, Field: fmt.Sprintf("tensor %.100q", t.Name), Err: fmt.Errorf(format, args...)}
}

// some names the first few of many.
func some(names []string) string {
	const most = 4
	var quoted []string
	for _, n := range names[:min(most, len(names))] {
		quoted = append(quoted, fmt.Sprintf("%.100q", n))
	}
	s := strings.Join(quoted, ", ")
	if n := len(names) - most; n > 0 {
		s += fmt.Sprintf(" and %d more", n)
	}
	return s
}

// notFinite is the place of the first infinity or NaN, or -1. Both have all bits of the exponent set.
func notFinite(x []float32) int {
	const exponent = 0x7f800000
	for i, v := range x {
		if math.Float32bits(v)&exponent == exponent {
			return i
		}
	}
	return -1
}

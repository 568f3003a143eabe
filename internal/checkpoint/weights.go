package checkpoint

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/safetensors"
)

const weightsFile = "model.safetensors"

// loadWeights fills the network that c describes from the tensors that match found, handing its
// blocks over to r unless that is nil, and returns what identifies the weights.
func loadWeights(src tensorSource, n *network.Network, found []filledSlot, r network.Receiver) (hash string, err error) {
	l := startLoader(n, found, r)
	slots := map[string][]filledSlot{} // by their tensor
	for _, f := range found {
		slots[f.tensor.Name] = append(slots[f.tensor.Name], f)
	}
	dst := make(map[string]safetensors.Target, len(slots))
	for name, same := range slots {
		dst[name] = l.target(same)
	}
	hash, err = src.Load(dst)
	l.finish(err)
	if e, ok := errors.AsType[*safetensors.NotFiniteError](err); ok {
		return "", tensorError(slots[e.Tensor][0].tensor, "element %d is %v; the file is damaged or was trained badly", e.Element, e.Value)
	}
	return hash, err
}

// filledSlot is a slot and the tensor for it.
type filledSlot struct {
	slot
	tensor sourceTensor
}

// match finds the tensor of each slot and checks its shape and type. It refuses tensors that have
// no slot: weights that would be left out mean that the config describes another model.
func (c *modelConfig) match(src tensorSource) ([]filledSlot, error) {
	byName := map[string]sourceTensor{}
	for _, t := range src.Tensors() {
		byName[t.Name] = t
	}
	wrapper, base := prefixes(byName, c.family.base, c.slots[0].name)
	found, missing := fillSlots(c.slots, byName, wrapper, base)
	if len(missing) > 0 {
		return nil, &Error{File: src.Name(), Err: fmt.Errorf("it lacks %s, which the network of config.json needs", some(missing))}
	}
	used := make(map[string]bool, len(found))
	for _, f := range found {
		if err := f.check(); err != nil {
			return nil, err
		}
		used[f.tensor.Name] = true
	}
	var extra []string
	for _, t := range src.Tensors() {
		name := strings.TrimPrefix(t.Name, wrapper)
		if !used[t.Name] && !c.family.ignores(name) {
			extra = append(extra, t.Name)
		}
	}
	if len(extra) > 0 {
		return nil, &Error{File: src.Name(), Err: fmt.Errorf("it has %s, which the network of config.json does not have", some(extra))}
	}
	return found, nil
}

// fillSlots finds the tensors of slots, and lists the names of those that the file lacks. An option
// that it lacks altogether is dropped.
func fillSlots(slots []slot, byName map[string]sourceTensor, wrapper, base string) (found []filledSlot, missing []string) {
	has := map[*option]bool{nil: true} // options of which the file has a tensor
	for _, s := range slots {
		if t, ok := find(byName, wrapper, base, s); ok {
			found, has[s.option] = append(found, filledSlot{s, t}), true
		}
	}
	for _, s := range slots {
		if _, ok := find(byName, wrapper, base, s); ok {
			continue
		}
		if has[s.option] {
			missing = append(missing, s.name)
		} else {
			s.option.drop()
		}
	}
	return found, missing
}

// check compares the tensor with the slot.
func (f filledSlot) check() error {
	t := f.tensor
	if !slices.Equal(t.Shape, f.shape) {
		return tensorError(t, "its shape is %v; config.json makes it %v", t.Shape, f.shape)
	}
	if !t.DType.Loadable() {
		return tensorError(t, "its type is %s; F32, F16 and BF16 can be read", t.DType)
	}
	return nil
}

// prefixes finds what precedes a model's tensor names, by the name of its first tensor. The
// wrapper, "module.", stands before all names where the model was saved from inside PyTorch's
// DataParallel; the base, such as "bert.", stands before those of the encoder.
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

// find looks for a slot's tensor under the names that checkpoints use for it. The norms of
// checkpoints converted from TensorFlow are called gamma and beta.
func find(byName map[string]sourceTensor, wrapper, base string, s slot) (sourceTensor, bool) {
	name := wrapper + base + s.name
	if s.top {
		name = wrapper + s.name
	}
	t, ok := byName[name]
	if !ok {
		name = strings.Replace(name, "LayerNorm.weight", "LayerNorm.gamma", 1)
		name = strings.Replace(name, "LayerNorm.bias", "LayerNorm.beta", 1)
		t, ok = byName[name]
	}
	return t, ok
}

// ignores reports whether a tensor cannot change a score: the positions 0, 1, 2, … that old files
// store as a buffer, and what the family says is not used.
func (f *family) ignores(name string) bool {
	name = strings.TrimPrefix(name, f.base)
	return name == "embeddings.position_ids" ||
		slices.ContainsFunc(f.unused, func(prefix string) bool { return strings.HasPrefix(name, prefix) })
}

func tensorError(t sourceTensor, format string, args ...any) error {
	return &Error{File: t.File, Field: fmt.Sprintf("tensor %.100q", t.Name), Err: fmt.Errorf(format, args...)}
}

// some names the first few of many.
func some(names []string) string {
	quoted := make([]string, len(names))
	for i, n := range names {
		quoted[i] = fmt.Sprintf("%.100q", n)
	}
	return firstOf(quoted)
}

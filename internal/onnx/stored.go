package onnx

import (
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/crossrank/crossrank/internal/network"
)

// The inputs of stored files, by the names that exporters give them. Their output has the name
// [outputName].
const (
	storedIDs   = "input_ids"      // B × S
	storedMask  = "attention_mask" // B × S: 1 for a token, 0 for padding
	storedTypes = "token_type_ids" // B × S; not in every file
)

// StoredOpening opens a network whose weights are in an ONNX file.
type StoredOpening struct {
	network *network.Network
	model   *model
}

var _ network.Receiver = (*StoredOpening)(nil)

// BeginStored begins to open the file of a network. It refuses one that does not have the inputs,
// the output and the weights of such a network, or that is not in the precision that is asked for.
// Of the options it uses Device and Precision.
func BeginStored(n *network.Network, opts Options) (*StoredOpening, error) {
	if err := n.ValidateStructure(); err != nil {
		return nil, err
	}
	l, p, err := openDevice(opts.Device)
	if err != nil {
		return nil, err
	}
	m := &model{library: l, provider: p, network: n, stored: n.File}
	d, err := describe(n.File)
	if err == nil {
		err = m.check(d, opts.Precision)
	}
	if err != nil {
		return nil, fmt.Errorf("%s: %w", n.File, err)
	}
	m.feeds = storedFeeds{n}
	for _, in := range d.inputs {
		m.inputs = append(m.inputs, in.name)
	}
	return &StoredOpening{n, m}, nil
}

// Block implements [network.Receiver]: the library reads the weights itself.
func (o *StoredOpening) Block(int) {}

// Tokens implements [network.Receiver].
func (o *StoredOpening) Tokens() func(first int, rows network.Table) { return nil }

// Start opens the file in the library. It uses the options that BeginStored does not.
func (o *StoredOpening) Start(opts Options) (e *Engine, err error) {
	if o.model.maxTokens, err = longest(o.network, opts); err != nil {
		return nil, err
	}
	return o.model.start(opts.Threads)
}

func named(name string) func(declared) bool {
	return func(v declared) bool { return v.name == name }
}

// check compares a file with the network that the model's settings describe, and sets the precision
// and the type of the output.
func (m *model) check(d *description, precision Precision) error {
	if m.network.Causal {
		return errors.New("it holds a decoder, which is only read from model.safetensors")
	}
	if err := checkInputs(d.inputs, m.network); err != nil {
		return err
	}
	var err error
	if m.output, err = checkOutput(d.outputs, m.network.Head.Output.Out); err != nil {
		return err
	}
	if err := checkWeights(d.weights, filepath.Base(m.stored), m.network); err != nil {
		return err
	}
	if m.precision, err = precisionOf(d.weights); err != nil {
		return err
	}
	if precision != "" && precision != m.precision {
		return fmt.Errorf("its weights are in %s, not in %s; ask for %[1]s, or leave the precision out", m.precision, precision)
	}
	return nil
}

func checkInputs(inputs []declared, n *network.Network) error {
	for _, in := range inputs {
		switch {
		case !slices.Contains([]string{storedIDs, storedMask, storedTypes}, in.name):
			return fmt.Errorf("it has the input %.100q; only %s, %s and %s can be given", in.name, storedIDs, storedMask, storedTypes)
		case in.kind != int64s:
			return fmt.Errorf("its input %s has elements of %s; export it with int64", in.name, in.kind)
		case len(in.dims) != 2 || in.dims[0].size != 0 || in.dims[1].size != 0:
			return fmt.Errorf("its input %s has the fixed shape %v; export it with dynamic axes", in.name, in.dims)
		}
	}
	needed := []string{storedIDs, storedMask}
	if t := n.Embeddings.Types; t != nil && t.Rows > 1 {
		needed = append(needed, storedTypes)
	}
	for _, name := range needed {
		if !slices.ContainsFunc(inputs, named(name)) {
			return fmt.Errorf("it has no input %s, on which the scores of this model depend", name)
		}
	}
	return nil
}

// checkOutput returns the type of the logits.
func checkOutput(outputs []declared, labels int) (element, error) {
	i := slices.IndexFunc(outputs, named(outputName))
	if i < 0 {
		var names []string
		for _, out := range outputs {
			names = append(names, fmt.Sprintf("%.100q", out.name))
		}
		return 0, fmt.Errorf("it gives %s and no %s, so it is no cross-encoder; export the model for the task text-classification",
			strings.Join(names, ", "), outputName)
	}
	out := outputs[i]
	if out.kind != float32s && out.kind != float16s {
		return 0, fmt.Errorf("its %s are of %s; float32 and float16 can be read", outputName, out.kind)
	}
	if n := len(out.dims); n != 2 || out.dims[1].size != 0 && out.dims[1].size != int64(labels) {
		return 0, fmt.Errorf("its %s have the shape %v; config.json has %d labels", outputName, out.dims, labels)
	}
	return out.kind, nil
}

// Of a file's numbers, at least so many and at most so many times those of the network are weights:
// exporters leave out what no score depends on, and add constants.
const leastWeights, mostWeights = 0.75, 1.5

// checkWeights refuses weights of another network, and those that lie elsewhere.
func checkWeights(weights []storedWeight, file string, n *network.Network) error {
	tokens, sum := n.Embeddings.Tokens, int64(0)
	found := false
	for _, w := range weights {
		sum += w.elements()
		found = found || len(w.dims) == 2 && w.dims[0].size == int64(tokens.Rows) && w.dims[1].size == int64(tokens.Width)
		if l := w.location; l != "" && !isDataOf(file, l) {
			return fmt.Errorf("the numbers of its tensor %.100q lie in %.100q; they must be in the file, or beside it in %s_data", w.name, l, file)
		}
	}
	all := n.Parameters()
	if share := float64(sum) / float64(all); !(share >= leastWeights && share <= mostWeights) {
		return fmt.Errorf("it holds %d numbers, and config.json describes a network of %d; the files belong to different models", sum, all)
	}
	if !found {
		return fmt.Errorf("it holds no embeddings of %d tokens × %d, which config.json describes; the files belong to different models",
			tokens.Rows, tokens.Width)
	}
	return nil
}

// isDataOf reports whether a location is a file beside the model's, named after it.
func isDataOf(file, location string) bool {
	return filepath.IsLocal(location) && filepath.Base(location) == location &&
		(strings.HasPrefix(location, file+"_data") || strings.HasPrefix(location, file+".data"))
}

// precisionOf is what most of the numbers are held in.
func precisionOf(weights []storedWeight) (Precision, error) {
	sums := map[element]int64{}
	most := float32s
	for _, w := range weights {
		kind := w.kind
		if kind == uint8s {
			kind = int8s
		}
		if sums[kind] += w.elements(); sums[kind] > sums[most] {
			most = kind
		}
	}
	switch most {
	case float32s:
		return FP32, nil
	case float16s:
		return FP16, nil
	case int8s:
		return INT8, nil
	}
	return "", fmt.Errorf("its weights are in %s; float32, float16 and int8 can be computed", most)
}

// storedFeeds makes the inputs of padded batches for a stored file.
type storedFeeds struct{ n *network.Network }

// make is the inputs of sequences, padded to a length.
func (f storedFeeds) make(seqs []network.Sequence, length int) map[string]*tensor {
	cells, dims := len(seqs)*length, []int64{int64(len(seqs)), int64(length)}
	ids, mask, types := make([]int64, cells), make([]int64, cells), make([]int64, cells)
	if p := f.n.Embeddings.Positions; p != nil && p.Offset > 0 {
		for i := range ids {
			ids[i] = int64(p.Offset - 1) // padding, which has no position
		}
	}
	readsTypes := f.n.Embeddings.Types != nil && f.n.Embeddings.Types.Rows > 1
	for i, q := range seqs {
		for j, id := range q.IDs {
			at := i*length + j
			ids[at], mask[at] = int64(id), 1
			if readsTypes && j >= q.TypeBoundary {
				types[at] = 1
			}
		}
	}
	return map[string]*tensor{
		storedIDs: tensorOf(int64s, ids, dims...), storedMask: tensorOf(int64s, mask, dims...), storedTypes: tensorOf(int64s, types, dims...),
	}
}

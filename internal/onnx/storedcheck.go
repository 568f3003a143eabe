package onnx

import (
	"fmt"
	"path/filepath"
	"slices"
	"strings"

	"github.com/crossrank/crossrank/internal/network"
)

func named(name string) func(declared) bool {
	return func(v declared) bool { return v.name == name }
}

// check compares a file with the network that the model's settings describe, and sets the precision
// and the type of the output.
func (m *model) check(d *description, precision Precision) error {
	var err error
	if m.network.Causal {
		m.decoder, err = newDecoder(d, m.network)
	} else if err = checkInputs(d.inputs, m.network); err == nil {
		m.output, err = checkOutput(d.outputs, m.network.Head.Output.Out)
	}
	if err != nil {
		return err
	}
	if d.scaledByRun {
		m.padding = alone
	}
	if d.packed != "" {
		return fmt.Errorf("it has weights in fewer than 8 bits (the operation %s); float32, float16 and int8 can be computed", d.packed)
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

// findLogits is the output that has the logits, in a file that is exported for a task.
func findLogits(outputs []declared, task string) (declared, error) {
	i := slices.IndexFunc(outputs, named(outputName))
	if i < 0 {
		var names []string
		for _, out := range outputs {
			names = append(names, fmt.Sprintf("%.100q", out.name))
		}
		return declared{}, fmt.Errorf("it gives %s and no %s, so it is no cross-encoder; export the model for the task %s",
			strings.Join(names, ", "), outputName, task)
	}
	out := outputs[i]
	if out.kind.bytes() == 0 {
		return declared{}, fmt.Errorf("its %s are of %s; float32 and float16 can be read", outputName, out.kind)
	}
	return out, nil
}

// checkOutput returns the type of the logits.
func checkOutput(outputs []declared, labels int) (element, error) {
	out, err := findLogits(outputs, "text-classification")
	if err != nil {
		return 0, err
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
	most := all
	if n.Head.Tokens != nil { // the output embeddings of all tokens may be beside those of the input
		most += int64(tokens.Rows) * int64(tokens.Width)
	}
	if float64(sum) < leastWeights*float64(all) || float64(sum) > mostWeights*float64(most) {
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

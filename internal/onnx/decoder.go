package onnx

import (
	"fmt"
	"slices"
	"strconv"
	"strings"
	"sync/atomic"

	"github.com/crossrank/crossrank/internal/network"
)

// The inputs that stored files of decoders have besides, by the names that exporters give them.
const (
	storedPositions = "position_ids"     // B × S
	storedPast      = "past_key_values." // N.key and N.value: B × key heads × earlier tokens × elements; there are none
)

// storedKeep are the inputs that say of how many last tokens the logits are wanted: of one.
var storedKeep = []string{"num_logits_to_keep", "logits_to_keep"}

// decoder computes a stored file of a decoder. Its output has the logits of each token of the
// vocabulary, or of each label: for every token of the sequences, or for the last one.
type decoder struct {
	network *network.Network
	inputs  []declared
	every   atomic.Bool // an output had the logits of every token
}

// newDecoder compares what a file declares with the network that its settings describe. A language
// model is one whose head names tokens.
func newDecoder(file *description, n *network.Network) (*decoder, error) {
	d := &decoder{network: n, inputs: file.inputs}
	for _, in := range file.inputs {
		if err := d.checkInput(in); err != nil {
			return nil, err
		}
	}
	if !slices.ContainsFunc(file.inputs, named(storedIDs)) {
		return nil, fmt.Errorf("it has no input %s, on which the scores of this model depend", storedIDs)
	}
	out, err := findLogits(file.outputs, d.task())
	if err == nil {
		err = d.checkOutput(out)
	}
	return d, err
}

// task is what such a model is exported for.
func (d *decoder) task() string {
	if d.network.Head.Tokens != nil {
		return "text-generation"
	}
	return "text-classification"
}

// width is how many logits a token has in the output.
func (d *decoder) width() int {
	if d.network.Head.Tokens != nil {
		return d.network.Embeddings.Tokens.Rows
	}
	return d.network.Head.Output.Out
}

func isKeep(in declared) bool { return slices.Contains(storedKeep, in.name) }

// checkInput refuses an input that cannot be given.
func (d *decoder) checkInput(in declared) error {
	kinds, shape := []element{int64s}, false
	switch {
	case slices.Contains([]string{storedIDs, storedMask, storedPositions}, in.name):
		shape = len(in.dims) == 2 && in.dims[0].size <= 1 && in.dims[1].size == 0
	case strings.HasPrefix(in.name, storedPast):
		if !d.isPast(in.name) {
			return fmt.Errorf("it has the input %.100q; config.json describes %d layers", in.name, len(d.network.Blocks))
		}
		kinds = []element{float32s, float16s}
		shape = len(in.dims) == 4 && in.dims[0].size <= 1 && in.dims[1].mayBe(d.network.KVHeads) && in.dims[2].size == 0 &&
			in.dims[3].mayBe(d.network.HeadSize)
	case isKeep(in):
		shape = len(in.dims) == 0 || len(in.dims) == 1 && in.dims[0].mayBe(1)
	default:
		return fmt.Errorf("it has the input %.100q; only %s, %s, %s, %sN.key, %[5]sN.value and %s can be given", in.name,
			storedIDs, storedMask, storedPositions, storedPast, strings.Join(storedKeep, ", "))
	}
	switch {
	case !slices.Contains(kinds, in.kind):
		return fmt.Errorf("its input %s has elements of %s; export it with %v", in.name, in.kind, kinds)
	case !shape:
		return fmt.Errorf("its input %s has the shape %v, which does not fit config.json or is fixed; export it with dynamic axes",
			in.name, in.dims)
	}
	return nil
}

// isPast reports whether a name is that of the keys or the values of a block.
func (d *decoder) isPast(name string) bool {
	block, of, _ := strings.Cut(strings.TrimPrefix(name, storedPast), ".")
	n, err := strconv.Atoi(block)
	return err == nil && n >= 0 && n < len(d.network.Blocks) && (of == "key" || of == "value")
}

// mayBe reports whether a dimension has a size, or is free.
func (d dimension) mayBe(size int) bool { return d.size == 0 || d.size == int64(size) }

// checkOutput refuses logits that are not those of the network's head.
func (d *decoder) checkOutput(out declared) error {
	last := len(out.dims) - 1
	switch {
	case last != 1 && (last != 2 || d.network.Head.Pooling != network.LastToken):
		return fmt.Errorf("its %s have the shape %v; want sequences × tokens × %d", outputName, out.dims, d.width())
	case out.dims[last].mayBe(d.width()):
		return nil
	case d.network.Head.Tokens == nil:
		return fmt.Errorf("its %s have the shape %v; config.json has %d labels", outputName, out.dims, d.width())
	}
	return fmt.Errorf("its %s have the shape %v, and config.json describes a language model of %d tokens; if it gives the logits of no and "+
		"yes, in this order, write ForSequenceClassification for ForCausalLM in config.json, and the two labels in id2label",
		outputName, out.dims, d.width())
}

// compute computes the logits of the head for sequences that are padded to a length.
func (d *decoder) compute(s *session, seqs []network.Sequence, length int, p padding) (values []float32, err error) {
	err = s.runAndRead(d.make(seqs, length, p), func(out *tensor) (err error) {
		values, err = d.pick(out, seqs, length, p)
		return err
	})
	return values, err
}

// make is the inputs of sequences, padded to a length.
func (d *decoder) make(seqs []network.Sequence, length int, p padding) map[string]*tensor {
	cells, b := len(seqs)*length, int64(len(seqs))
	ids, mask, positions := make([]int64, cells), make([]int64, cells), make([]int64, cells)
	for i, q := range seqs {
		low := i*length + p.before(q, length)
		for j, id := range q.IDs {
			ids[low+j], mask[low+j], positions[low+j] = int64(id), 1, int64(j)
		}
	}
	all := map[string]*tensor{}
	for name, values := range map[string][]int64{storedIDs: ids, storedMask: mask, storedPositions: positions} {
		all[name] = tensorOf(int64s, values, b, int64(length))
	}
	for _, in := range d.inputs {
		switch {
		case strings.HasPrefix(in.name, storedPast):
			all[in.name] = tensorOf[byte](in.kind, nil, b, int64(d.network.KVHeads), 0, int64(d.network.HeadSize))
		case isKeep(in):
			all[in.name] = tensorOf(int64s, []int64{1}, slices.Repeat([]int64{1}, len(in.dims))...)
		}
	}
	return all
}

// pick takes the logits of the head out of the output, at the last token of each sequence.
func (d *decoder) pick(out *tensor, seqs []network.Sequence, length int, p padding) ([]float32, error) {
	width, rows := d.width(), 1
	want := []int64{int64(len(seqs)), int64(width)}
	if len(out.dims) == 3 {
		rows = int(out.dims[1])
		want = slices.Insert(want, 1, int64(rows))
	}
	if !slices.Equal(out.dims, want) || rows != 1 && rows != length {
		return nil, fmt.Errorf("the file computes %s of the shape %v for %d sequences of %d tokens", outputName, out.dims, len(seqs), length)
	}
	columns := d.network.Head.Tokens
	if columns == nil {
		columns = []int32{0, 1}[:width]
	}
	if rows > 1 {
		d.every.Store(true)
	}
	var values []float32
	for i, q := range seqs {
		row := i * rows
		if rows > 1 {
			row += p.before(q, length) + len(q.IDs) - 1
		}
		for _, c := range columns {
			values = append(values, out.float(row*width+int(c)))
		}
	}
	return values, nil
}

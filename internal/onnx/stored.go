package onnx

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"

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
	o.model.inFlight = opts.InFlight
	e, err = o.model.start(opts.Threads)
	if err != nil || o.model.padding == alone {
		return e, err
	}
	if err := e.findPadding(); err != nil {
		return nil, errors.Join(fmt.Errorf("%s: computing a few tokens: %w", o.model.stored, err), e.Close())
	}
	return e, nil
}

// StoredBytes is the size of an ONNX file and of those beside it that hold its numbers; 0 if it
// cannot be read.
func StoredBytes(path string) (bytes int64) {
	entries, err := os.ReadDir(filepath.Dir(path))
	if err != nil {
		return 0
	}
	file := filepath.Base(path)
	for _, e := range entries {
		info, err := os.Stat(filepath.Join(filepath.Dir(path), e.Name())) // of what a link leads to
		if err == nil && (e.Name() == file || isDataOf(file, e.Name())) {
			bytes += info.Size()
		}
	}
	return bytes
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

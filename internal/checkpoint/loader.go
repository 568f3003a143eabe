package checkpoint

import (
	"runtime"
	"slices"
	"strconv"
	"strings"
	"sync"

	"github.com/crossrank/crossrank/internal/half"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/safetensors"
)

// loader fills a network while its file is read, and hands each block over to a receiver once it is
// complete. The memory of a block's linear layers is used again for later blocks, so that a few
// blocks are in memory at a time, provided that the file has the tensors of a block together.
// Without a receiver the network keeps everything.
type loader struct {
	network  *network.Network
	receiver network.Receiver // nil: none
	left     []int            // of each block: tensors that are not there yet
	given    []bool           // of each block: handed over
	memory   memoryPool
	buffers  [][]safetensors.Values // of each block: what goes back into the pool

	blocks  chan int // complete ones
	workers sync.WaitGroup
}

// startLoader starts the handing over of blocks. The caller calls finish.
func startLoader(n *network.Network, found []filledSlot, r network.Receiver) *loader {
	l := &loader{network: n, receiver: r}
	if r == nil {
		return l
	}
	blocks := len(n.Blocks)
	l.left, l.given, l.buffers = make([]int, blocks), make([]bool, blocks), make([][]safetensors.Values, blocks)
	l.blocks = make(chan int, blocks)
	most := make([]int, blocks)
	for _, f := range found {
		if i := l.blockOf(f.slot); i >= 0 {
			l.left[i]++
			most[i] += int(f.tensor.Bytes())
		}
	}
	l.memory.init(blocksInMemory * slices.Max(most))
	for range min(runtime.GOMAXPROCS(0), blocks) {
		l.workers.Go(l.handOver)
	}
	return l
}

// blocksInMemory is how many blocks' weights are in memory at once: one that is being read, and one
// that all cores pack.
const blocksInMemory = 2

// blockOf is the block that a slot belongs to, by the number in its name; -1: none, or it does not
// matter since blocks are not handed over.
func (l *loader) blockOf(s slot) int {
	for part := range strings.SplitSeq(s.name, ".") {
		if i, err := strconv.Atoi(part); err == nil && i >= 0 && i < len(l.left) {
			return i
		}
	}
	return -1
}

// target is what becomes of the tensor of slots, which are one or more with the same tensor.
func (l *loader) target(slots []filledSlot) safetensors.Target {
	if take := l.takesParts(slots); take != nil {
		return safetensors.Target{Finite: true, Part: take}
	}
	var x safetensors.Values
	return safetensors.Target{
		Finite: true,
		Memory: func() safetensors.Values {
			x = l.allocate(slots)
			return x
		},
		Done: func() {
			if s := slots[0]; s.also != nil {
				s.also(0, s.rowsOf(x))
			}
			for _, s := range slots {
				s.fill(x)
				l.arrived(s.slot)
			}
		},
	}
}

// takesParts is what takes the tensor of slots in parts: a table of which the network keeps
// nothing, or the token embeddings, if it is theirs alone and the receiver keeps them in a form of
// its own; else nil.
func (l *loader) takesParts(slots []filledSlot) func(first int, part safetensors.Values) {
	s := slots[0]
	if len(slots) > 1 || !s.tokens && !s.passing {
		return nil
	}
	var receive func(int, network.Table)
	if !s.passing {
		if l.receiver == nil {
			return nil
		}
		if receive = l.receiver.Tokens(); receive == nil {
			return nil
		}
	}
	return func(first int, part safetensors.Values) {
		rows := s.rowsOf(part)
		if s.also != nil {
			s.also(first/s.shape[1], rows)
		}
		if receive != nil {
			receive(first/s.shape[1], s.changed(rows))
		}
	}
}

// changed returns rows with every number changed, in memory of their own, or rows if there is no
// change.
func (f filledSlot) changed(rows network.Table) network.Table {
	if f.change == nil {
		return rows
	}
	changed := network.Table{Rows: rows.Rows, Width: rows.Width, Data: make([]float32, rows.Rows*rows.Width)}
	for r := range rows.Rows {
		own := changed.Row(r, nil)
		copy(own, rows.Row(r, own))
		f.apply(own)
	}
	return changed
}

// apply changes numbers in place, if there is a change.
func (f filledSlot) apply(x []float32) {
	if f.change == nil {
		return
	}
	for i, v := range x {
		x[i] = f.change(v)
	}
}

// rowsOf makes a table of some rows of the tensor.
func (f filledSlot) rowsOf(part safetensors.Values) network.Table {
	width := f.shape[1]
	rows := network.Table{Rows: (len(part.Float32) + len(part.Bits)) / width, Width: width, Data: part.Float32}
	if part.Bits != nil {
		rows.Format, rows.Bits = half.Format(f.tensor.DType), part.Bits
	}
	return rows
}

// allocate makes memory for a tensor. That of a block's matrices is used again; executors may keep
// its norms and biases. Matrices of a block that is handed over stay in the file's 16 bits, as the
// embeddings of tokens do.
func (l *loader) allocate(slots []filledSlot) safetensors.Values {
	f := slots[0]
	bits := f.putBits != nil && f.tensor.DType != safetensors.F32
	i := l.blockOf(f.slot)
	if i < 0 || len(slots) > 1 || len(f.shape) < 2 {
		return newValues(f.len(), bits && f.tokens)
	}
	x := l.memory.take(f.len(), bits)
	l.buffers[i] = append(l.buffers[i], x)
	return x
}

func newValues(n int, bits bool) safetensors.Values {
	if bits {
		return safetensors.Values{Bits: make([]uint16, n)}
	}
	return safetensors.Values{Float32: make([]float32, n)}
}

// fill gives the network the tensor's numbers.
func (f filledSlot) fill(x safetensors.Values) {
	if x.Bits != nil {
		f.putBits(half.Format(f.tensor.DType), x.Bits)
		return
	}
	f.apply(x.Float32)
	f.put(x.Float32)
}

// arrived notes that a slot is filled.
func (l *loader) arrived(s slot) {
	i := l.blockOf(s)
	if i < 0 {
		return
	}
	if l.left[i]--; l.left[i] == 0 && l.network.Blocks[i].Loaded() {
		l.give(i)
	}
}

func (l *loader) give(i int) {
	l.given[i] = true
	l.memory.busy(1)
	l.blocks <- i
}

// handOver hands blocks over as they come.
func (l *loader) handOver() {
	for i := range l.blocks {
		l.receiver.Block(i)
		l.network.Blocks[i].Drop()
		l.memory.give(l.buffers[i])
		l.buffers[i] = nil
		l.memory.busy(-1)
	}
}

// finish hands over what is left, if the file was read without an error, and waits until all blocks
// are.
func (l *loader) finish(err error) {
	if l.receiver == nil {
		return
	}
	for i, given := range l.given {
		if !given && err == nil {
			l.give(i)
		}
	}
	close(l.blocks)
	l.workers.Wait()
}

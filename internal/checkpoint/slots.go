package checkpoint

import (
	"github.com/crossrank/crossrank/internal/half"
	"github.com/crossrank/crossrank/internal/network"
)

// slot is one tensor of a file and where its numbers belong.
type slot struct {
	name   string // without the family's base
	top    bool   // see slots
	option *option
	shape  []int
	in     int // of a linear layer: how many inputs it has

	// put gives the network the tensor's numbers. It keeps the slice.
	put func([]float32)

	// putBits is put for a tensor of 16 bits; nil: it has to be converted.
	putBits func(half.Format, []uint16)

	// change changes each number on its way to put, which then gets float32; nil: none does. What
	// also gets stays as it is. No other slot has the same tensor.
	change func(float32) float32

	tokens bool // the tensor is the embeddings of tokens

	// also gets the rows of a table as well, those from number first on, once or in parts. If
	// passing is set, the network keeps nothing of the table.
	also    func(first int, rows network.Table)
	passing bool
}

func (s slot) len() int {
	n := 1
	for _, d := range s.shape {
		n *= d
	}
	return n
}

// option is a part of a network that a file may lack: all of its tensors or none. If they are
// absent, drop takes the part out of the network.
type option struct{ drop func() }

// slots collects the tensors of a network.
type slots struct {
	list []slot

	// top says that the names of the tensors which follow have no base before them in any file:
	// those of the classifier.
	top bool

	option *option // what the tensors which follow belong to; nil: every file has them
}

func (s *slots) add(name string, shape []int, in int, put func([]float32)) {
	s.list = append(s.list, slot{name: name, top: s.top, option: s.option, shape: shape, in: in, put: put})
}

// optional adds a part that a file may lack. If it does, drop is called.
func (s *slots) optional(drop, add func()) {
	s.option = &option{drop}
	add()
	s.option = nil
}

// tokens adds the embeddings of tokens, which stay in the file's type: rows of them are looked up,
// never multiplied, and of a large vocabulary they are most of a model.
func (s *slots) tokens(name string, t *network.Table) {
	s.table(name, t)
	last := &s.list[len(s.list)-1]
	last.tokens, last.putBits = true, func(f half.Format, bits []uint16) { t.Format, t.Bits = f, bits }
}

func (s *slots) table(name string, t *network.Table) {
	s.add(name+".weight", []int{t.Rows, t.Width}, 0, func(x []float32) { t.Data = x })
}

// firstRows adds a table of so many rows, of which the network has only the first ones.
func (s *slots) firstRows(name string, rows int, t *network.Table) {
	s.add(name+".weight", []int{rows, t.Width}, 0, func(x []float32) { t.Data = x[:t.Rows*t.Width] })
}

// norm adds a norm with a bias.
func (s *slots) norm(name string, width int, n *network.Norm) {
	s.normWithoutBias(name, width, n)
	s.add(name+".bias", []int{width}, 0, func(x []float32) { n.Bias = x })
}

func (s *slots) normWithoutBias(name string, width int, n *network.Norm) {
	s.add(name+".weight", []int{width}, 0, func(x []float32) { n.Weight = x })
}

// changed changes the numbers of the tensor added last, which become float32.
func (s *slots) changed(change func(float32) float32) {
	last := &s.list[len(s.list)-1]
	last.change, last.putBits = change, nil
}

// linear adds a linear layer with a bias.
func (s *slots) linear(name string, in, out int, l *network.Linear) {
	s.fused(name, in, true, part{out, l})
}

// part is one of several linear layers that a file holds as one tensor, with its number of outputs.
type part struct {
	out   int
	layer *network.Linear
}

// fused adds linear layers of the same input that the file holds as one tensor: the outputs of the
// first part come first. The biases are one tensor too, if there are any.
func (s *slots) fused(name string, in int, bias bool, parts ...part) {
	out := 0
	for _, p := range parts {
		p.layer.In, p.layer.Out = in, p.out
		out += p.out
	}
	s.add(name+".weight", []int{out, in}, in, func(x []float32) {
		for _, p := range parts {
			p.layer.Weight, x = x[:p.out*in:p.out*in], x[p.out*in:]
		}
	})
	s.list[len(s.list)-1].putBits = func(f half.Format, x []uint16) {
		for _, p := range parts {
			p.layer.Format, p.layer.Bits, x = f, x[:p.out*in:p.out*in], x[p.out*in:]
		}
	}
	if !bias {
		return
	}
	s.add(name+".bias", []int{out}, in, func(x []float32) {
		for _, p := range parts {
			p.layer.Bias, x = x[:p.out:p.out], x[p.out:]
		}
	})
}

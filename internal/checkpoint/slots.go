package checkpoint

import "github.com/crossrank/crossrank/internal/network"

// slot is one tensor of a file and where it belongs.
type slot struct {
	name  string // without the family's base
	top   bool   // it belongs to the classifier, whose names never have the base
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

// slots collects the tensors of a network.
type slots []slot

func (s *slots) table(name string, t *network.Table) {
	*s = append(*s, slot{name: name + ".weight", shape: []int{t.Rows, t.Width}, dst: &t.Data})
}

func (s *slots) norm(name string, width int, n *network.Norm) {
	*s = append(*s,
		slot{name: name + ".weight", shape: []int{width}, dst: &n.Weight},
		slot{name: name + ".bias", shape: []int{width}, dst: &n.Bias})
}

// linear adds a linear layer with a bias.
func (s *slots) linear(name string, in, out int, l *network.Linear) {
	l.In, l.Out = in, out
	*s = append(*s,
		slot{name: name + ".weight", shape: []int{out, in}, in: in, dst: &l.Weight},
		slot{name: name + ".bias", shape: []int{out}, in: in, dst: &l.Bias})
}

// top adds a linear layer of the classifier, whose name never has the family's base before it.
func (s *slots) top(name string, in, out int, l *network.Linear) {
	first := len(*s)
	s.linear(name, in, out, l)
	for i := range (*s)[first:] {
		(*s)[first+i].top = true
	}
}

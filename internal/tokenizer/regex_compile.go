package tokenizer

// regexNode is a part of a parsed expression.
type regexNode struct {
	kind     nodeKind
	set      *runeSet
	parts    []*regexNode
	min, max int // of a repetition; max is -1 where there is no limit
	lazy     bool
	negate   bool
}

type nodeKind uint8

const (
	nodeSequence nodeKind = iota
	nodeChoice
	nodeSet
	nodeRepeat
	nodeLook
	nodeBehind
	nodeAtomic
	nodeStart
	nodeEnd
	nodeBorder
)

// nullable reports whether a node can match nothing.
func (n *regexNode) nullable() bool {
	switch n.kind {
	case nodeSet:
		return false
	case nodeRepeat:
		return n.min == 0 || n.parts[0].nullable()
	case nodeSequence, nodeAtomic:
		for _, p := range n.parts {
			if !p.nullable() {
				return false
			}
		}
	case nodeChoice:
		for _, p := range n.parts {
			if p.nullable() {
				return true
			}
		}
		return false
	}
	return true
}

type regexCompiler struct{ program []instruction }

// add adds an instruction and returns its place.
func (c *regexCompiler) add(i instruction) int {
	if len(c.program) <= maxProgram {
		c.program = append(c.program, i)
	}
	return len(c.program) - 1
}

func (c *regexCompiler) here() int { return len(c.program) }

func (c *regexCompiler) emit(n *regexNode) {
	if len(c.program) > maxProgram {
		return
	}
	switch n.kind {
	case nodeSequence:
		for _, p := range n.parts {
			c.emit(p)
		}
	case nodeChoice:
		c.emitChoice(n.parts)
	case nodeSet:
		c.add(instruction{op: opSet, set: n.set})
	case nodeRepeat:
		c.emitRepeat(n)
	case nodeLook, nodeAtomic:
		op := opLook
		if n.kind == nodeAtomic {
			op = opAtomic
		}
		at := c.add(instruction{op: op, negate: n.negate, x: c.here() + 1})
		c.emit(n.parts[0])
		c.add(instruction{op: opMatch})
		c.program[at].y = c.here()
	case nodeBehind:
		c.add(instruction{op: opBehind, set: n.set, negate: n.negate})
	case nodeStart:
		c.add(instruction{op: opStart})
	case nodeEnd:
		c.add(instruction{op: opEnd})
	case nodeBorder:
		c.add(instruction{op: opBorder, negate: n.negate})
	}
}

func (c *regexCompiler) emitChoice(parts []*regexNode) {
	var jumps []int
	for i, p := range parts {
		if i == len(parts)-1 {
			c.emit(p)
			break
		}
		at := c.add(instruction{op: opSplit, x: c.here() + 1})
		c.emit(p)
		jumps = append(jumps, c.add(instruction{op: opJump}))
		c.program[at].y = c.here()
	}
	for _, at := range jumps {
		c.program[at].x = c.here()
	}
}

// emitRepeat writes a repetition out: its part min times, then either a loop or optional copies.
func (c *regexCompiler) emitRepeat(n *regexNode) {
	part := n.parts[0]
	for range n.min {
		c.emit(part)
	}
	if n.max < 0 {
		at := c.add(instruction{op: opSplit})
		c.emit(part)
		c.add(instruction{op: opJump, x: at})
		c.split(at, at+1, c.here(), n.lazy)
		return
	}
	var splits []int
	for range n.max - n.min {
		splits = append(splits, c.add(instruction{op: opSplit}))
		c.emit(part)
	}
	for _, at := range splits {
		c.split(at, at+1, c.here(), n.lazy)
	}
}

// split sets the ways of a repetition: more of it, and out of it.
func (c *regexCompiler) split(at, more, out int, lazy bool) {
	if lazy {
		more, out = out, more
	}
	c.program[at].x, c.program[at].y = more, out
}

package native

// part is one worker's part of a pass that several workers compute together. The zero value is the
// whole pass.
//
// Workers split rows. Each computes its own rows through the linear layers, and waits for the
// others only around attention, where it reads their keys and values.
type part struct {
	index, count int         // which worker this is, and how many there are
	barrier      waiter      // the same for all
	cut          [][]columns // of the grid that they are, if they share columns; nil: they share rows alone
	tails        []tail      // by worker; nil: they share no columns of the last layer
}

// waiter is where the workers of a pass wait for each other.
type waiter interface{ wait() }

// of returns the worker's part of n things of equal cost.
func (p part) of(n int) (low, high int) {
	if p.count <= 1 {
		return 0, n
	}
	return n * p.index / p.count, n * (p.index + 1) / p.count
}

func (p part) wait() {
	if p.count > 1 {
		p.barrier.wait()
	}
}

// rowsOf returns the worker's rows of a block, which cost about as much as those of any other. A
// row of a long sequence costs more, since its attention is over more tokens.
func (m *model) rowsOf(p part, seqs []input, rows int) (low, high int) {
	if p.count <= 1 {
		return 0, rows
	}
	total := 0
	for _, q := range seqs {
		total += q.Rows() * m.rowCost(q.Rows())
	}
	return m.rowAt(seqs, total*p.index/p.count), m.rowAt(seqs, total*(p.index+1)/p.count)
}

// rowCost is the cost of a row of a sequence of n tokens: quadratic of it is that of linear layers.
func (m *model) rowCost(n int) int { return m.quadratic + n }

// rowAt is the first row of a block before which the rows cost about as much as given.
func (m *model) rowAt(seqs []input, cost int) int {
	row := 0
	for _, q := range seqs {
		n, each := q.Rows(), m.rowCost(q.Rows())
		if cost < n*each {
			return row + (cost+each/2)/each
		}
		cost -= n * each
		row += n
	}
	return row
}

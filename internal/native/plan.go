package native

import "math"

// plan says how the workers compute a batch. They divide its sequences among teams, and a team
// shares the rows of its sequences, or with many workers for few rows their columns too.
//
// With as many teams as workers, no worker waits for another, but the sequences may not divide
// evenly, and each worker reads all weights for its few rows. With one team, the work is even, but
// all workers wait for each other in every layer.
type plan struct {
	teams   int // parts that the batch is divided into
	size    int // workers of a team
	columns int // of the grid that a team is; 1: it shares rows alone
}

// planner chooses plans. It is not safe for concurrent use.
type planner struct {
	costs costs
	loads []load // of the teams, as they are tried
}

// load is the sequences of one team.
type load struct {
	rows, sequences, longest int
	attention                float64 // cost of attention, in rows
}

// choose returns the plan by which sequences should be done first. The order names them from the
// longest on. Each of the workers has memory for a sequence of so many rows; one team of them has
// memory for any.
func (p *planner) choose(seqs []input, order []int, workers, memory int) plan {
	best, least := plan{1, 1, 1}, math.Inf(1)
	for teams := min(workers, len(seqs)); teams > 0; teams = workers / (workers/teams + 1) {
		p.assign(seqs, order, teams)
		for size := workers / teams; size > 0; size /= 2 {
			if teams > 1 && seqs[order[0]].Rows() > size*memory {
				break
			}
			for columns := 1; columns <= max(1, min(size/2, p.costs.mostColumns)); columns++ {
				one := plan{teams, size, columns}
				if t := p.time(one); size%columns == 0 && t < least {
					best, least = one, t
				}
			}
		}
	}
	return best
}

// assign gives every team sequences of about the same cost: the longest first, each to the team
// that has least so far.
func (p *planner) assign(seqs []input, order []int, teams int) {
	clear(p.loads[:teams])
	for _, i := range order {
		p.loads[leastLoaded(p.loads[:teams])].add(seqs[i].Rows(), p.costs.quadratic)
	}
}

// add adds a sequence of n tokens.
func (l *load) add(n int, quadratic float64) {
	l.rows += n
	l.sequences++
	l.longest = max(l.longest, n)
	l.attention += float64(n) * float64(n) / quadratic
}

// leastLoaded is the index of the first load that has least work.
func leastLoaded(loads []load) int {
	least := 0
	for i := range loads {
		if loads[i].cost() < loads[least].cost() {
			least = i
		}
	}
	return least
}

func (l *load) cost() float64 { return float64(l.rows) + l.attention }

// predict is the time of one plan.
func (p *planner) predict(seqs []input, order []int, one plan) float64 {
	p.assign(seqs, order, one.teams)
	return p.time(one)
}

// time is when the last of the teams is done, in the unit of costs.
func (p *planner) time(one plan) float64 {
	most := 0.0
	for i := range p.loads[:one.teams] {
		most = max(most, p.costs.time(&p.loads[i], one.size, one.columns))
	}
	return most
}

package scoring

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"sync"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/rows"
)

// run is one call of [Run]. One goroutine reads and starts to score chunks, another one writes
// their rows in order.
type run struct {
	opts     Options
	scorer   crossrank.Scorer
	in       *inputs
	out      *output
	keep     []string // columns of the inputs that are in the output
	ranking  ranking
	next     place // of the first row that the output does not have
	progress Progress
}

func (r *run) run(ctx context.Context) (err error) {
	if r.in, err = newInputs(r.opts); err != nil {
		return err
	}
	defer func() { err = errors.Join(err, r.in.close()) }()
	if r.out, err = openOutput(r.opts, r.in); err != nil {
		return err
	}
	r.next = r.out.committed.Place
	r.report(0)
	r.progress.Resumed, r.progress.Resumable = r.next.Rows, r.out.part != nil
	if r.out.committed.Done {
		return nil
	}
	if err := r.begin(); err != nil {
		return errors.Join(err, r.out.close())
	}
	if err := r.score(ctx); err != nil {
		err = errors.Join(err, r.out.suspend(r.next))
		r.progress.Rows, r.progress.Rejected = r.out.committed.Place.Rows, r.out.committed.Rejected
		return err
	}
	return r.out.finish(r.next)
}

// begin begins to read and to write where the output ends.
func (r *run) begin() error {
	if err := r.in.seek(r.next); err != nil {
		return err
	}
	columns, keep, err := outputColumns(r.opts, r.in.first)
	if err != nil {
		return err
	}
	r.keep = keep
	if err := r.in.need(append([]string{r.opts.Query, r.opts.Passage}, keep...)); err != nil {
		return err
	}
	return r.out.begin(r.opts, columns)
}

// outputColumns are the columns of the output, and those of the inputs among them: those that are
// kept, or else the index, and then the score.
func outputColumns(opts Options, inputs []rows.Column) (columns []rows.Column, keep []string, err error) {
	switch {
	case opts.KeepAll && inputs == nil:
		columns = append(columns, rows.AllMembers)
	case opts.KeepAll:
		columns = append(columns, inputs...)
	}
	for _, name := range opts.Keep {
		at := slices.IndexFunc(inputs, func(c rows.Column) bool { return c.Name == name })
		if at < 0 {
			columns = append(columns, rows.Text(name)) // of JSON lines; in a table its absence is an error later
		} else {
			columns = append(columns, inputs[at])
		}
	}
	own := []rows.Column{rows.Number("score")}
	if opts.Rank {
		own = []rows.Column{rows.Integer("rank"), rows.Number("score")}
	}
	for _, c := range columns {
		if slices.Contains(keep, c.Name) {
			return nil, nil, fmt.Errorf("the column %q is to be kept twice", c.Name)
		}
		if slices.ContainsFunc(own, func(o rows.Column) bool { return o.Name == c.Name }) {
			return nil, nil, fmt.Errorf("the inputs have a column %q, which the output adds; leave it out of the columns to keep", c.Name)
		}
		keep = append(keep, c.Name)
	}
	if len(columns) == 0 {
		columns = []rows.Column{rows.Integer("index")}
	}
	return append(columns, own...), keep, nil
}

// chunk is pairs that are scored together.
type chunk struct {
	pairs  []pair
	scores []float32 // of the pairs that can be read
	err    error
	done   chan struct{}
}

// score scores and writes all rows from the current one on.
func (r *run) score(ctx context.Context) error {
	ctx, cancel := context.WithCancel(ctx)
	var workers sync.WaitGroup
	defer workers.Wait()
	defer cancel()
	slots := make(chan struct{}, max(1, r.opts.InFlight))
	pending := make(chan *chunk, cap(slots))
	workers.Go(func() {
		defer close(pending)
		for pairs, err := range Chunks(ctx, r.in.next) {
			c := &chunk{pairs: pairs, err: err, done: make(chan struct{})}
			select {
			case slots <- struct{}{}:
			case <-ctx.Done():
				return
			}
			workers.Go(func() {
				c.score(ctx, r.scorer, r.opts.Request)
				<-slots
				close(c.done)
			})
			select {
			case pending <- c:
			case <-ctx.Done():
				return
			}
		}
	})
	for c := range pending {
		<-c.done
		if err := r.write(c); err != nil {
			return err
		}
	}
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := r.emit(); err != nil {
		return err
	}
	r.report(1)
	return nil
}

// score scores the pairs of a chunk that can be read.
func (c *chunk) score(ctx context.Context, s crossrank.Scorer, req crossrank.Request) {
	for _, p := range c.pairs {
		if p.wrong == nil {
			req.Pairs = append(req.Pairs, p.Pair)
		}
	}
	if c.err != nil || len(req.Pairs) == 0 {
		return
	}
	resp, err := s.Score(ctx, &req)
	if err != nil {
		c.err = err
		return
	}
	c.scores = resp.Scores
}

// write writes the rows of a chunk, or an error that comes in place of them.
func (r *run) write(c *chunk) error {
	if c.err != nil {
		return c.err
	}
	for _, p := range c.pairs {
		s := scored{pair: p}
		if p.wrong == nil {
			s.score, c.scores = c.scores[0], c.scores[1:]
		}
		if err := r.add(s); err != nil {
			return err
		}
	}
	if err := r.out.flush(r.next, false); err != nil {
		return err
	}
	r.report(c.pairs[len(c.pairs)-1].done)
	return nil
}

// report says how far the run is.
func (r *run) report(fraction float64) {
	r.progress.Rows, r.progress.Fraction = r.next.Rows, fraction
	r.progress.Rejected = r.out.committed.Rejected
	if r.out.rejects != nil {
		r.progress.Rejected = r.out.rejects.count
	}
	if r.opts.Progress != nil && r.progress.Rows > 0 {
		r.opts.Progress(r.progress)
	}
}

// put writes a row that was scored, or rejects it.
func (r *run) put(s scored, rank int) error {
	if s.wrong != nil {
		return r.out.rejects.add(s.wrong)
	}
	var cells []rows.Cell
	if len(r.keep) == 0 {
		cells = append(cells, s.index)
	}
	for _, name := range r.keep {
		if name != rows.AllMembers.Name || r.in.first != nil {
			cells = append(cells, s.row.Cell(name))
			continue
		}
		for _, own := range []string{"rank", "score"} {
			if s.row.Has(own) && (own == "score" || r.opts.Rank) {
				return s.row.Wrong(fmt.Errorf("it has a member %q, which the output adds; name the members to keep", own))
			}
		}
		cells = append(cells, s.row.Members())
	}
	if r.opts.Rank {
		cells = append(cells, int64(rank))
	}
	if err := r.out.writer.Write(append(cells, s.score)); err != nil {
		return s.row.Wrong(err)
	}
	return nil
}

package job

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/rows"
)

// chunkRows is how many pairs are scored together: enough for every core, few enough to keep.
const chunkRows = 256

// ShardError says that a shard cannot be computed, whoever tries. It names the row.
type ShardError struct{ Err error }

// Error returns the reason.
func (e *ShardError) Error() string { return e.Err.Error() }

// Unwrap returns the reason.
func (e *ShardError) Unwrap() error { return e.Err }

// Compute scores a shard and stores its output, unless that is there. It calls progress with the
// rows that each step has scored. Its errors are a [*ShardError], a [*ChangedError], or the fault
// of a file, a storage or the scorer, which may pass.
func (j *Job) Compute(ctx context.Context, scorer crossrank.Scorer, shard int, progress func(rows int)) (err error) {
	if done, err := j.finished(ctx, shard); err != nil || done {
		return err
	}
	in, err := j.open(ctx, j.Shards[shard].Input, j.Shards[shard].Start)
	if err != nil {
		return err
	}
	defer in.Close()
	out, err := j.folder.Create(ctx, j.Part(shard))
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, out.Close()) }()
	c := &computation{job: j, scorer: scorer, in: in, index: j.Shards[shard].First}
	if c.out, err = rows.NewWriter(out, j.kind, j.columns(in.Columns()), 0, nil); err != nil {
		return &ShardError{err}
	}
	for left := j.Shards[shard].Rows; left > 0; {
		n, err := c.chunk(ctx, min(left, chunkRows))
		if err != nil {
			return err
		}
		left -= n
		progress(n)
	}
	if c.sum != j.Shards[shard].Sum {
		return j.changed(j.Shards[shard].Input, fmt.Sprintf("the texts of the rows from %d on differ", j.Shards[shard].Start.Row+1))
	}
	if err := c.out.Close(); err != nil {
		return err
	}
	if err := out.Commit(); err != nil {
		// Another worker may have stored the part meanwhile, and cleaned up.
		if done, statErr := j.finished(ctx, shard); statErr != nil || !done {
			return err
		}
	}
	return nil
}

// columns are those of the output, for an input with the given columns.
func (j *Job) columns(in []rows.Column) []rows.Column {
	out := []rows.Column{rows.Integer("index"), rows.Number("score")}
	for _, name := range j.Keep {
		column := rows.Column{Name: name}
		for _, c := range in {
			if c.Name == name {
				column = c
			}
		}
		out = append(out, column)
	}
	return out
}

// computation is a shard in progress.
type computation struct {
	job    *Job
	scorer crossrank.Scorer
	in     *reader
	out    *rows.Writer
	index  int64 // of the next pair
	sum    uint32
}

// chunk scores the next n rows.
func (c *computation) chunk(ctx context.Context, n int) (int, error) {
	pairs, read := make([]crossrank.Pair, n), make([]*rows.Row, n)
	for i := range n {
		query, passage, row, err := c.job.pair(c.in)
		if err == io.EOF {
			return 0, &ChangedError{c.job.Inputs[c.job.Shards[0].Input].Path, "it has fewer rows"}
		}
		if _, wrong := errors.AsType[*rows.RowError](err); wrong {
			return 0, &ShardError{err}
		}
		if err != nil {
			return 0, err
		}
		c.sum = sum(c.sum, query, passage)
		pairs[i], read[i] = crossrank.Pair{Query: query, Passage: passage}, row
	}
	scores, err := c.score(ctx, pairs)
	if err != nil {
		return 0, c.blame(ctx, pairs, read, err)
	}
	for i, score := range scores {
		if err := c.write(score, read[i]); err != nil {
			return 0, err
		}
	}
	return n, nil
}

func (c *computation) score(ctx context.Context, pairs []crossrank.Pair) ([]float32, error) {
	resp, err := c.scorer.Score(ctx, &crossrank.Request{Pairs: pairs, Raw: c.job.Model.Raw, Instruction: c.job.Model.Instruction})
	if err != nil {
		return nil, err
	}
	return resp.Scores, nil
}

// blame finds the pair that an error of several is about.
func (c *computation) blame(ctx context.Context, pairs []crossrank.Pair, read []*rows.Row, err error) error {
	switch crossrank.CodeOf(err) {
	case crossrank.InvalidArgument, crossrank.TooLarge, crossrank.Internal:
	default:
		return err // of the machine, not of a pair
	}
	for i := range pairs {
		if _, one := c.score(ctx, pairs[i:i+1]); one != nil && ctx.Err() == nil {
			return &ShardError{read[i].Wrong(one)}
		}
	}
	return err
}

func (c *computation) write(score float32, row *rows.Row) error {
	cells := []rows.Cell{c.index, score}
	for _, name := range c.job.Keep {
		cells = append(cells, row.Cell(name))
	}
	if err := c.out.Write(cells); err != nil {
		return &ShardError{row.Wrong(err)}
	}
	c.index++
	if c.out.Full() {
		_, err := c.out.EndGroup()
		return err
	}
	return nil
}

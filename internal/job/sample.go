package job

import (
	"context"
	"errors"
	"io"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/rows"
)

// Sample says how fast a model scored some rows of a job.
type Sample struct {
	Rows int
	Time time.Duration // of the model alone, without reading
}

const (
	samplePlaces = 16 // in the job
	firstSample  = 16 // rows that are scored at once; doubled each time, up to those of a worker
)

// Sample scores rows at the start of shards from all over the job, for about a limited time, so
// that the cost of the others can be estimated. Of a compressed input it reads the first shard
// alone.
func (j *Job) Sample(ctx context.Context, scorer crossrank.Scorer, limit time.Duration) (s Sample, err error) {
	began, size := time.Now(), firstSample
	places := min(samplePlaces, len(j.Shards))
	for i := range places {
		shard := j.Shards[i*len(j.Shards)/places]
		if kind, _ := rows.KindOf(j.Inputs[shard.Input].Path); kind.Compression != rows.Plain && shard.Start.Row > 0 {
			continue
		}
		until := began.Add(limit * time.Duration(i+1) / time.Duration(places))
		if err := s.add(ctx, j, scorer, shard, &size, until); err != nil {
			return s, err
		}
		if time.Since(began) > limit {
			break
		}
	}
	return s, nil
}

// add scores rows of a shard, at least some, until a time.
func (s *Sample) add(ctx context.Context, j *Job, scorer crossrank.Scorer, shard Shard, size *int, until time.Time) (err error) {
	in, err := j.open(ctx, shard.Input, shard.Start)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, in.Close()) }()
	c := &computation{job: j, scorer: scorer}
	for left := shard.Rows; left > 0; {
		pairs, err := j.pairs(in, min(*size, left))
		if err != nil {
			return err
		}
		began := time.Now()
		if _, err := c.score(ctx, pairs); err != nil {
			return err
		}
		s.Rows += len(pairs)
		s.Time += time.Since(began)
		left -= len(pairs)
		if time.Now().After(until) {
			return nil
		}
		*size = min(2**size, chunkRows)
	}
	return nil
}

// pairs reads the next n pairs.
func (j *Job) pairs(in *reader, n int) ([]crossrank.Pair, error) {
	pairs := make([]crossrank.Pair, n)
	for i := range pairs {
		query, passage, _, err := j.pair(in)
		if err == io.EOF {
			return nil, io.ErrUnexpectedEOF
		}
		if err != nil {
			return nil, err
		}
		pairs[i] = crossrank.Pair{Query: query, Passage: passage}
	}
	return pairs, nil
}

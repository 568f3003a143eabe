package experiment

import (
	"context"
	"encoding/json"
	"fmt"
	"time"

	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/load"
	"github.com/crossrank/crossrank/internal/results"
)

const (
	historyWithin = time.Minute            // to read a history
	historyEvery  = 100 * time.Millisecond // between two reads
)

// History returns the samples that the server behind source took of itself while c was measured.
// What was measured before an interruption is worth the moment that this takes.
func History(ctx context.Context, source *client.Client, c results.Configuration, result *load.Result) ([]results.Sample, error) {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), historyWithin)
	defer cancel()
	samples, err := history(ctx, source, result.Began, result.Began.Add(result.Elapsed))
	if err != nil {
		return nil, fmt.Errorf("reading the server's history: %w", err)
	}
	for i := range samples {
		samples[i].Configuration = c.Index
	}
	return samples, nil
}

// history returns the samples that the server took of itself from began until ended. A sample is
// known only at the end of its interval, so history waits for the one that covers the last moment.
//
// An interval that reaches beyond the measured part includes warm-up or idle time and is left out,
// unless the part was so short that there is no other.
func history(ctx context.Context, c *client.Client, began, ended time.Time) ([]results.Sample, error) {
	var samples []results.Sample
	for {
		var err error
		if samples, err = fetchHistory(ctx, c, began); err != nil {
			return nil, err
		}
		if n := len(samples); n > 0 && !samples[n-1].Time.Before(ended) {
			break
		}
		select {
		case <-time.After(historyEvery):
		case <-ctx.Done():
			return nil, fmt.Errorf("waiting for the sample of the last moment: %w", ctx.Err())
		}
	}
	return within(samples, began, ended), nil
}

func within(samples []results.Sample, began, ended time.Time) []results.Sample {
	var inside, touching []results.Sample
	for _, s := range samples {
		start := s.Start()
		if s.Time.After(began) && start.Before(ended) {
			touching = append(touching, s)
			if !start.Before(began) && !s.Time.After(ended) {
				inside = append(inside, s)
			}
		}
	}
	if len(inside) > 0 {
		return inside
	}
	return touching
}

// fetchHistory reads the samples after a time once.
func fetchHistory(ctx context.Context, c *client.Client, since time.Time) ([]results.Sample, error) {
	b, err := c.History(ctx, since)
	if err != nil {
		return nil, err
	}
	var reply struct{ Samples []results.Sample }
	if err := json.Unmarshal(b, &reply); err != nil {
		return nil, fmt.Errorf("decoding samples: %w", err)
	}
	return reply.Samples, nil
}

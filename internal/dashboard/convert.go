package dashboard

import (
	"github.com/crossrank/crossrank/internal/metrics"
	"github.com/crossrank/crossrank/internal/state"
	"github.com/crossrank/crossrank/internal/stats"
)

// These functions turn what a recorder reports into what GET /api/snapshot answers; nil stands for
// what was not measured.

func newLatency(l metrics.Latency) *latency {
	if l.Count == 0 {
		return nil
	}
	ms := stats.Milliseconds
	return &latency{
		Count: l.Count, MeanMS: ms(l.Mean), MinMS: ms(l.Min), P50MS: ms(l.P50), P90MS: ms(l.P90), P95MS: ms(l.P95),
		P99MS: ms(l.P99), MaxMS: ms(l.Max),
	}
}

func newStages(s metrics.Snapshot) *stages {
	if s.Stages.Count == 0 {
		return nil
	}
	ms := stats.Milliseconds
	return &stages{
		TokenizeMS: ms(s.Stages.Tokenize), QueueMS: ms(s.Stages.Queue), ComputeMS: ms(s.Stages.Compute),
		TotalMS: ms(s.LatencySum) / float64(s.Requests-s.Errors),
	}
}

func newWaiting(q *state.Queue) *waiting {
	if q == nil {
		return nil
	}
	return &waiting{
		Requests: q.Requests, Pairs: q.Pairs, Tokens: q.Tokens, OldestMS: stats.Milliseconds(q.Oldest),
		RunningPairs: q.RunningPairs, RunningTokens: q.RunningTokens,
	}
}

func newBatches(b *state.Batches) *batches {
	if b == nil {
		return nil
	}
	out := &batches{Count: b.Runs, LongestTokens: b.Longest, PaddedTokens: b.Padded}
	if b.Runs > 0 {
		out.MeanPairs = float64(b.Pairs) / float64(b.Runs)
		out.MeanTokens = float64(b.Tokens) / float64(b.Runs)
	}
	return out
}

func newCache(c *state.Cache) *cache {
	if c == nil || c.Hits+c.Coalesced+c.Misses == 0 {
		return nil
	}
	return &cache{
		Hits: c.Hits, Coalesced: c.Coalesced, Misses: c.Misses,
		Bytes: c.Bytes, Evictions: c.Evictions, Scores: c.Scores, MaxBytes: c.MaxBytes,
	}
}

func newPrefixes(p *state.Prefixes) *prefixes {
	if p == nil || *p == (state.Prefixes{}) {
		return nil
	}
	return &prefixes{Hits: p.Hits, Misses: p.Misses, SharedTokens: p.Tokens, Kept: p.Kept, Bytes: p.Bytes, MaxBytes: p.MaxBytes}
}

func newInstance(in state.Instance) instance {
	return instance{
		Name: in.Name, State: in.State, Threads: in.Threads,
		Batches: in.Batches, Pairs: in.Pairs, Tokens: in.Tokens, BusyS: in.Busy.Seconds(), Failures: in.Failures,
		QueuedPairs: in.QueuedPairs, QueuedTokens: in.QueuedTokens,
		RunningPairs: in.RunningPairs, RunningTokens: in.RunningTokens, TokensPerSecond: in.TokensPerSecond(),
	}
}

func newTotal(instances []state.Instance) *instance {
	if len(instances) < 2 {
		return nil
	}
	sum := instances[0]
	sum.Name = "all"
	for _, in := range instances[1:] {
		sum.Add(in)
	}
	return new(newInstance(sum))
}

package backend

import (
	"errors"
	"slices"

	"github.com/crossrank/crossrank/internal/backend/catalog"
	"github.com/crossrank/crossrank/internal/native"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/parity"
	"github.com/crossrank/crossrank/internal/state"
)

// cascade is a native engine of two precisions on the same cores: sequences that are drafts are
// computed in int8, all others in fp32. Both have their own weights, which are packed from the same
// blocks as they are read.
type cascade struct {
	full, draft Engine
}

// cascadeOpening opens a cascade.
type cascadeOpening struct {
	full, draft Opening
}

func beginCascade(n *network.Network) (Opening, error) {
	full, err := beginNative(n, Options{Precision: string(native.FP32)})
	if err != nil {
		return nil, err
	}
	draft, err := beginNative(n, Options{Precision: string(native.INT8)})
	if err != nil {
		return nil, err
	}
	return cascadeOpening{full, draft}, nil
}

// Block implements [network.Receiver].
func (o cascadeOpening) Block(i int) {
	o.full.Block(i)
	o.draft.Block(i)
}

// Tokens implements [network.Receiver]. The network keeps the rows, since fp32 reads them.
func (o cascadeOpening) Tokens() func(first int, rows network.Table) { return nil }

// Start implements [Opening]. The two engines share the memory for prefixes equally.
func (o cascadeOpening) Start(opts Options) (Engine, error) {
	switch {
	case opts.PrefixBytes == 0:
		opts.PrefixBytes = native.DefaultPrefixBytes / 2
	case opts.PrefixBytes > 0:
		opts.PrefixBytes = max(1, opts.PrefixBytes/2)
	}
	full, err := o.full.Start(opts)
	if err != nil {
		return nil, err
	}
	draft, err := o.draft.Start(opts)
	if err != nil {
		return nil, errors.Join(err, full.Close())
	}
	return &cascade{full, draft}, nil
}

// Logits implements [Engine]. The drafts of a batch are computed before the others.
func (c *cascade) Logits(seqs []network.Sequence, out []float32) error {
	isDraft := func(q network.Sequence) bool { return q.Draft }
	switch first := slices.IndexFunc(seqs, isDraft); {
	case first < 0:
		return c.full.Logits(seqs, out)
	case first == 0 && !slices.ContainsFunc(seqs, func(q network.Sequence) bool { return !q.Draft }):
		return c.draft.Logits(seqs, out)
	}
	if err := logitsOfSome(c.draft, seqs, out, isDraft); err != nil {
		return err
	}
	return logitsOfSome(c.full, seqs, out, func(q network.Sequence) bool { return !q.Draft })
}

// logitsOfSome computes the sequences of a batch for which is is true.
func logitsOfSome(e Engine, seqs []network.Sequence, out []float32, is func(network.Sequence) bool) error {
	var some []network.Sequence
	var at []int
	for i, q := range seqs {
		if is(q) {
			some, at = append(some, q), append(at, i)
		}
	}
	logits := make([]float32, len(some))
	if err := e.Logits(some, logits); err != nil {
		return err
	}
	for k, i := range at {
		out[i] = logits[k]
	}
	return nil
}

// Replica implements [Engine].
func (c *cascade) Replica(threads int, cpus []int) (Engine, error) {
	full, err := c.full.Replica(threads, cpus)
	if err != nil {
		return nil, err
	}
	draft, err := c.draft.Replica(threads, cpus)
	if err != nil {
		return nil, errors.Join(err, full.Close())
	}
	return &cascade{full, draft}, nil
}

// Verify implements [Engine]. Of the two comparisons it returns the one that is nearer to its
// limit, or beyond it.
func (c *cascade) Verify(pair network.Sequence) (parity.Quick, error) {
	full, err := c.full.Verify(pair)
	if err != nil {
		return full, err
	}
	draft, err := c.draft.Verify(pair)
	if err != nil || full.Largest/full.Limit <= draft.Largest/draft.Limit || draft.Err() != nil && full.Err() == nil {
		return draft, err
	}
	return full, nil
}

// Prefixes implements [Engine]: those of both.
func (c *cascade) Prefixes() state.Prefixes {
	sum := c.full.Prefixes()
	sum.Add(c.draft.Prefixes())
	return sum
}

// Usage implements [Engine].
func (c *cascade) Usage() *state.Device { return nil }

// Properties implements [Engine].
func (c *cascade) Properties() Properties {
	p := c.full.Properties()
	p.Precision = catalog.Cascade
	return p
}

// Close implements [Engine].
func (c *cascade) Close() error { return errors.Join(c.full.Close(), c.draft.Close()) }

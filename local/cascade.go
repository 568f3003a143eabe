package local

import (
	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/backend/catalog"
	"github.com/crossrank/crossrank/internal/dataset"
)

// sampleSeed chooses the pairs by which the error of a cascade's drafts is measured.
const sampleSeed = 1

// A network of up to 125 million parameters computes maxSamples pairs. A larger one computes fewer,
// since each takes longer. How many depends on the network alone and not on the machine, because
// which documents a ranking has may depend on it.
const (
	minSamples = 16
	maxSamples = 64
	sampleWork = maxSamples * 125_000_000 // pairs times parameters
)

// samples are pairs by which the error of drafts is measured; none without a cascade.
func (o Options) samples(parameters int64) []crossrank.Pair {
	if o.Quantization != catalog.Cascade {
		return nil
	}
	n := max(minSamples, min(maxSamples, sampleWork/max(1, parameters)))
	return dataset.Synthetic(int(n), sampleSeed).Pairs
}

package experiment

import (
	"fmt"
	"strings"

	"github.com/crossrank/crossrank/internal/dataset"
	"github.com/crossrank/crossrank/internal/definition"
	"github.com/crossrank/crossrank/internal/results"
)

// syntheticPairs is the size of a synthetic data set: that of the reference workload, 100 requests
// of 32. A longer run starts over at the end, so that every configuration sends the same pairs.
const syntheticPairs = 3200

// OpenData reads the pairs to send from a file, or makes synthetic ones.
func OpenData(d definition.Data) (*dataset.Set, error) {
	if d.Path != "" {
		return dataset.Load(d.Path)
	}
	return dataset.Synthetic(syntheticPairs, uint64(d.Seed)), nil
}

// Provenance describes what is sent of a set, for the results. Only a file has a hash; synthetic
// pairs are named by their seed.
func Provenance(set *dataset.Set, sent definition.Data) results.Data {
	d := results.Data{Name: set.Name, Hash: set.Hash, Pairs: len(set.Pairs), Instruction: sent.Instruction}
	if !strings.HasPrefix(set.Hash, "sha256:") {
		d.Name, d.Hash = set.Hash, ""
	}
	if sent.OneQuery {
		d.Name += ", one query a request"
	}
	if sent.TopN > 0 {
		d.Name += fmt.Sprintf(", top_n %d", sent.TopN)
	}
	return d
}

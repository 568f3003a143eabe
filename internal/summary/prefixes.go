package summary

import "github.com/crossrank/crossrank/internal/results"

// Prefixes sums up what was reused of what pairs begin with, over the server's samples.
type Prefixes struct {
	Hits         int64 `json:"hits"`          // beginnings that were kept from earlier batches, wholly or in part
	Misses       int64 `json:"misses"`        // beginnings that were not
	SharedTokens int64 `json:"shared_tokens"` // tokens that were not computed again
	HitPct       Value `json:"hit_pct"`       // hits of both; not measured if there was none of either
}

// prefixesOf is nil for models that share no beginnings, and where no sample says.
func prefixesOf(samples []results.Sample) *Prefixes {
	var p *Prefixes
	for i := range samples {
		s := &samples[i]
		if s.PrefixHits == nil || s.PrefixMisses == nil || s.PrefixTokens == nil {
			continue
		}
		if p == nil {
			p = &Prefixes{HitPct: Unmeasured}
		}
		p.Hits += *s.PrefixHits
		p.Misses += *s.PrefixMisses
		p.SharedTokens += *s.PrefixTokens
	}
	if p != nil && p.Hits+p.Misses > 0 {
		p.HitPct = Value(100 * float64(p.Hits) / float64(p.Hits+p.Misses))
	}
	return p
}

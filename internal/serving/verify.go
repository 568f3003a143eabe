package serving

import (
	"errors"
	"fmt"
	"log/slog"
	"time"

	"github.com/crossrank/crossrank/local"
)

// verify compares what each model computes with plain Go, and logs the outcomes. The error names
// every model whose scores must not be used.
func (r *Router) verify(log *slog.Logger) error {
	var faults []error
	for i, one := range r.models {
		start := time.Now()
		v, err := one.Verify()
		log := log.With("model", r.names.served[i])
		if v.Tier != "" { // of cores; a device has none
			log = log.With("tier", v.Tier)
		}
		log = log.With("precision", v.Precision)
		if err != nil {
			log.Error("the server is not ready", "error", err)
			faults = append(faults, err)
			continue
		}
		logVerified(log, v, time.Since(start))
	}
	return errors.Join(faults...)
}

func logVerified(log *slog.Logger, v local.Verification, took time.Duration) {
	switch {
	case v.Blocks > 0:
		if v.Tier != "" { // a device was compared when it was opened
			log = log.With("took", took.Round(time.Millisecond).String())
		}
		log.Info("verified against plain Go", "difference", v.Largest, "limit", v.Limit,
			"blocks", fmt.Sprintf("%d of %d", v.Blocks, v.AllBlocks))
	case v.Skipped():
		log.Warn("not verified at the start: plain Go takes too long for a network of this size; crossrank verify does it")
	}
}

package experiment

import (
	"time"

	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/stats"
)

// pacing collects when the requests of an open loop were meant to be sent, and when they were.
type pacing struct{ intended, sent []time.Duration }

func (p *pacing) see(r results.Request) {
	sent := r.Started
	if r.Code == results.Dropped {
		sent = -1
	}
	p.intended, p.sent = append(p.intended, r.Intended), append(p.sent, sent)
}

// fault says why what was seen is not what was offered, or nothing. The objective, in milliseconds, may be 0.
func (p *pacing) fault(objectiveMS float64) string {
	return stats.PacingOf(p.intended, p.sent).Fault(time.Duration(objectiveMS * 1e6))
}

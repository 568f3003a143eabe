package batch

import (
	"math"
	"time"

	"github.com/crossrank/crossrank/internal/fairqueue"
)

// AdmissionLimit bounds the tokens that may wait. The zero value has no bound.
//
// Goals. Memory is bounded, whatever happens. Nothing waits much longer for its turn than
// MaxQueueAge. A caller that asks for less than an equal share is served, however much others ask
// for. A single large request on an idle machine is served.
//
// Design. Let the limit L be the tokens that are run within MaxQueueAge at the measured throughput,
// and MaxQueuedTokens at most.
//
//   - Up to three quarters of L, everyone is admitted.
//   - Beyond that, a request is admitted only if its caller then has less than an equal share of L
//     waiting, and if no more than L runs before it. With n callers in the queue, this one included,
//     a share is L/(n+1): one share stays free.
//   - A caller with nothing in the queue may exceed L with one request, up to MaxQueuedTokens, while
//     others have no more than three quarters of L waiting. Otherwise a large request could never
//     run, however often its caller retried.
//   - If nothing waits, any request is admitted.
//
// So heavy callers never fill more than three quarters of L: they are refused until enough of their
// work has run, and the last quarter is left to the others. As callers take turns, an admitted
// request waits at most about MaxQueueAge for its turn, unless more urgent work or more callers
// arrive. Less urgent work counts only as far as it runs first: see [fairqueue.Backlog].
//
// Without MaxQueueAge only memory is bounded, and everyone is admitted up to MaxQueuedTokens.
type AdmissionLimit struct {
	MaxQueuedTokens int           // 0 means no bound
	MaxQueueAge     time.Duration // 0 means no bound; while the throughput is not known, L is MaxQueuedTokens
}

// Limit is the part of the options that bounds what may wait.
func (o Options) Limit() AdmissionLimit {
	r := o.WithDefaults()
	return AdmissionLimit{MaxQueuedTokens: r.MaxQueuedTokens, MaxQueueAge: r.MaxQueueAge}
}

// Check returns a [*FullError] if a request of that many tokens may not wait. The throughput is in
// tokens per second; 0 means unknown.
func (a AdmissionLimit) Check(waiting fairqueue.Backlog, tokens int, throughput float64) error {
	if waiting.Total == 0 {
		return nil
	}
	if a.MaxQueuedTokens > 0 && tokens > a.MaxQueuedTokens-waiting.Total {
		return &FullError{Tokens: tokens, Queued: waiting.Total, Max: a.MaxQueuedTokens}
	}
	limit := a.limit(throughput)
	common := limit // what everyone may use
	if a.MaxQueueAge > 0 {
		common -= limit / 4
	}
	switch {
	case tokens <= common-waiting.All, waiting.Own == 0 && waiting.All <= common:
		return nil
	case tokens <= limit-waiting.Before && tokens <= limit/(waiting.Flows+1)-waiting.Own:
		return nil
	}
	return &FullError{Tokens: tokens, Queued: waiting.All, Max: common}
}

// limit is L.
func (a AdmissionLimit) limit(throughput float64) int {
	limit := a.MaxQueuedTokens
	if limit <= 0 {
		limit = math.MaxInt
	}
	if a.MaxQueueAge > 0 && throughput > 0 {
		limit = min(limit, int(min(throughput*a.MaxQueueAge.Seconds(), 1<<62)))
	}
	return limit
}

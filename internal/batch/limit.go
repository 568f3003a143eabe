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
// A caller in a closed loop, which has several requests in flight and waits for their answers,
// loses none of them that can be answered in time.
//
// Design. Let the limit L be the tokens that are run within MaxQueueAge at the measured throughput,
// and MaxQueuedTokens at most.
//
//   - Up to three quarters of L, everyone is admitted.
//   - Beyond that, a request is admitted only if its caller then has less than an equal share of L
//     waiting, and if no more than L runs before it. With n callers in the queue, this one
//     included, a share is L/(n+1): one share stays free.
//   - A caller with nothing in the queue may exceed L with one request, up to MaxQueuedTokens,
//     while others have no more than three quarters of L waiting. Otherwise a large request could
//     never run, however often its caller retried.
//   - If nothing waits, any request is admitted.
//   - A request with a deadline of at most three times MaxQueueAge is bound by that deadline
//     instead of by L, if its caller already has requests in the queue, and fewer than 128. Such a
//     caller is known to wait for answers, and its deadline says for how long. It gets no larger
//     share by that: callers take turns. What waits for this reason alone does not count against
//     callers with nothing in the queue, and its deadline is compared without a margin.
//
// So heavy callers fill three quarters of L, and exceed that only with requests that are bound by
// near deadlines. Otherwise they are refused until enough of their work has run, and the last
// quarter is left to the others. As callers take turns, an admitted request waits at most about
// MaxQueueAge for its turn, or until its deadline if it is bound by that, unless more urgent work
// or more callers arrive. Less urgent work counts only as far as it runs first: see
// [fairqueue.Backlog].
//
// Note: a deadline far beyond MaxQueueAge does not count, because it may be no more than the
// default of a server, and MaxQueueAge was chosen for callers who leave long before it. A caller of
// which nothing waits is not known to wait: a storm of callers with one request each would
// otherwise fill the queue up to their deadlines.
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
// tokens per second; 0 means unknown. It knows no deadlines.
func (a AdmissionLimit) Check(waiting fairqueue.Backlog, tokens int, throughput float64) error {
	if err := a.memoryErr(waiting, tokens); err != nil {
		return err
	}
	return a.ageErr(waiting, 0, tokens, throughput)
}

// memoryErr is the part of Check that bounds memory.
func (a AdmissionLimit) memoryErr(waiting fairqueue.Backlog, tokens int) error {
	if waiting.Total > 0 && a.MaxQueuedTokens > 0 && tokens > a.MaxQueuedTokens-waiting.Total {
		return &FullError{Tokens: tokens, Queued: waiting.Total, Max: a.MaxQueuedTokens}
	}
	return nil
}

// ageErr is the part of Check that bounds the queue by L. Of what waits, that many tokens are bound
// by deadlines instead.
func (a AdmissionLimit) ageErr(waiting fairqueue.Backlog, deadlineBound, tokens int, throughput float64) error {
	if waiting.Total == 0 {
		return nil
	}
	limit := a.limit(throughput)
	common := limit // what everyone may use
	if a.MaxQueueAge > 0 {
		common -= limit / 4
	}
	switch {
	case tokens <= common-waiting.All, waiting.Own == 0 && waiting.All-deadlineBound <= common:
		return nil
	case tokens <= limit-waiting.Before && tokens <= limit/(waiting.Flows+1)-waiting.Own:
		return nil
	}
	return &FullError{Tokens: tokens, Queued: waiting.All, Max: common}
}

// Bounds on requests that are bound by their deadlines.
const (
	maxDeadline = 3   // times MaxQueueAge that a deadline may be away
	maxKnown    = 128 // requests that may wait per caller: as many as servers allow on a connection
)

// bindsDeadline reports whether a request is bound by its deadline, that long away, instead of by
// L.
func (a AdmissionLimit) bindsDeadline(waiting fairqueue.Backlog, left time.Duration) bool {
	return waiting.Own > 0 && waiting.OwnRequests < maxKnown && left <= maxDeadline*a.MaxQueueAge
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

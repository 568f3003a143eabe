package dashboard

import (
	"net/http"
	"net/url"
	"strconv"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/metrics"
)

// ResetHeader must be set, to any value, for POST /api/reset. A page of another site cannot make a browser set it.
const ResetHeader = "X-Crossrank-Reset"

func (d *Dashboard) snapshot(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, d.newState(d.cfg.Recorder.Snapshot()))
}

// historyReply is what GET /api/history answers.
type historyReply struct {
	IntervalMS int64            `json:"interval_ms"`
	Samples    []metrics.Sample `json:"samples"`
}

func (d *Dashboard) history(w http.ResponseWriter, r *http.Request) {
	query := r.URL.Query()
	since, ok := parseTime(query.Get("since"))
	if !ok {
		refuse(w, http.StatusUnprocessableEntity, crossrank.InvalidArgument,
			`"since" must be a time as in 2006-01-02T15:04:05Z, or milliseconds since 1970`)
		return
	}
	step, ok := parseStep(query.Get("step"))
	if !ok {
		refuse(w, http.StatusUnprocessableEntity, crossrank.InvalidArgument,
			`"step" must be a duration as in 500ms, 5s or 1m, or a number of milliseconds`)
		return
	}
	samples, interval := d.cfg.Recorder.HistoryBy(since, step)
	reply(w, http.StatusOK, historyReply{interval.Milliseconds(), samples})
}

// parseTime reads a time in RFC 3339 or in milliseconds since 1970; empty is the zero time.
func parseTime(s string) (time.Time, bool) {
	if s == "" {
		return time.Time{}, true
	}
	if ms, err := strconv.ParseInt(s, 10, 64); err == nil {
		return time.UnixMilli(ms), true
	}
	t, err := time.Parse(time.RFC3339, s)
	return t, err == nil
}

func parseStep(s string) (time.Duration, bool) {
	if s == "" {
		return 0, true
	}
	if ms, err := strconv.ParseInt(s, 10, 32); err == nil {
		return time.Duration(ms) * time.Millisecond, ms >= 0
	}
	step, err := time.ParseDuration(s)
	return step, err == nil && step >= 0
}

func (d *Dashboard) reset(w http.ResponseWriter, r *http.Request) {
	if r.Header.Get(ResetHeader) == "" {
		refuse(w, http.StatusForbidden, crossrank.InvalidArgument, "set the header "+ResetHeader+": yes, to show that a reset is meant")
		return
	}
	if !sameOrigin(r) {
		refuse(w, http.StatusForbidden, crossrank.InvalidArgument, "the request comes from a page of another site")
		return
	}
	d.cfg.Recorder.Reset()
	reply(w, http.StatusOK, struct {
		Status string `json:"status"`
	}{"reset"})
}

// sameOrigin says whether a request comes from this server's own page, or from no page at all.
func sameOrigin(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return false
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	return err == nil && u.Host == r.Host
}

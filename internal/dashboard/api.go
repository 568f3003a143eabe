package dashboard

import (
	"net/http"
	"net/url"

	"github.com/crossrank/crossrank"
)

// ResetHeader must be set, to any value, for POST /api/reset. A page of another site cannot make a browser set it.
const ResetHeader = "X-Crossrank-Reset"

func (d *Dashboard) snapshot(w http.ResponseWriter, _ *http.Request) {
	reply(w, http.StatusOK, d.newState(d.cfg.Recorder.Snapshot()))
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

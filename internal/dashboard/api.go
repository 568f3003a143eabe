package dashboard

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"
	"strings"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/metrics"
)

// ResetHeader must be set, to any value, for POST /api/reset. A page of another site cannot make a
// browser set it.
const ResetHeader = "X-Crossrank-Reset"

func (d *Dashboard) snapshot(w http.ResponseWriter, _ *http.Request) {
	d.mu.Lock()
	now := d.newSnapshot(d.cfg.Recorder.Snapshot())
	d.mu.Unlock()
	reply(w, http.StatusOK, now)
}

func (d *Dashboard) reset(w http.ResponseWriter, r *http.Request) {
	if requireHeader(w, r, ResetHeader, "a reset") {
		reset(w, d.cfg.Recorder)
	}
}

func reset(w http.ResponseWriter, r *metrics.Recorder) {
	r.Reset()
	reply(w, http.StatusOK, struct {
		Status string `json:"status"`
	}{"reset"})
}

// ResetHandler answers GET /reset, by which clients of the Python project reset the counts and
// histories of a recorder. They set no header, so whatever a page may have sent is refused.
func ResetHandler(recorder *metrics.Recorder) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		switch {
		case r.Method != http.MethodGet: // HEAD must change nothing
			w.Header().Set("Allow", http.MethodGet)
			refuse(w, http.StatusMethodNotAllowed, crossrank.InvalidArgument, "use GET here")
		case fromPage(r):
			refuse(w, http.StatusForbidden, crossrank.InvalidArgument,
				"a page may have sent this; use POST /api/reset with the header "+ResetHeader+": yes")
		default:
			reset(w, recorder)
		}
	}
}

// fromPage reports whether a page may have made a browser send a request. Browsers say with
// Sec-Fetch-Site where a request comes from, "none" for an address that a person entered, but only
// to servers on this machine or with TLS.
func fromPage(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" {
		return site != "none"
	}
	return r.Header.Get("Origin") != "" || strings.HasPrefix(r.Header.Get("User-Agent"), "Mozilla/")
}

// requireHeader reports whether a request has a header that pages of other sites cannot set, and
// refuses it otherwise. Requests that change something need one.
func requireHeader(w http.ResponseWriter, r *http.Request, header, what string) bool {
	if r.Header.Get(header) == "" {
		refuse(w, http.StatusForbidden, crossrank.InvalidArgument, "set the header "+header+": yes, to show that "+what+" is meant")
		return false
	}
	if !sameOrigin(r) {
		refuse(w, http.StatusForbidden, crossrank.InvalidArgument, "the request comes from a page of another site")
		return false
	}
	return true
}

// sameOrigin says whether a request comes from this server's own page, or from no page at all.
//
// A page of another site can have its own name resolve to this machine, and is then of the same
// origin by name. So where the connection came in over the loopback interface, a page's name must
// be one of that interface's.
func sameOrigin(r *http.Request) bool {
	if site := r.Header.Get("Sec-Fetch-Site"); site != "" && site != "same-origin" && site != "none" {
		return false
	}
	origin := r.Header.Get("Origin")
	if origin == "" {
		return true
	}
	u, err := url.Parse(origin)
	if err != nil || u.Host != r.Host {
		return false
	}
	here, _ := r.Context().Value(http.LocalAddrContextKey).(*net.TCPAddr)
	return here == nil || !here.IP.IsLoopback() || isLoopback(u.Hostname())
}

func isLoopback(host string) bool {
	ip, err := netip.ParseAddr(host)
	return host == "localhost" || err == nil && ip.IsLoopback()
}

package dashboard

import (
	"net"
	"net/http"
	"net/netip"
	"net/url"

	"github.com/crossrank/crossrank"
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
	if !requireHeader(w, r, ResetHeader, "a reset") {
		return
	}
	d.cfg.Recorder.Reset()
	reply(w, http.StatusOK, struct {
		Status string `json:"status"`
	}{"reset"})
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

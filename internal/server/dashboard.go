package server

import (
	"net/http"

	"github.com/crossrank/crossrank/internal/dashboard"
	"github.com/crossrank/crossrank/internal/edge"
)

// addDashboard adds the live page, its API and, unless there is an admin address, /metrics to the
// HTTP handler.
func (s *Server) addDashboard(b Backend) {
	d := dashboard.New(dashboard.Config{
		Recorder:  b.Recorder,
		Info:      b.Info,
		Models:    b.Models,
		Ready:     s.ready.Load,
		NoMetrics: s.admin != nil,
	})
	s.http.Handler = d.Around(s.http.Handler)
	s.http.RegisterOnShutdown(d.Close) // else streams would last as long as their viewers want
}

// browserLogin lets people open the live page of a server with API keys. The browser asks for a
// password and sends it with every request; the password is the key. It is ignored in requests that
// a page of another site makes the browser send.
func browserLogin(next http.Handler) http.Handler {
	sites := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, key, ok := r.BasicAuth(); ok && sites.Check(r) == nil {
			r = r.Clone(r.Context())
			r.Header.Set("Authorization", "Bearer "+key)
		} else if r.URL.Path == "/" && r.Method != http.MethodPost && len(edge.Authorization(r.Header)) == 0 {
			w.Header().Set("WWW-Authenticate", `Basic realm="crossrank: any name, and an API key as the password"`)
			http.Error(w, "this page needs an API key; enter it as the password, with any name", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

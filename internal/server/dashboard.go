package server

import (
	"net/http"

	"github.com/crossrank/crossrank/internal/dashboard"
)

// addDashboard puts the page, its API and, unless it has an address of its own, /metrics before the HTTP handler.
func (s *Server) addDashboard(b Backend) {
	d := dashboard.New(dashboard.Config{
		Recorder:  b.Recorder,
		Info:      b.Info,
		Models:    b.Models,
		Ready:     s.ready.Load,
		NoMetrics: s.admin != nil,
	})
	s.http.Handler = d.Around(s.http.Handler)
	s.http.RegisterOnShutdown(d.Close) // a stream would otherwise last as long as its viewer likes
}

// browserLogin lets people open the page of a server that asks for keys: a browser is asked to log in, and the password
// that it then sends with every request is the key. It does not count in what a page of another site makes the browser send.
func browserLogin(next http.Handler) http.Handler {
	sites := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if _, key, ok := r.BasicAuth(); ok && sites.Check(r) == nil {
			r = r.Clone(r.Context())
			r.Header.Set("Authorization", "Bearer "+key)
		} else if r.URL.Path == "/" && r.Header.Get("Authorization") == "" {
			w.Header().Set("WWW-Authenticate", `Basic realm="crossrank: any name, and an API key as the password"`)
			http.Error(w, "this page asks for an API key; give it as the password, beside any name", http.StatusUnauthorized)
			return
		}
		next.ServeHTTP(w, r)
	})
}

package server

import (
	"github.com/crossrank/crossrank/internal/dashboard"
)

// addDashboard puts the page, its API and /metrics before the HTTP handler.
func (s *Server) addDashboard(b Backend) {
	d := dashboard.New(dashboard.Config{Recorder: b.Recorder, Info: b.Info, Ready: s.ready.Load})
	s.http.Handler = d.Around(s.http.Handler)
	s.http.RegisterOnShutdown(d.Close) // a stream would otherwise last as long as its viewer likes
}

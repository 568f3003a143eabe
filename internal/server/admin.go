package server

import (
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/crossrank/crossrank/internal/dashboard"
	"github.com/crossrank/crossrank/internal/metrics"
)

// listenAdmin binds the operators' address. It never asks for a key, so it must be a loopback
// address even where public addresses are allowed.
func (s *Server) listenAdmin() (net.Listener, error) {
	const path = "server.admin_addr"
	cfg := &s.cfg
	tcp, err := net.ResolveTCPAddr("tcp", cfg.AdminAddr)
	if err != nil {
		return nil, &SettingError{path, cfg.AdminAddr, err}
	}
	if !tcp.IP.IsLoopback() {
		return nil, settingError(path, cfg.AdminAddr, "other machines could reach this address, "+
			"which never authenticates callers; use 127.0.0.1")
	}
	return s.bind(path, cfg.AdminAddr, tcp)
}

// adminServer serves metrics, and profiles if enabled, on the admin address. It runs until the
// drain is over, so that the drain can be observed.
func (s *Server) adminServer(b Backend) *http.Server {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", b.Recorder.Handler(metrics.Served{Info: b.Info, Ready: s.ready.Load}))
	mux.Handle("GET /reset", dashboard.ResetHandler(b.Recorder))
	if s.cfg.Pprof {
		mux.HandleFunc("GET /debug/pprof/", pprof.Index) // the named profiles too
		mux.HandleFunc("GET /debug/pprof/cmdline", pprof.Cmdline)
		mux.HandleFunc("GET /debug/pprof/profile", pprof.Profile)
		mux.HandleFunc("GET /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("POST /debug/pprof/symbol", pprof.Symbol)
		mux.HandleFunc("GET /debug/pprof/trace", pprof.Trace)
	}
	return &http.Server{
		Handler:           mux,
		ReadHeaderTimeout: s.cfg.HTTP.HeaderTimeout,
		ReadTimeout:       s.cfg.HTTP.BodyTimeout,
		WriteTimeout:      10 * time.Minute, // a profile is written once its seconds are over
		IdleTimeout:       s.cfg.HTTP.IdleTimeout,
		MaxHeaderBytes:    s.cfg.HTTP.HeaderBytes,
		ErrorLog:          s.transportLog.httpErrors(),
	}
}

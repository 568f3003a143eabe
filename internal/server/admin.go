package server

import (
	"errors"
	"fmt"
	"log/slog"
	"net"
	"net/http"
	"net/http/pprof"
	"time"

	"github.com/crossrank/crossrank/internal/metrics"
)

// listenAdmin binds the address of those who run the server. Nobody is asked for a key there, so it is never one that
// other machines can reach, whatever else is allowed.
func listenAdmin(cfg Config) (net.Listener, error) {
	tcp, err := net.ResolveTCPAddr("tcp", cfg.AdminAddr)
	if err != nil {
		return nil, fmt.Errorf("--admin-addr %s: %w", cfg.AdminAddr, err)
	}
	if !tcp.IP.IsLoopback() {
		return nil, fmt.Errorf("--admin-addr %s: %w", cfg.AdminAddr, errors.New("other machines could reach this address, "+
			"and it asks nobody for a key; use 127.0.0.1"))
	}
	return bind("--admin-addr", cfg.AdminAddr, tcp, cfg)
}

// adminServer answers on the admin address: metrics, and profiles if they are asked for. It lasts as long as the drain, so
// that the end of a server can be seen too.
func (s *Server) adminServer(b Backend) *http.Server {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", b.Recorder.Handler(metrics.Served{Info: b.Info, Ready: s.ready.Load}))
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
		ErrorLog:          slog.NewLogLogger(s.cfg.Log.Handler(), slog.LevelDebug),
	}
}

package server

import (
	"errors"

	"github.com/crossrank/crossrank/internal/edge"
	"github.com/crossrank/crossrank/internal/framewatch"
	"google.golang.org/grpc/health"
)

// Listen binds the addresses. The caller runs the server or closes it. An error in a setting is a
// [SettingError].
func Listen(cfg Config) (*Server, error) {
	cfg = cfg.OrDefaults()
	s := &Server{
		cfg:      cfg,
		budget:   edge.NewBudget(cfg.RequestBytes),
		partial:  framewatch.NewPartialMessageLimiter(cfg.RequestBytes),
		health:   health.NewServer(),
		draining: make(chan struct{}),

		transportLog: newTransportLog(cfg.Log),
	}
	if cfg.GRPCAddr == "" && cfg.HTTPAddr == "" {
		return nil, settingError("server.http_addr", "", "no address is set; set server.grpc_addr, server.http_addr or both")
	}
	if cfg.Pprof && cfg.AdminAddr == "" {
		return nil, settingError("server.pprof", "", "profiles are only at server.admin_addr, which is not set")
	}
	if err := s.readFiles(); err != nil {
		return nil, err
	}
	if err := s.bindAll(); err != nil {
		return nil, errors.Join(err, s.Close())
	}
	return s, nil
}

// bindAll binds the addresses that are set.
func (s *Server) bindAll() (err error) {
	listeners := 0
	if s.cfg.GRPCAddr != "" {
		if s.grpcListen, err = s.listen("server.grpc_addr", s.cfg.GRPCAddr); err != nil {
			return err
		}
		listeners++
	}
	if s.cfg.HTTPAddr != "" {
		if s.httpListen, err = s.listen("server.http_addr", s.cfg.HTTPAddr); err != nil {
			return err
		}
		listeners++
	}
	if s.cfg.AdminAddr != "" {
		if s.admin, err = s.listenAdmin(); err != nil {
			return err
		}
		listeners++
	}
	checkFileLimit(s.cfg, listeners, fileLimit())
	return nil
}

// readFiles reads the keys and certificates, and registers their files for reloading.
func (s *Server) readFiles() error {
	cfg := &s.cfg
	if err := cfg.TLS.check(); err != nil {
		return err
	}
	if cfg.needsKey() {
		w := &fileReloader{what: "API keys", load: func() error { return loadKeys(cfg, &s.keys) }}
		if cfg.APIKeysFile != "" {
			w.files = []string{cfg.APIKeysFile}
		}
		s.files = append(s.files, w)
	}
	if cfg.TLS != (TLS{}) {
		s.identity = &identity{files: cfg.TLS}
		s.files = append(s.files, &fileReloader{what: "certificates", files: cfg.TLS.files(), load: s.identity.load})
	}
	for _, w := range s.files {
		if err := w.loadFirst(); err != nil {
			return err
		}
	}
	return nil
}

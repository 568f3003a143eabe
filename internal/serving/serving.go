// Package serving composes a server from its parts, as settings ask for them: the open models
// behind one [Router], the listeners and limits of package server, and the metrics that watch both.
//
// It alone knows both the names of settings and the options of the parts. [Listen] binds the
// addresses, [Server.Open] opens and verifies the models, [Server.Run] serves until its context
// ends.
package serving

import (
	"cmp"
	"context"
	"errors"
	"log/slog"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/batch"
	"github.com/crossrank/crossrank/internal/config"
	"github.com/crossrank/crossrank/internal/metrics"
	"github.com/crossrank/crossrank/internal/server"
)

// Server is bound to its addresses. Use each once: Listen, Open, Run, Close.
type Server struct {
	*server.Server
	settings config.Settings
	log      *slog.Logger
	router   *Router // nil until the models are open
	fault    error   // see Fault
}

// Listen binds the addresses that settings name. An address in use is reported here, before a model
// is read. The caller closes the server.
func Listen(settings config.Settings, log *slog.Logger) (*Server, error) {
	if err := checkThreads(settings, cores(), log); err != nil {
		return nil, err
	}
	s, err := server.Listen(serverConfig(settings.Server, log))
	if err != nil {
		return nil, err
	}
	return &Server{Server: s, settings: settings, log: log}, nil
}

// Open opens the models and describes them, the default one first. The version is the program's.
func (s *Server) Open(ctx context.Context, version string) ([]crossrank.Info, error) {
	router, err := Open(ctx, s.settings, version, s.log)
	if err != nil {
		return nil, err
	}
	s.router = router
	s.fault = router.verify(s.log)
	return router.Infos(), nil
}

// Fault is why the server must not score, once its models are open: kernels that compute something
// else than plain Go. With a fault the server runs but is never ready. nil means none.
func (s *Server) Fault() error { return s.fault }

// Run serves the open models until ctx ends, then drains. With a [Server.Fault] it answers health
// checks alone, and returns the fault at the end.
func (s *Server) Run(ctx context.Context) error {
	infos := s.router.Infos()
	err := s.Server.Run(ctx, server.Backend{
		Scorer:      s.router,
		Info:        func() crossrank.Info { return infos[0] },
		Models:      func() []crossrank.Info { return infos },
		Resolve:     s.router.Resolve,
		Tokenize:    s.router.Tokenize,
		Recorder:    metrics.New(recorderOptions(s.settings.Server, s.router.Gauges())),
		BatchTokens: cmp.Or(s.settings.Batching.MaxTokens, batch.DefaultMaxTokens),
		Tokenizers:  cmp.Or(s.settings.TokenizerPool.Workers, cores()),
		Fault:       s.fault,
	})
	return errors.Join(s.fault, err)
}

// Close closes the models and releases the addresses.
func (s *Server) Close() error {
	err := s.Server.Close()
	if s.router != nil {
		err = errors.Join(s.router.Close(), err)
	}
	return err
}

package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"log/slog"
	"os"
	"runtime"
	"time"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/config"
	"github.com/crossrank/crossrank/internal/edge"
	"github.com/crossrank/crossrank/internal/metrics"
	"github.com/crossrank/crossrank/internal/pipeline"
	"github.com/crossrank/crossrank/internal/server"
)

type serveOptions struct {
	settings  settingsFlags
	logFormat string
}

func newServeCommand() *cobra.Command {
	var opts serveOptions
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve scores over gRPC and HTTP until told to stop",
		Long: `Serve opens a model and answers over gRPC (crossrank.v1.RerankService, inference.InferenceService, health,
reflection) and HTTP, in the words of Text Embeddings Inference, Jina, Cohere, llama.cpp and vLLM; GET /docs tells them.

When it is ready it prints one line of JSON with its addresses on standard output; a port of 0 chooses a free one.
SIGTERM or Ctrl-C drains: requests under way have --drain-grace to finish. A second signal ends it at once.

Settings come from the flags, else from the environment, else from the file of --config, else from the defaults;
crossrank config show --origin tells which. Without a model the built-in one is served, whose scores mean nothing.`,
		Example: `  $ crossrank serve --model ./ms-marco-MiniLM-L-6-v2
  {"grpc":"127.0.0.1:50051","http":"127.0.0.1:8080","model":"./ms-marco-MiniLM-L-6-v2"}

  $ curl 127.0.0.1:8080/rerank -H 'Content-Type: application/json' \
      -d '{"query": "capital of France", "texts": ["Paris is the capital.", "A fish swims."]}'`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runServe(cmd, opts) },
	}
	opts.settings.register(cmd)
	cmd.Flags().StringVar(&opts.logFormat, "log-format", "text", "of the log on standard error: text or json")
	return cmd
}

func runServe(cmd *cobra.Command, opts serveOptions) (err error) {
	direct, err := newLogger(cmd.ErrOrStderr(), opts.logFormat)
	if err != nil {
		return err
	}
	lines := newLogWriter(cmd.ErrOrStderr(), func(n int64) { direct.Warn("standard error was not read, lines are lost", "lines", n) })
	defer closeInto(&err, lines)
	log, err := newLogger(lines, opts.logFormat)
	if err != nil {
		return err
	}
	settings, err := opts.settings.resolve(cmd, os.Environ())
	if err != nil {
		return err
	}
	// The addresses come first: a port in use is told at once, not after the model is read.
	srv, err := server.Listen(serverConfig(settings.Server, log))
	if err != nil {
		return err
	}
	defer closeInto(&err, srv)

	models, err := openModels(cmd.Context(), settings)
	if err != nil {
		return err
	}
	defer closeInto(&err, models)
	infos := models.infos()
	if err := announce(cmd, srv, infos); err != nil {
		return err
	}
	return srv.Run(cmd.Context(), server.Backend{
		Scorer:      models,
		Info:        func() crossrank.Info { return infos[0] },
		Models:      func() []crossrank.Info { return infos },
		Tokenize:    models.tokenize,
		Recorder:    metrics.New(recorderOptions(settings.Server, models.gauges())),
		BatchTokens: cmp.Or(settings.Batching.MaxBatchTokens, pipeline.DefaultBatchTokens),
		Tokenizers:  cmp.Or(settings.TokenizerPool.Workers, runtime.GOMAXPROCS(0)),
	})
}

// announce tells programs, in one line, where the server is and its default model, and people what it is.
func announce(cmd *cobra.Command, srv *server.Server, infos []crossrank.Info) error {
	people := cmd.ErrOrStderr()
	for _, info := range infos {
		if info.Meaningless {
			fmt.Fprintf(people, "WARNING: %s is no trained model (%s). Its scores MEAN NOTHING;\n"+
				"WARNING: it shows speed only. Give --model DIR for scores that can be used.\n", info.Model, info.Weights)
		}
		if info.ScoreType == crossrank.NoScore {
			fmt.Fprintf(people, "WARNING: %s computes NO SCORES, pipeline.mode is %s\n", info.Model, info.Mode)
		}
	}
	for _, info := range infos {
		fmt.Fprintf(people, "serving %s (%s, %s, %s): gRPC on %s, HTTP on %s\n", info.Model, info.Quantization,
			info.Tier, cores(info), cmp.Or(srv.GRPCAddr(), "no address"), cmp.Or(srv.HTTPAddr(), "no address"))
	}
	enc := json.NewEncoder(cmd.OutOrStdout())
	enc.SetEscapeHTML(false)
	return enc.Encode(struct {
		GRPC  string `json:"grpc"`
		HTTP  string `json:"http"`
		Admin string `json:"admin,omitempty"`
		Model string `json:"model"`
	}{srv.GRPCAddr(), srv.HTTPAddr(), srv.AdminAddr(), infos[0].Model})
}

// serverConfig is what settings ask of the server.
func serverConfig(s config.Server, log *slog.Logger) server.Config {
	return server.Config{
		GRPCAddr:    s.GRPCAddr,
		HTTPAddr:    s.HTTPAddr,
		AdminAddr:   s.AdminAddr,
		Pprof:       s.Pprof,
		AllowPublic: s.InsecureNoAuth,
		APIKeys:     s.APIKeys,
		APIKeysFile: s.APIKeysFile,
		TLS:         server.TLS{Cert: s.TLS.Cert, Key: s.TLS.Key, ClientCA: s.TLS.ClientCA},
		Limits: edge.Limits{
			Documents:     s.Limits.Documents,
			DocumentBytes: s.Limits.DocumentBytes,
			QueryBytes:    s.Limits.QueryBytes,
		},
		OTLPEndpoint:       s.OTLPEndpoint,
		Deadline:           time.Duration(s.Deadline),
		DrainGrace:         time.Duration(s.DrainGrace),
		Connections:        s.Connections,
		AddressConnections: orNone(s.AddressConnections),
		RequestBytes:       int64(s.RequestBytes),
		GRPC: server.GRPC{
			Streams:        s.GRPC.Streams,
			MessageBytes:   s.GRPC.MessageBytes,
			HeaderBytes:    s.GRPC.HeaderBytes,
			Handshake:      time.Duration(s.GRPC.Handshake),
			MessageTimeout: time.Duration(s.GRPC.MessageTimeout),
			KeepaliveMin:   time.Duration(s.GRPC.KeepaliveMin),
			ConnectionAge:  time.Duration(s.GRPC.ConnectionAge),
		},
		HTTP: server.HTTP{
			HeaderTimeout: time.Duration(s.HTTP.HeaderTimeout),
			BodyTimeout:   time.Duration(s.HTTP.BodyTimeout),
			IdleTimeout:   time.Duration(s.HTTP.IdleTimeout),
			HeaderBytes:   s.HTTP.HeaderBytes,
			BodyBytes:     int64(s.HTTP.BodyBytes),
			Streams:       s.HTTP.Streams,
		},
		Log: log,
	}
}

// orNone is a bound for which 0 means none where a server's own zero value means the default.
func orNone(n int) int {
	if n == 0 {
		return -1
	}
	return n
}

// recorderOptions are what settings ask of the server's memory of itself.
func recorderOptions(s config.Server, gauges metrics.Gauges) metrics.Options {
	return metrics.Options{Gauges: gauges, History: time.Duration(s.History)}
}

// cores says how a model uses them.
func cores(info crossrank.Info) string {
	if info.Instances > 1 {
		return fmt.Sprintf("%d instances, %d threads", info.Instances, info.Threads)
	}
	return fmt.Sprintf("%d threads", info.Threads)
}

func newLogger(w io.Writer, format string) (*slog.Logger, error) {
	switch format {
	case "text":
		return slog.New(slog.NewTextHandler(w, nil)), nil
	case "json":
		return slog.New(slog.NewJSONHandler(w, nil)), nil
	}
	return nil, usageError("--log-format is %q; use text or json", format)
}

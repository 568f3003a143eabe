package main

import (
	"cmp"
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/serving"
)

type serveOptions struct {
	settings settingsFlags
	log      logOptions
}

func newServeCommand() *cobra.Command {
	var opts serveOptions
	cmd := &cobra.Command{
		Use:   "serve",
		Short: "Serve scores over gRPC and HTTP",
		Long: `Serve opens a model and answers over gRPC (crossrank.v1.RerankService, inference.InferenceService,
health, reflection) and HTTP, in the dialects of Text Embeddings Inference, Jina, Cohere,
llama.cpp and vLLM; GET /docs describes them.

At the start the server compares a short pair's logits with those of plain Go. If they differ by
more than rounding explains, it is never ready, and its log says why.

When the server is ready, it prints one line of JSON with its addresses on standard output. Port 0
chooses a free port. SIGTERM or Ctrl-C drains: requests in progress have --drain-grace to finish.
A second signal ends the server at once.

A flag overrides the environment, which overrides the file of --config, which overrides the
default; crossrank config show --origin shows where each value comes from. Without a model the
built-in one is served, whose scores mean nothing.`,
		Example: `  $ crossrank serve --model ./ms-marco-MiniLM-L-6-v2
  {"grpc":"127.0.0.1:50051","http":"127.0.0.1:8080","model":"./ms-marco-MiniLM-L-6-v2"}

  $ curl 127.0.0.1:8080/rerank -H 'Content-Type: application/json' \
      -d '{"query": "capital of France", "texts": ["Paris is the capital.", "A fish swims."]}'`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runServe(cmd, opts) },
	}
	opts.settings.register(cmd)
	opts.log.register(cmd)
	pullFlag(cmd)
	return cmd
}

func runServe(cmd *cobra.Command, opts serveOptions) (err error) {
	direct, err := opts.log.logger(cmd.ErrOrStderr())
	if err != nil {
		return err
	}
	lines := newLogWriter(cmd.ErrOrStderr(), func(n int64) { direct.Warn("standard error was not read, lines are lost", "lines", n) })
	defer closeInto(&err, lines)
	log, err := opts.log.logger(lines)
	if err != nil {
		return err
	}
	settings, err := opts.settings.resolve(cmd, os.Environ())
	if err != nil {
		return err
	}
	if err := ensureModels(cmd, servedModels(settings)...); err != nil {
		return err
	}
	// The addresses come first: a port in use is reported at once, not after the model is read.
	srv, err := serving.Listen(settings, log)
	if err != nil {
		return withOrigin(err, settings)
	}
	defer closeInto(&err, srv)
	infos, err := srv.Open(cmd.Context(), programVersion())
	if err != nil {
		return err
	}
	if srv.Fault() == nil {
		err = announce(cmd.OutOrStdout(), lines, srv, infos)
	}
	if err != nil {
		return err
	}
	return srv.Run(cmd.Context())
}

// announce writes the addresses and the default model for programs, in one line of JSON, and a
// description of each model for people, who read it among the lines of the log.
func announce(programs, people io.Writer, srv *serving.Server, infos []crossrank.Info) error {
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
		fmt.Fprintf(people, "serving %s (%s): gRPC on %s, HTTP on %s\n", info.Pinned(), howServed(info), cmp.Or(srv.GRPCAddr(), "no address"), cmp.Or(srv.HTTPAddr(), "no address"))
	}
	enc := json.NewEncoder(programs)
	enc.SetEscapeHTML(false)
	return enc.Encode(struct {
		GRPC  string `json:"grpc"`
		HTTP  string `json:"http"`
		Admin string `json:"admin,omitempty"`
		Model string `json:"model"`
	}{srv.GRPCAddr(), srv.HTTPAddr(), srv.AdminAddr(), infos[0].Model})
}

// howServed describes how a model is computed: on the CPU by its instruction tier, instances and
// threads, elsewhere by the device.
func howServed(info crossrank.Info) string {
	parts := []string{info.Quantization}
	if info.Tier != "" {
		parts = append(parts, info.Tier)
	} else {
		parts = append(parts, info.Backend+" on "+info.Device)
	}
	if info.Instances > 1 {
		parts = append(parts, plural(info.Instances, "instance"))
	}
	if info.Threads > 0 {
		parts = append(parts, plural(info.Threads, "thread"))
	}
	return strings.Join(parts, ", ")
}

package experiment

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"os"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/config"
	"github.com/crossrank/crossrank/internal/definition"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/serverproc"
)

// exitWithin is how long a server has to exit.
const exitWithin = 15 * time.Second

// startServer starts the server of a process, or connects to the target, and begins the results if
// they do not exist yet.
func (r *runner) startServer(ctx context.Context, settings definition.Settings) error {
	if settings.Target.Address != "" {
		return r.attach(ctx, settings.Target)
	}
	server, err := r.startProcess(ctx, settings)
	if err != nil {
		return err
	}
	r.server = server
	r.progress = newProgressReporter(server.HTTP, progress{
		Name: r.base.Name, State: "running", Configuration: r.done, Configurations: r.total, Report: r.opts.Report,
	})
	if r.opts.Serving != nil {
		r.opts.Serving("http://" + server.HTTP + "/")
	}
	if r.client, err = client.Dial("grpc://"+server.GRPC, client.Options{}); err != nil {
		return fmt.Errorf("connecting to the server: %w", err)
	}
	r.setScorers()
	info, err := r.client.Info(ctx)
	if err != nil {
		return fmt.Errorf("asking the server for its model: %w", cmp.Or(server.Err(), err))
	}
	r.quantization = info.Quantization
	if r.w == nil {
		return r.begin(info, "grpc://"+server.GRPC)
	}
	return nil
}

// startProcess starts a server with all server settings of the definition, defaults included: some
// defaults of a definition differ from those of a server.
func (r *runner) startProcess(ctx context.Context, settings definition.Settings) (*serverproc.Process, error) {
	text, err := config.Encode(settings.Settings)
	if err != nil {
		return nil, fmt.Errorf("encoding the server's settings: %w", err)
	}
	return serverproc.Start(ctx, serverproc.Config{
		Program:     r.opts.Program,
		Settings:    text,
		HTTPAddr:    r.opts.HTTPAddr,
		Env:         config.WithoutSettings(os.Environ()), // the results record the definition, not the environment
		Log:         r.log,
		LowPriority: settings.Experiment.Arrival.Open(),
		ExitWithin:  exitWithin,
	})
}

// announceEnd reports to the page of a server why the server stops now.
func (r *runner) announceEnd(ctx context.Context, last bool) {
	if r.server == nil || r.server.Err() != nil || r.progress == nil {
		return
	}
	state, note := "ended", ""
	switch {
	case ctx.Err() != nil:
		note = stopReason(ctx)
	case !last:
		state, note = "running", "The next configuration runs on a new server"
	case r.out.Broken > 0:
		note = fmt.Sprintf("%d of %d configurations failed", r.out.Broken, r.total)
	}
	r.progress.last(context.WithoutCancel(ctx), state, note)
	if last && ctx.Err() == nil && r.opts.Measured != nil {
		r.opts.Measured(ctx, "http://"+r.server.HTTP+"/")
	}
}

// stopServer stops the server, if one runs.
func (r *runner) stopServer() error {
	r.progress.stop()
	r.progress = nil
	var err error
	if r.client != nil {
		err = r.client.Close()
		r.client = nil
	}
	if r.server != nil {
		err = errors.Join(err, r.server.Stop())
		r.server = nil
	}
	return err
}

// setScorers sets what requests go to.
func (r *runner) setScorers() {
	r.scorer, r.judged = Sending(r.client, r.base.Data), Instructed(r.client, r.base.Data)
}

// begin creates the results file, with the configurations that are kept of an earlier run.
func (r *runner) begin(info crossrank.Info, target string) error {
	run, err := RunOf(r.base, r.data, info, target)
	if err != nil {
		return err
	}
	run.CommandLine, run.Version = r.opts.CommandLine, r.opts.Version
	r.w, err = results.Create(r.path, func(w *results.Writer) error { return errors.Join(w.Run(run.Public()), r.copyKept(w)) })
	if err != nil {
		return errors.Join(errLost, err)
	}
	r.out.Results = r.path
	return nil
}

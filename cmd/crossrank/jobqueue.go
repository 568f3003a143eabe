package main

import (
	"encoding/json"
	"fmt"
	"net"
	"os"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank/internal/queue"
)

// queueToken is the variable with the token of a queue.
const queueToken = "CROSSRANK_QUEUE_TOKEN"

func newJobQueueCommand() *cobra.Command {
	var opts queue.ServerOptions
	var open bool
	cmd := &cobra.Command{
		Use:   "queue",
		Short: "Serve a queue to workers of several machines",
		Long: `Queue runs a NATS server with JetStream, for workers on other machines. Any other NATS server with
JetStream serves as well. It holds no output, and no job is lost with it.

Workers must know the token in $` + queueToken + `. Without one the queue listens on
loopback only, unless --insecure-no-auth allows everyone who reaches it. The connection is not
encrypted; across networks that are not trusted use a NATS server with TLS.

When it is ready, it prints its address as one line of JSON on standard output.`,
		Example: `  $ crossrank job queue
  {"queue":"nats://127.0.0.1:4222"}
  $ ` + queueToken + `=secret crossrank job queue --listen 0.0.0.0:4222 --dir /var/lib/crossrank`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runJobQueue(cmd, opts, open) },
	}
	cmd.Flags().StringVar(&opts.Listen, "listen", "127.0.0.1:4222", "address for workers; port 0 chooses a free one")
	cmd.Flags().StringVar(&opts.Dir, "dir", "", "directory that keeps the queue over restarts; empty = a temporary one")
	cmd.Flags().BoolVar(&open, "insecure-no-auth", false, "access without a token from other machines")
	return cmd
}

func runJobQueue(cmd *cobra.Command, opts queue.ServerOptions, open bool) (err error) {
	opts.Token = os.Getenv(queueToken)
	host, _, err := net.SplitHostPort(opts.Listen)
	if err != nil {
		return usageError("--listen: %w", err)
	}
	if ip := net.ParseIP(host); opts.Token == "" && !open && host != "localhost" && (ip == nil || !ip.IsLoopback()) {
		return usageError("--listen is %s, which other machines may reach, and there is no token; set %s, or give --insecure-no-auth",
			opts.Listen, queueToken)
	}
	s, err := queue.Serve(opts)
	if err != nil {
		return err
	}
	defer closeInto(&err, s)
	enc := json.NewEncoder(cmd.OutOrStdout())
	if err := enc.Encode(map[string]string{"queue": "nats://" + s.Addr()}); err != nil {
		return err
	}
	<-cmd.Context().Done()
	fmt.Fprintln(cmd.ErrOrStderr(), "stopped")
	return nil
}

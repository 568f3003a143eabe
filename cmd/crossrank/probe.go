package main

import (
	"context"
	"fmt"
	"time"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank/client"
)

func newHealthCommand() *cobra.Command {
	return newProbeCommand("health", "alive", (*client.Client).Live, &cobra.Command{
		Short: "Check that a server is alive",
		Long: `Health asks a server whether it is alive: its process answers, even while it loads models or
drains. The exit code is 0 if it is and 1 if it is not, as liveness probes and health checks of
containers expect. No API key is needed.`,
		Example: `  $ crossrank health
  http://127.0.0.1:8080 is alive
  $ crossrank health --target grpc://127.0.0.1:50051 --timeout 1s`,
	})
}

func newReadyCommand() *cobra.Command {
	return newProbeCommand("ready", "ready", (*client.Client).Ready, &cobra.Command{
		Short: "Check that a server accepts requests",
		Long: `Ready asks a server whether it accepts requests now: its models are loaded and it does not
drain. The exit code is 0 if it does and 1 if it does not, as readiness probes expect. No API key is
needed.`,
		Example: `  $ crossrank ready
  http://127.0.0.1:8080 is ready
  $ until crossrank ready --target grpc://127.0.0.1:50051; do sleep 1; done`,
	})
}

// newProbeCommand completes a command that probes a server; state is what a success says.
func newProbeCommand(name, state string, probe func(*client.Client, context.Context) error, cmd *cobra.Command) *cobra.Command {
	var target string
	var secure client.TLS
	var timeout time.Duration
	cmd.Use = name
	f := cmd.Flags()
	f.StringVar(&target, "target", "http://127.0.0.1:8080", "server: http://host:port or grpc://host:port (https, grpcs)")
	f.StringVar(&secure.CAFile, "ca-file", "", "PEM file with the authorities to trust instead of the system's, for grpcs and https")
	f.StringVar(&secure.CertFile, "cert-file", "", "PEM file with the client's certificate, for servers that ask for one")
	f.StringVar(&secure.KeyFile, "key-file", "", "PEM file with the key of --cert-file")
	f.DurationVar(&timeout, "timeout", 5*time.Second, "time limit for the answer; 0 = none")
	cmd.RunE = func(cmd *cobra.Command, _ []string) error {
		if timeout < 0 {
			return usageError("--timeout is %s; it must be 0 or more", timeout)
		}
		c, err := client.Dial(target, client.Options{TLS: secure})
		if err != nil {
			return usageError("%w", err)
		}
		defer c.Close()
		ctx := cmd.Context()
		if timeout > 0 {
			var cancel context.CancelFunc
			ctx, cancel = context.WithTimeout(ctx, timeout)
			defer cancel()
		}
		if err := probe(c, ctx); err != nil {
			return err
		}
		_, err = fmt.Fprintf(cmd.OutOrStdout(), "%s is %s\n", target, state)
		return err
	}
	return cmd
}

package main

import (
	"bufio"
	"bytes"
	"crypto/sha256"
	"errors"
	"fmt"
	"io"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank/internal/config"
)

func newConfigCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Show the settings in effect, and make digests of API keys",
		Long:  "Config shows the settings that serve would run with, and makes the digests of API keys that stand in them.",
	}
	cmd.AddCommand(newConfigShowCommand(), newHashKeyCommand())
	return group(cmd)
}

func newConfigShowCommand() *cobra.Command {
	var flags settingsFlags
	var origin bool
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Print every setting that serve would run with, and where it comes from",
		Long: `Show takes the flags and the environment of serve and prints the settings that it would run with, as YAML that
serve --config reads. With --origin it prints a line a setting instead, with where its value comes from: a flag, a
variable of the environment, a line of the file, or the default. The digests of API keys are told by their number.

A flag goes before the environment, that before the file, and that before the default. The setting server.grpc.streams
is --grpc-streams as a flag and CROSSRANK_SERVER_GRPC_STREAMS in the environment.`,
		Example: `  $ CROSSRANK_SERVER_DEADLINE=10s crossrank config show --origin --config server.yaml --connections 512`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			settings, err := flags.resolve(cmd, os.Environ())
			if err != nil {
				return err
			}
			return showSettings(cmd.OutOrStdout(), settings, origin)
		},
	}
	flags.register(cmd)
	cmd.Flags().BoolVar(&origin, "origin", false, "a line a setting, with where its value comes from")
	return cmd
}

func showSettings(w io.Writer, settings config.Settings, origin bool) error {
	if !origin {
		text, err := config.Encode(settings)
		if err != nil {
			return err
		}
		if n := len(settings.Server.APIKeys); n > 0 {
			text = fmt.Appendf(text, "# besides, %d digests at server.api_keys\n", n)
		}
		_, err = w.Write(text)
		return err
	}
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, key := range settings.Keys() {
		fmt.Fprintf(table, "%s\t%s\t%s\n", key.Path, key.Value, settings.Origin(key.Path))
	}
	return table.Flush()
}

// shortestKey is the fewest bytes of an API key: fewer could be found from the digest by trying.
const shortestKey = 20

func newHashKeyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "hash-key",
		Short: "Turn API keys on standard input into the digests that settings hold",
		Long: `Hash-key reads API keys, one a line, and prints the SHA-256 digest of each, as server.api_keys and the file of
server.api_keys_file hold them. A key is at least 20 printable characters, chosen at random: a server answers whoever
has it. Keys are read from standard input because a command line can be seen by other users of the machine.`,
		Example: `  $ openssl rand -hex 32 > key
  $ crossrank config hash-key < key > digests
  $ crossrank serve --api-keys-file digests
  $ curl 127.0.0.1:8080/info -H "Authorization: Bearer $(cat key)"`,
		RunE: func(cmd *cobra.Command, _ []string) error { return hashKeys(cmd.InOrStdin(), cmd.OutOrStdout()) },
	}
}

func hashKeys(in io.Reader, out io.Writer) error {
	lines := bufio.NewScanner(in)
	count := 0
	for lines.Scan() {
		count++
		key := lines.Bytes()
		if len(key) < shortestKey {
			return fmt.Errorf("the key on line %d has %d characters; use at least %d, such as openssl rand -hex 32 makes",
				count, len(key), shortestKey)
		}
		if bytes.ContainsFunc(key, func(r rune) bool { return r <= ' ' || r > '~' }) {
			return fmt.Errorf("the key on line %d holds a space or something else that no header can carry", count)
		}
		if _, err := fmt.Fprintf(out, "%x\n", sha256.Sum256(key)); err != nil {
			return err
		}
	}
	if err := lines.Err(); err != nil {
		return fmt.Errorf("reading keys: %w", err)
	}
	if count == 0 {
		return errors.New("standard input holds no key; give one a line")
	}
	return nil
}

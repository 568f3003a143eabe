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
	"github.com/crossrank/crossrank/internal/strictyaml"
)

func newConfigCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "config",
		Short: "Show the settings in effect, and hash API keys",
		Long:  "Config shows the settings that serve would run with, and hashes the API keys that it accepts.",
		Example: `  $ crossrank config show --config server.yaml
  $ crossrank config hash-key < key`,
	}
	cmd.AddCommand(newConfigShowCommand(), newHashKeyCommand())
	return group(cmd)
}

func newConfigShowCommand() *cobra.Command {
	var flags settingsFlags
	var origin bool
	var defined string
	cmd := &cobra.Command{
		Use:   "show",
		Short: "Show the settings that serve would run with",
		Long: `Show takes the flags and the environment of serve and shows the settings that it would run with,
as YAML that serve --config reads. With --origin it shows one line per setting instead, with the
origin of its value: a flag, an environment variable, a line of the file, or the default. Of the
digests of API keys it shows how many there are.

With --experiment it shows the definition of an experiment, one line per setting: the settings of
the servers that it starts, some of whose defaults are an experiment's own, and what it measures.
A setting that is swept has several values.

A flag overrides the environment, which overrides the file, which overrides the default. The
setting server.grpc.streams is --grpc-streams as a flag and CROSSRANK_SERVER_GRPC_STREAMS in the
environment.`,
		Example: `  $ crossrank config show --config server.yaml
  $ CROSSRANK_SERVER_DEADLINE=10s crossrank config show --origin --connections 512
  $ crossrank config show --experiment 05_batch_size`,
		RunE: func(cmd *cobra.Command, _ []string) error {
			if defined != "" {
				if err := onlyFlags(cmd, "experiment", "origin"); err != nil {
					return err
				}
				return showDefinition(cmd.OutOrStdout(), defined)
			}
			settings, err := flags.resolve(cmd, os.Environ())
			if err != nil {
				return err
			}
			return showSettings(cmd.OutOrStdout(), settings, origin)
		},
	}
	flags.register(cmd)
	cmd.Flags().StringVar(&defined, "experiment", "", "definition of an experiment, by file or by name; shown with --origin")
	cmd.Flags().BoolVar(&origin, "origin", false, "one line per setting, with the origin of its value")
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
	return showOrigins(w, settings.Keys(), settings.Origins)
}

// showDefinition shows the definition of an experiment.
func showDefinition(w io.Writer, name string) error {
	sweep, err := experimentFolder("").Load(name)
	if err != nil {
		return err
	}
	return showOrigins(w, sweep.Keys(), sweep.Base().Origins)
}

// showOrigins writes one line per setting.
func showOrigins(w io.Writer, keys []strictyaml.Key, origins strictyaml.Origins) error {
	table := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	for _, key := range keys {
		fmt.Fprintf(table, "%s\t%s\t%s\n", key.Path, key.Value, origins.Origin(key.Path))
	}
	return table.Flush()
}

// shortestKey is the fewest bytes of an API key: fewer could be found from the digest by trying.
const shortestKey = 20

func newHashKeyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "hash-key",
		Short: "Hash API keys from standard input",
		Long: `Hash-key reads API keys, one per line, and prints the SHA-256 digest of each, as server.api_keys
and the file of server.api_keys_file hold them. A key is at least 20 printable characters, chosen
at random: a server answers everyone who has it. Keys are read from standard input because other
users of the machine can see a command line.`,
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
		return errors.New("standard input holds no key; give one key per line")
	}
	return nil
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank/internal/hub"
)

func newPullCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "pull NAME[@REVISION]...",
		Short: "Download models from the Hugging Face hub",
		Long: `Pull downloads the files of a model that scoring needs: its configuration, its tokenizer, and its
weights as safetensors. They go into the cache of the Python library huggingface_hub, so programs
in Python find them there, and pull finds what those have downloaded. Files that are there already
are not downloaded again, and a download that was interrupted continues where it was.

REVISION is a branch, a tag or a commit; without one it is the branch main. The directory of the
files goes to standard output, progress to standard error. Afterwards every command takes NAME as
its --model, without a network.

Environment variables, as Python's: HF_HOME and HF_HUB_CACHE (the cache), HF_TOKEN, HF_TOKEN_PATH
(private and gated models), HF_ENDPOINT (a mirror), HF_HUB_OFFLINE, HF_HUB_DOWNLOAD_TIMEOUT,
HF_HUB_DISABLE_SYMLINKS and HF_HUB_DISABLE_PROGRESS_BARS.`,
		Example: `  $ crossrank pull cross-encoder/ms-marco-MiniLM-L-6-v2
  $ crossrank pull cross-encoder/ms-marco-MiniLM-L-6-v2@refs/pr/3
  $ HF_HOME=/data/hf crossrank pull cross-encoder/ms-marco-MiniLM-L-12-v2`,
		Args: oneOrMore("NAME"),
		RunE: runPull,
	}
}

func runPull(cmd *cobra.Command, args []string) error {
	names, err := hubNames(args)
	if err != nil {
		return err
	}
	for _, n := range names {
		snapshot, err := pull(cmd, n)
		if err != nil {
			return err
		}
		if m := describeSnapshot(snapshot); !m.Runs {
			fmt.Fprintf(cmd.ErrOrStderr(), "warning: this build cannot run it: %s\n", plainText(m.Reason))
		}
		fmt.Fprintln(cmd.OutOrStdout(), snapshot.Dir)
	}
	return nil
}

// hubNames reads the arguments of a command that takes names of models.
func hubNames(args []string) (names []hub.Name, err error) {
	for _, arg := range args {
		n, err := hub.ParseName(arg)
		if err != nil {
			return nil, usageError("%w", err)
		}
		names = append(names, n)
	}
	return names, nil
}

// hubEnvironment is what the environment says about the hub.
func hubEnvironment() (hub.Environment, error) { return hub.ReadEnvironment(os.Getenv) }

// pull downloads a model with progress on standard error.
func pull(cmd *cobra.Command, n hub.Name) (hub.Snapshot, error) {
	e, err := hubEnvironment()
	if err != nil {
		return hub.Snapshot{}, err
	}
	stderr := cmd.ErrOrStderr()
	bar := newPullProgress(stderr, n, e.NoProgress)
	puller, err := hub.NewPuller(e, hub.Options{
		Agent:    "crossrank/" + programVersion(),
		Progress: bar.update,
		Note:     bar.note,
	})
	if err != nil {
		return hub.Snapshot{}, err
	}
	defer puller.Close()
	snapshot, err := puller.Pull(cmd.Context(), n)
	bar.end()
	if errors.Is(err, context.Canceled) {
		fmt.Fprintln(stderr, "what was downloaded is kept; the same command continues there")
	}
	if err != nil {
		return snapshot, err
	}
	fmt.Fprintf(stderr, "%s: %s, %s\n", snapshot.Pinned(), plural(snapshot.Files, "file"), hub.FormatBytes(snapshot.Size))
	return snapshot, nil
}

// pullFlag gives cmd a --pull, see ensureModels.
func pullFlag(cmd *cobra.Command) {
	cmd.Flags().Bool("pull", false, "download of the model from the Hugging Face hub if the cache lacks it")
}

// ensureModels downloads those of the models that are named by their names on the hub and are not
// in the cache, if --pull is given. Otherwise the error says how to.
func ensureModels(cmd *cobra.Command, models ...string) error {
	may, err := cmd.Flags().GetBool("pull")
	if err != nil {
		return err
	}
	for _, model := range models {
		_, err := hub.Locate(model, os.Getenv)
		missing, isMissing := errors.AsType[*hub.NotCached](err)
		switch {
		case isMissing && may:
			_, err = pull(cmd, missing.Name)
		case isMissing:
			err = fmt.Errorf("%w, or add --pull", err)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func plural(n int, thing string) string { return fmt.Sprintf("%d %s%s", n, thing, mark(n != 1, "s")) }

// writeNote shows people a line that concerns a download.
func writeNote(w io.Writer, text string) { fmt.Fprintf(w, "note: %s\n", text) }

package main

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
	"unicode"

	"github.com/crossrank/crossrank/internal/hub"
	"github.com/spf13/cobra"
)

func newModelsCommand() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "models",
		Short: "List, verify and remove downloaded models",
		Long: `Models shows and changes the cache of models of the Hugging Face hub, which crossrank pull and the
Python library huggingface_hub share. None of its commands needs a network.`,
		Example: `  $ crossrank models list
  $ crossrank models verify cross-encoder/ms-marco-MiniLM-L-6-v2`,
	}
	cmd.AddCommand(newModelsListCommand(), newModelsVerifyCommand(), newModelsRemoveCommand())
	return group(cmd)
}

// modelsInCache reads the arguments of a command that takes names of models, and gives the cache
// that the environment names.
func modelsInCache(args []string) (hub.Cache, []hub.Name, error) {
	names, err := hubNames(args)
	if err != nil {
		return hub.Cache{}, nil, err
	}
	e, err := hubEnvironment()
	return hub.NewCache(e.CacheDir), names, err
}

func newModelsVerifyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "verify NAME...",
		Short: "Hash the files of downloaded models again",
		Long: `Verify reads every file of a model in the cache, all revisions, and compares its hash with the one
that the hub gave it, which is its name in the cache. The files that differ are listed on standard
output, and the exit code is then 1.`,
		Example: `  $ crossrank models verify cross-encoder/ms-marco-MiniLM-L-6-v2`,
		Args:    oneOrMore("NAME"),
		RunE:    runModelsVerify,
	}
}

func runModelsVerify(cmd *cobra.Command, args []string) error {
	cache, names, err := modelsInCache(args)
	if err != nil {
		return err
	}
	damaged := 0
	for i, n := range names {
		if strings.Contains(args[i], "@") {
			return usageError("%s names a revision; verify reads all of a model, so leave out @%s", args[i], n.Revision)
		}
		found, err := cache.Verify(cmd.Context(), n)
		if err != nil {
			return notThere(err)
		}
		for _, f := range found.Faults {
			fmt.Fprintf(cmd.OutOrStdout(), "%s: %s: %s\n", n.Repo, f.File, faultWords(f.Err))
		}
		if len(found.Faults) == 0 {
			fmt.Fprintf(cmd.ErrOrStderr(), "%s: %s, %s: as the hub has them\n", n.Repo, plural(found.Files, "file"), hub.FormatBytes(found.Bytes))
			continue
		}
		damaged += len(found.Faults)
		fmt.Fprintf(cmd.ErrOrStderr(), "to download %s again: crossrank models remove %s && crossrank pull %s\n", n.Repo, n.Repo, n.Repo)
	}
	if damaged > 0 {
		return fmt.Errorf("%s damaged", plural(damaged, "file"))
	}
	return nil
}

func faultWords(err error) string {
	if errors.Is(err, fs.ErrNotExist) {
		return "its content is not in the cache"
	}
	return plainText(err.Error())
}

func newModelsRemoveCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "remove NAME[@REVISION]...",
		Short: "Remove models from the cache",
		Long: `Remove deletes a model from the cache, with all its revisions. With a revision, which is a branch,
a tag or a commit, it deletes that one, and the files that no other revision of the model shares.`,
		Example: `  $ crossrank models remove cross-encoder/ms-marco-MiniLM-L-6-v2
  $ crossrank models remove cross-encoder/ms-marco-MiniLM-L-6-v2@main`,
		Args: oneOrMore("NAME"),
		RunE: runModelsRemove,
	}
}

func runModelsRemove(cmd *cobra.Command, args []string) error {
	cache, names, err := modelsInCache(args)
	if err != nil {
		return err
	}
	for i, n := range names {
		remove := cache.Remove
		if strings.Contains(args[i], "@") {
			remove = cache.RemoveSnapshot
		}
		freed, err := remove(n)
		if err != nil {
			return notThere(err)
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "removed %s: %s freed\n", args[i], hub.FormatBytes(freed))
	}
	return nil
}

// notThere strips the advice to download a model from an error: a command that removes it needs
// none.
func notThere(err error) error {
	if missing, ok := errors.AsType[*hub.NotCached](err); ok {
		return fmt.Errorf("%s is not in the cache (%s)", missing.Name, missing.Dir)
	}
	return err
}

// plainText is text of a file from elsewhere in one line, without what a terminal would obey.
func plainText(text string) string {
	return strings.Map(func(r rune) rune {
		if !unicode.IsPrint(r) {
			return '\uFFFD'
		}
		return r
	}, oneLine(text))
}

package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank/internal/checkpoint"
	"github.com/crossrank/crossrank/internal/hub"
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

// modelCache is the cache that the environment names.
func modelCache() (hub.Cache, string, error) {
	e, err := hubEnvironment()
	return hub.NewCache(e.CacheDir), e.CacheDir, err
}

func newModelsListCommand() *cobra.Command {
	var asJSON bool
	cmd := &cobra.Command{
		Use:   "list",
		Short: "List the models in the cache, and whether this build can run them",
		Long: `List shows every revision of every model in the cache: its commit, with the branches and tags that
stand for it; the size of its files; the class that its config.json names; and whether this build
can run it. For that, it reads the configuration and the tokenizer, but not the weights.`,
		Example: `  $ crossrank models list
  $ crossrank models list --json`,
		RunE: func(cmd *cobra.Command, _ []string) error { return listModels(cmd, asJSON) },
	}
	cmd.Flags().BoolVar(&asJSON, "json", false, "JSON lines instead of a table")
	return cmd
}

// listedModel is a line of the list. Scripts read its JSON: keys may be added, none changes its meaning.
type listedModel struct {
	Model  string   `json:"model"`
	Commit string   `json:"commit"`
	Refs   []string `json:"refs"` // branches and tags
	Path   string   `json:"path"`
	Files  int      `json:"files"`
	Bytes  int64    `json:"bytes"`
	Class  string   `json:"class"` // in config.json; empty if unknown
	Runs   bool     `json:"runs"`  // with this build
	Reason string   `json:"reason,omitempty"`
}

func listModels(cmd *cobra.Command, asJSON bool) error {
	cache, dir, err := modelCache()
	if err != nil {
		return err
	}
	snapshots, err := cache.List()
	if err != nil {
		return err
	}
	if len(snapshots) == 0 {
		fmt.Fprintf(cmd.ErrOrStderr(), "no models in %s\n", dir)
	}
	var models []listedModel
	for _, s := range snapshots {
		models = append(models, describeSnapshot(s))
	}
	if asJSON {
		enc := json.NewEncoder(cmd.OutOrStdout())
		enc.SetEscapeHTML(false)
		for _, m := range models {
			if err := enc.Encode(m); err != nil {
				return err
			}
		}
		return nil
	}
	if len(models) == 0 {
		return nil
	}
	return writeModels(cmd.OutOrStdout(), models)
}

// describeSnapshot looks at a snapshot as far as that is quick.
func describeSnapshot(s hub.Snapshot) listedModel {
	m := listedModel{
		Model: s.Repo, Commit: s.Commit, Refs: append([]string{}, s.Refs...), Path: s.Dir, Files: s.Files, Bytes: s.Size,
		Class: classOf(s.Dir),
	}
	if s.Lacks != nil {
		m.Reason = "not complete: " + s.Lacks.Error()
	} else if _, err := checkpoint.OpenTokenizer(s.Dir); err != nil {
		m.Reason = strings.TrimPrefix(err.Error(), "opening model "+s.Dir+": ")
	}
	m.Runs = m.Reason == ""
	return m
}

// classOf is the class that config.json names, or empty.
func classOf(dir string) string {
	var config struct {
		Architectures []string `json:"architectures"`
	}
	f, err := os.Open(filepath.Join(dir, "config.json"))
	if err != nil {
		return ""
	}
	defer f.Close()
	text, err := io.ReadAll(io.LimitReader(f, 1<<20))
	if err != nil || json.Unmarshal(text, &config) != nil {
		return ""
	}
	return strings.Join(config.Architectures, ", ")
}

func writeModels(w io.Writer, models []listedModel) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "MODEL\tREVISION\tSIZE\tCLASS\tRUNS")
	for _, m := range models {
		revision := m.Commit[:12]
		if len(m.Refs) > 0 {
			revision += " (" + strings.Join(m.Refs, ", ") + ")"
		}
		runs := "yes"
		if !m.Runs {
			runs = "no: " + plainText(m.Reason)
		}
		class := m.Class
		if class == "" {
			class = "n/a"
		}
		fmt.Fprintf(t, "%s\t%s\t%s\t%s\t%s\n", m.Model, revision, hub.FormatBytes(m.Bytes), plainText(class), runs)
	}
	return t.Flush()
}

func newModelsVerifyCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "verify NAME...",
		Short: "Hash the files of downloaded models again",
		Long: `Verify reads every file of a model in the cache, all revisions, and compares its hash with the one
that the hub gave it, which is its name in the cache. The files that differ are listed on standard
output, and the exit code is then 1.`,
		Example: `  $ crossrank models verify cross-encoder/ms-marco-MiniLM-L-6-v2`,
		Args:    cobra.MinimumNArgs(1),
		RunE:    runModelsVerify,
	}
}

func runModelsVerify(cmd *cobra.Command, args []string) error {
	names, err := hubNames(args)
	if err != nil {
		return err
	}
	cache, _, err := modelCache()
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
		Args: cobra.MinimumNArgs(1),
		RunE: runModelsRemove,
	}
}

func runModelsRemove(cmd *cobra.Command, args []string) error {
	names, err := hubNames(args)
	if err != nil {
		return err
	}
	cache, _, err := modelCache()
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

// notThere is an error without the advice to download a model, which whoever removes it does not want.
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

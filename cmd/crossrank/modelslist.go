package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"text/tabwriter"

	"github.com/crossrank/crossrank/internal/backend/catalog"
	"github.com/crossrank/crossrank/internal/checkpoint"
	"github.com/crossrank/crossrank/internal/hub"
	"github.com/spf13/cobra"
)

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

// listedModel is a line of the list. Scripts read its JSON: keys may be added, none changes its
// meaning.
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
	e, err := hubEnvironment()
	if err != nil {
		return err
	}
	snapshots, err := hub.NewCache(e.CacheDir).List()
	switch {
	case err != nil && len(snapshots) == 0:
		return err
	case err != nil:
		fmt.Fprintf(cmd.ErrOrStderr(), "warning: %v\n", err)
	case len(snapshots) == 0:
		fmt.Fprintf(cmd.ErrOrStderr(), "no models in %s\n", e.CacheDir)
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
	} else if file, err := checkpoint.ONNXFile(s.Dir); err != nil {
		m.Reason = err.Error()
	} else if onnx, _ := catalog.Find(catalog.ONNX); file != "" && onnx.Missing() != "" {
		m.Reason = fmt.Sprintf("its weights are only in %s, which %s", file, onnx.Missing())
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

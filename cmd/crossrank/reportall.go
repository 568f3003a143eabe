package main

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank/internal/outfile"
	"github.com/crossrank/crossrank/internal/report"
	"github.com/crossrank/crossrank/internal/results"
)

// runReportAll makes all reports, pages and charts of a folder of results. Charts that the results
// no longer give are removed.
func runReportAll(cmd *cobra.Command, dir string) error {
	all, err := readFolder(dir)
	if err != nil {
		return err
	}
	files, err := report.Folder(all)
	if err != nil {
		return err
	}
	keep := map[string]bool{}
	for _, f := range files {
		name := filepath.Join(dir, filepath.FromSlash(f.Path))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			return fmt.Errorf("creating the charts folder: %w", err)
		}
		if err := outfile.Write(name, f.Data); err != nil {
			return err
		}
		keep[name] = true
	}
	old, err := filepath.Glob(filepath.Join(dir, "charts", "*", "*.svg"))
	if err != nil {
		return fmt.Errorf("listing charts: %w", err)
	}
	for _, name := range old {
		if !keep[name] {
			if err := os.Remove(name); err != nil {
				return fmt.Errorf("removing an old chart: %w", err)
			}
		}
	}
	_, err = fmt.Fprintf(cmd.OutOrStdout(), "%d files of %d experiments in %s\n", len(files), len(all), dir)
	return err
}

// readFolder reads all results of a folder, in the order of their experiments' names.
func readFolder(dir string) ([]*results.Results, error) {
	var files []string
	for _, pattern := range []string{"*_results.jsonl", "*_results.jsonl.gz"} {
		found, err := filepath.Glob(filepath.Join(dir, pattern))
		if err != nil {
			return nil, fmt.Errorf("listing results: %w", err)
		}
		files = append(files, found...)
	}
	if len(files) == 0 {
		return nil, fmt.Errorf("there are no results files (*_results.jsonl, *_results.jsonl.gz) in %s; name the folder that an experiment wrote to", dir)
	}
	var all []*results.Results
	for _, file := range files {
		if packed := file + ".gz"; slices.Contains(files, packed) {
			return nil, fmt.Errorf("both %s and %s exist; keep one", file, packed)
		}
		res, err := results.ReadFile(file)
		if err != nil {
			return nil, err
		}
		all = append(all, res)
	}
	slices.SortStableFunc(all, func(a, b *results.Results) int { return strings.Compare(a.Run.Name, b.Run.Name) })
	return all, nil
}

package experiment

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"

	"github.com/crossrank/crossrank/internal/definition"
)

// Definition is an experiment's file.
type Definition struct {
	File  string
	Sweep definition.Sweep // not set if Err is
	Needs []string         // what this build lacks to run it, a sentence each; empty if it can be run
	Err   error            // why the file could not be read
}

// List reads every definition (*.yaml, *.yml) of a folder, ordered by name. A file that cannot be
// read does not hide the others.
func List(dir string) ([]Definition, error) {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return nil, fmt.Errorf("listing experiments: %w", err)
	}
	var defs []Definition
	for _, e := range entries {
		if e.IsDir() || !isDefinition(e.Name()) {
			continue
		}
		d := Definition{File: filepath.Join(dir, e.Name())}
		if d.Sweep, d.Err = definition.LoadSweep(d.File); d.Err == nil {
			d.Needs = needs(d.Sweep)
		}
		defs = append(defs, d)
	}
	return defs, nil
}

func isDefinition(name string) bool {
	ext := filepath.Ext(name)
	return ext == ".yaml" || ext == ".yml"
}

// Find returns the path of a definition: name itself if there is such a file, else the file of that
// name in dir, with or without its extension.
func Find(name, dir string) (string, error) {
	tried := []string{name}
	if !strings.ContainsRune(name, filepath.Separator) {
		for _, ext := range []string{"", ".yaml", ".yml"} {
			tried = append(tried, filepath.Join(dir, name+ext))
		}
	}
	for _, path := range tried {
		info, err := os.Stat(path)
		if err == nil && info.Mode().IsRegular() {
			return path, nil
		}
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return "", fmt.Errorf("finding the experiment: %w", err)
		}
	}
	return "", fmt.Errorf("no experiment %q: there is no such file, and none of that name in %s%s", name, dir, known(dir))
}

// known lists the names in dir for the end of a message.
func known(dir string) string {
	defs, err := List(dir)
	if err != nil || len(defs) == 0 {
		return ""
	}
	var names []string
	for _, d := range defs {
		names = append(names, strings.TrimSuffix(filepath.Base(d.File), filepath.Ext(d.File)))
	}
	return ", which has " + strings.Join(names, ", ")
}

// Check returns an error for a definition that this build cannot run.
func Check(sw definition.Sweep) error {
	if why := needs(sw); len(why) > 0 {
		return fmt.Errorf("experiment %s cannot be run: %s", cmp.Or(sw.Base().Name, "without a name"), strings.Join(why, "; "))
	}
	return nil
}

// needs lists what a definition lacks, and what this build lacks to run any of its variants, each
// once.
func needs(sw definition.Sweep) []string {
	all := lacksReference(sw)
	for _, v := range sw.Variants {
		for _, why := range slices.Concat(definition.Faults(v.Settings), unreachable(v.Settings)) {
			if !slices.Contains(all, why) {
				all = append(all, why)
			}
		}
	}
	return all
}

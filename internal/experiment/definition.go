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

// Folder holds definitions.
type Folder struct {
	Files fs.FS // where the folder is; nil is the machine's file system
	Path  string
}

// List reads every definition (*.yaml, *.yml), ordered by name. A file that cannot be read does not
// hide the others.
func (f Folder) List() ([]Definition, error) {
	readDir := os.ReadDir
	if f.Files != nil {
		readDir = func(path string) ([]fs.DirEntry, error) { return fs.ReadDir(f.Files, path) }
	}
	entries, err := readDir(f.Path)
	if err != nil {
		return nil, fmt.Errorf("listing experiments: %w", err)
	}
	var defs []Definition
	for _, e := range entries {
		if e.IsDir() || !isDefinition(e.Name()) {
			continue
		}
		d := Definition{File: filepath.Join(f.Path, e.Name())}
		if d.Sweep, d.Err = definition.LoadSweep(f.Files, d.File); d.Err == nil {
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

// Load reads a definition: the file name if there is one, else that of this name in the folder,
// with or without its extension. Overrides are as of [definition.LoadSweep].
func (f Folder) Load(name string, overrides ...string) (definition.Sweep, error) {
	if found, err := isFile(nil, name); err != nil {
		return definition.Sweep{}, err
	} else if found {
		return definition.LoadSweep(nil, name, overrides...)
	}
	if !strings.ContainsRune(name, filepath.Separator) {
		for _, ext := range []string{"", ".yaml", ".yml"} {
			path := filepath.Join(f.Path, name+ext)
			if found, err := isFile(f.Files, path); err != nil {
				return definition.Sweep{}, err
			} else if found {
				return definition.LoadSweep(f.Files, path, overrides...)
			}
		}
	}
	where := f.Path
	if f.Files != nil {
		where = "the catalogue"
	}
	return definition.Sweep{}, fmt.Errorf("no experiment %q: there is no such file, and none of that name in %s%s", name, where, f.known())
}

func isFile(files fs.FS, path string) (bool, error) {
	var info fs.FileInfo
	var err error
	if files == nil {
		info, err = os.Stat(path)
	} else {
		info, err = fs.Stat(files, filepath.ToSlash(path))
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return false, fmt.Errorf("finding the experiment: %w", err)
	}
	return err == nil && info.Mode().IsRegular(), nil
}

// known lists the names in the folder for the end of a message.
func (f Folder) known() string {
	defs, err := f.List()
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

package main

import (
	"fmt"
	"math"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/dataset"
	"github.com/crossrank/crossrank/internal/definition"
	"github.com/crossrank/crossrank/internal/quality"
)

type evalOptions struct {
	files       dataset.Files
	model       string
	target      targetFlags
	compute     computeFlags
	against     string
	instruction string
	threads     int
	candidates  int
	recallAt    []int
	batch       int
	json        bool
	html        string
	runOut      string
	results     string
}

// data is how the requests are made of the collection.
func (o *evalOptions) data() definition.Data { return definition.Data{Instruction: o.instruction} }

func (o *evalOptions) check(cmd *cobra.Command) error {
	f := &o.files
	switch {
	case o.model == "" && o.target.address == "":
		return usageError("--model is required; or give a server with --target")
	case f.Dir == "" && (f.Documents == "" || f.Queries == "" || f.Judgments == ""):
		return usageError("a collection is required: DIR, or --documents, --queries and --qrels")
	case f.Split != "" && f.Judgments != "":
		return usageError("--split and --qrels exclude each other; leave one out")
	}
	for _, flag := range []struct {
		name  string
		value int
		least int
		most  int
	}{{"candidates", o.candidates, 1, 65536}, {"batch", o.batch, 1, 65536}, {"threads", o.threads, 0, math.MaxInt}} {
		if err := checkRange(flag.name, flag.value, flag.least, flag.most); err != nil {
			return err
		}
	}
	if len(o.recallAt) == 0 {
		o.recallAt = slices.Compact([]int{min(10, o.candidates), o.candidates})
	}
	for _, k := range o.recallAt {
		if k < 1 || k > o.candidates {
			return usageError("--recall is %d; it must be from 1 to --candidates, %d", k, o.candidates)
		}
	}
	if err := o.checkFiles(); err != nil {
		return err
	}
	if err := o.compute.check(); err != nil {
		return err
	}
	if d := o.target.api(); o.instruction != "" && d != "" && d != client.Crossrank {
		return usageError("--instruction: the dialect %s cannot express an instruction", d)
	}
	return o.checkServer(cmd)
}

// checkFiles refuses two outputs in one file.
func (o *evalOptions) checkFiles() error {
	seen := map[string]string{}
	for _, f := range []struct{ flag, path string }{{"html", o.html}, {"run-out", o.runOut}, {"results", o.results}} {
		if f.path == "" || f.path == "-" {
			continue
		}
		if other := seen[f.path]; other != "" {
			return usageError("--%s and --%s name the same file, %s; give two", other, f.flag, f.path)
		}
		if dir := filepath.Dir(f.path); !isDir(dir) { // said now, not after the evaluation
			return usageError("--%s is in the folder %s, which does not exist; create it", f.flag, dir)
		}
		seen[f.path] = f.flag
	}
	return nil
}

// checkIDs refuses ids that a run file cannot hold.
func (o *evalOptions) checkIDs(task *quality.Task) error {
	if o.runOut == "" {
		return nil
	}
	for _, c := range task.Candidates {
		for _, t := range append([]dataset.Text{c.Query}, c.Documents...) {
			if t.ID == "" || strings.ContainsFunc(t.ID, unicode.IsSpace) {
				return fmt.Errorf("the id %q has blanks, or is empty: a run file (--run-out) cannot hold it", t.ID)
			}
		}
	}
	return nil
}

func isDir(path string) bool {
	info, err := os.Stat(path)
	return err == nil && info.IsDir()
}

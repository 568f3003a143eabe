package main

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"time"

	"github.com/crossrank/crossrank/internal/machine"
	"github.com/crossrank/crossrank/internal/tools/docgen"
)

// record is a line of the results file: what was last measured of one goal.
type record struct {
	Goal    string  `json:"goal"`
	Value   float64 `json:"value"`
	Margin  float64 `json:"margin,omitempty"` // half of the interval that holds the value with a confidence of 95 %
	Note    string  `json:"note,omitempty"`   // what else there is to know
	Fault   string  `json:"fault,omitempty"`  // why the goal is missed whatever the value
	Partial bool    `json:"partial,omitempty"`
	Run     run     `json:"run"`
}

// run says how a record was made.
type run struct {
	Date    time.Time       `json:"date"`
	Command string          `json:"command"`
	Version string          `json:"version"` // of the program that was run
	Commit  string          `json:"commit,omitempty"`
	Machine machine.Machine `json:"machine"`
}

// readRecords reads a results file; without one there are no results.
func readRecords(name string) ([]record, error) {
	records, err := docgen.ReadRecords[record](name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	for i, r := range records {
		if !slices.ContainsFunc(goals, func(g goal) bool { return g.key == r.Goal }) {
			return nil, fmt.Errorf("%s:%d: there is no goal %q", name, i+1, r.Goal)
		}
	}
	return records, err
}

// merge replaces records by newer ones of the same goals, and puts all in the order of the goals.
func merge(old, newer []record) []record {
	byGoal := map[string]record{}
	for _, r := range slices.Concat(old, newer) {
		byGoal[r.Goal] = r
	}
	var all []record
	for _, g := range goals {
		if r, ok := byGoal[g.key]; ok {
			all = append(all, r)
		}
	}
	return all
}

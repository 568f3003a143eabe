package main

import (
	"errors"
	"fmt"
	"io/fs"
	"slices"
	"strings"
	"time"

	"github.com/crossrank/crossrank/internal/machine"
	"github.com/crossrank/crossrank/internal/tools/docgen"
)

// record is a line of the results file: the last run of a suite with a number of rows.
type record struct {
	Suite  string       `json:"suite"`
	Rows   int          `json:"rows"`
	Faults *faultRecord `json:"faults,omitempty"`
	Dry    *dryRecord   `json:"dry,omitempty"`
	Run    run          `json:"run"`
}

// faultRecord is a job under faults beside the same without them. Times are in seconds; those
// without faults are means of a run before and one after.
type faultRecord struct {
	Workers     int     `json:"workers"`
	Network     string  `json:"network"`
	Bytes       int64   `json:"bytes"`        // of the output, of which all were those of one process
	WorkerKills int     `json:"worker_kills"` // SIGKILLs
	QueueKills  int     `json:"queue_kills"`
	QueuesLost  int     `json:"queues_lost"`         // kills of the queue with all that it had stored
	Partition   float64 `json:"partition,omitempty"` // of one worker
	Full        float64 `json:"full,omitempty"`      // disk
	Single      float64 `json:"single_cpu"`          // CPU of one process that scores all
	Calm        float64 `json:"calm"`
	CalmAlive   float64 `json:"calm_alive"`
	CalmCPU     float64 `json:"calm_cpu"`
	Seconds     float64 `json:"seconds"`
	Alive       float64 `json:"alive"` // summed over the workers that ran, were connected and could store
	CPU         float64 `json:"cpu"`   // of the workers
	Left        int     `json:"left"`  // temporary files in the folder at the end
}

// ratio is the time under faults, scaled by the workers alive, over that without faults.
func (r *faultRecord) ratio() float64 { return r.Alive / r.CalmAlive }

// String is the result for people.
func (r *faultRecord) String() string {
	return fmt.Sprintf("the same %d bytes; %d workers killed, %d queues, %d of them with their store; %.1f s, %.1f s without faults; "+
		"worker-seconds %.1f and %.1f: %.2f times; CPU %.1f s and %.1f s: %.2f times; %d temporary files left", r.Bytes, r.WorkerKills, r.QueueKills,
		r.QueuesLost, r.Seconds, r.Calm, r.Alive, r.CalmAlive, r.ratio(), r.CPU, r.CalmCPU, r.CPU/r.CalmCPU, r.Left)
}

// dryRecord is a job whose scores cost nothing: rows per second, and the largest resident memory of
// each process.
type dryRecord struct {
	Submit       float64 `json:"submit"`
	Work         float64 `json:"work"`
	WorkerCPU    float64 `json:"worker_cpu"` // seconds
	SubmitterMiB float64 `json:"submitter_mib"`
	QueueMiB     float64 `json:"queue_mib"`
	WorkerMiB    float64 `json:"worker_mib"`
}

// run says how a record was made.
type run struct {
	Date    time.Time       `json:"date"`
	Command string          `json:"command"`
	Version string          `json:"version"` // of the program that was run
	Machine machine.Machine `json:"machine"`
}

// write puts the record into the results file, in place of an older one.
func (h *harness) write() error {
	records, err := readRecords(h.results)
	if err != nil {
		return err
	}
	records = slices.DeleteFunc(records, func(r record) bool { return r.Suite == h.record.Suite && r.Rows == h.record.Rows })
	records = append(records, h.record)
	slices.SortStableFunc(records, func(a, b record) int {
		if c := strings.Compare(b.Suite, a.Suite); c != 0 {
			return c
		}
		return a.Rows - b.Rows
	})
	return docgen.WriteRecords(h.results, records)
}

// readRecords reads a results file; without one there are no results.
func readRecords(file string) ([]record, error) {
	records, err := docgen.ReadRecords[record](file)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return records, err
}

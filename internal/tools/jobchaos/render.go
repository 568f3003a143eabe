package main

import (
	"fmt"
	"strings"

	"github.com/crossrank/crossrank/internal/tools/docgen"
)

// part is what the commands make in docs/scale.md.
const part = docgen.Part("make job-faults and make job-dry")

func render(o options) error {
	records, err := readRecords(o.results)
	if err != nil {
		return err
	}
	return part.Update(o.page, page(records))
}

// page is the part of docs/scale.md between the markers.
func page(records []record) string {
	var b strings.Builder
	line := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n", args...) }
	var faults, dry []record
	for _, r := range records {
		if r.Faults != nil {
			faults = append(faults, r)
		}
		if r.Dry != nil {
			dry = append(dry, r)
		}
	}
	if len(faults) > 0 {
		line("### Under faults\n")
		line("| rows | SIGKILL | cut off | disk full | output | without faults | under faults | worker-seconds | CPU of the workers | run |")
		line("|---:|---|---:|---:|---|---:|---:|---:|---:|---:|")
	}
	for i, r := range faults {
		f := r.Faults
		line("| %d | %d workers, %d queues, %d of these with their store | %s | %s | the %d bytes of one process | %.1f s | %.1f s | %.1f, %.2f × those without faults | %.1f s, %.2f × | %d |",
			r.Rows, f.WorkerKills, f.QueueKills, f.QueuesLost, seconds(f.Partition), seconds(f.Full), f.Bytes, f.Calm, f.Seconds,
			f.Alive, f.ratio(), f.CPU, f.CPU/f.CalmCPU, i+1)
	}
	if len(dry) > 0 {
		line("\n### The machinery alone\n")
		line("| rows | submitted | worked | CPU of the worker | memory of the submitter | of the queue | of the worker | run |")
		line("|---:|---:|---:|---:|---:|---:|---:|---:|")
	}
	for i, r := range dry {
		d := r.Dry
		line("| %d | %.0f rows/s | %.0f rows/s | %.1f s per million rows | %.0f MiB | %.0f MiB | %.0f MiB | %d |", r.Rows, d.Submit, d.Work,
			d.WorkerCPU/float64(r.Rows)*million, d.SubmitterMiB, d.QueueMiB, d.WorkerMiB, len(faults)+i+1)
	}
	if len(records) > 0 {
		line("\n### Runs\n")
	}
	for i, r := range append(faults, dry...) {
		m := r.Run.Machine
		line("%d. %s, `%s`; crossrank %s; %d cores of %s (%s; %s)%s.", i+1, r.Run.Date.UTC().Format("2006-01-02 15:04 UTC"), r.Run.Command,
			r.Run.Version, m.Cores, m.CPU, m.OS, m.Go, through(r))
	}
	return b.String()
}

// seconds writes a time; one that did not happen is n/a.
func seconds(s float64) string {
	if s == 0 {
		return "n/a"
	}
	return fmt.Sprintf("%.0f s", s)
}

func through(r record) string {
	if r.Faults == nil {
		return ""
	}
	return "; " + r.Faults.Network
}

package dashboard

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/netip"
	"time"

	"github.com/crossrank/crossrank"
)

// ExperimentHeader must be set, to any value, for POST /api/experiment, as [ResetHeader] for a
// reset.
const ExperimentHeader = "X-Crossrank-Experiment"

const (
	experimentBytes = 16 << 10         // of a message
	experimentWords = 500              // bytes of each of its words
	experimentFresh = 10 * time.Second // a runner that reports nothing for so long has ended
)

// experiment is the progress of the experiment that loads this server, as its runner reports it.
// Its JSON keys are part of the server's API.
type experiment struct {
	Name           string  `json:"name"`
	State          string  `json:"state"`          // running or ended
	Configuration  int     `json:"configuration"`  // under way, counted from 1; 0 before the first
	Configurations int     `json:"configurations"` // of the whole experiment, which may use other servers too
	Point          string  `json:"point"`          // what is measured, in words
	Warmup         bool    `json:"warmup"`
	Done           int     `json:"done"`  // requests of the point that have ended
	Total          int     `json:"total"` // requests that it sends; 0 if only time ends it
	ElapsedS       float64 `json:"elapsed_s"`
	LimitS         float64 `json:"limit_s"` // time of the point; 0 if only the number of requests ends it
	PairsPerSecond float64 `json:"pairs_per_second"`
	Note           string  `json:"note"`   // how it ended, or goes on
	Report         string  `json:"report"` // file that the report goes to, on the runner's machine
}

func (e *experiment) check() error {
	if e.Name == "" {
		return fmt.Errorf("name is missing")
	}
	if e.State != "running" && e.State != "ended" {
		return fmt.Errorf(`state must be "running" or "ended"`)
	}
	if min(e.Configuration, e.Configurations, e.Done, e.Total) < 0 || min(e.ElapsedS, e.LimitS, e.PairsPerSecond) < 0 {
		return fmt.Errorf("numbers must not be negative")
	}
	for _, words := range []string{e.Name, e.Point, e.Note, e.Report} {
		if len(words) > experimentWords {
			return fmt.Errorf("a text is longer than %d bytes", experimentWords)
		}
	}
	return nil
}

// reportExperiment is POST /api/experiment. Only programs on this machine may call it, because the
// page shows it to every viewer.
func (d *Dashboard) reportExperiment(w http.ResponseWriter, r *http.Request) {
	if from, err := netip.ParseAddrPort(r.RemoteAddr); err != nil || !from.Addr().Unmap().IsLoopback() {
		refuse(w, http.StatusForbidden, crossrank.InvalidArgument, "only programs on the server's own machine may report an experiment")
		return
	}
	if !requireHeader(w, r, ExperimentHeader, "an experiment") {
		return
	}
	var report experiment
	decoder := json.NewDecoder(http.MaxBytesReader(w, r.Body, experimentBytes))
	decoder.DisallowUnknownFields()
	err := decoder.Decode(&report)
	if err == nil {
		err = report.check()
	}
	if err != nil {
		refuse(w, http.StatusBadRequest, crossrank.InvalidArgument, "reading the report of an experiment: "+err.Error())
		return
	}
	d.mu.Lock()
	d.progress, d.reported = &report, time.Now()
	d.mu.Unlock()
	reply(w, http.StatusOK, struct {
		Status string `json:"status"`
	}{"shown"})
}

// experiment returns the last report, with d.mu held; nil if there is none, or if the runner has
// fallen silent.
func (d *Dashboard) experiment(now time.Time) *experiment {
	if d.progress != nil && d.progress.State == "running" && now.Sub(d.reported) > experimentFresh {
		d.progress = nil
	}
	return d.progress
}

package dashboard

import (
	"encoding/json"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"time"
)

const report = `{"name": "one", "state": "running", "configuration": 2, "configurations": 4, "point": "batch=8", "done": 30, "total": 100,
	"elapsed_s": 2, "pairs_per_second": 120, "report": "out/one_results.html"}`

// report_ posts what a runner says.
func (s *shown) reportExperiment(t *testing.T, body string, header ...string) int {
	t.Helper()
	req, err := http.NewRequestWithContext(t.Context(), "POST", s.URL+"/api/experiment", strings.NewReader(body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(header); i += 2 {
		req.Header.Set(header[i], header[i+1])
	}
	resp, err := http.DefaultClient.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	resp.Body.Close()
	return resp.StatusCode
}

// experimentShown is the one of the snapshot.
func (s *shown) experimentShown(t *testing.T) *experiment {
	t.Helper()
	_, body := s.do(t, "GET", "/api/snapshot")
	var got snapshot
	if err := json.Unmarshal([]byte(body), &got); err != nil {
		t.Fatal(err)
	}
	return got.Experiment
}

func TestExperimentIsGuarded(t *testing.T) {
	s := show(t, Config{})
	yes := []string{ExperimentHeader, "yes"}
	for _, c := range []struct {
		name, body string
		header     []string
		status     int
	}{
		{"without the header", report, nil, 403},
		{"from another site", report, append(yes, "Origin", "http://elsewhere.example"), 403},
		{"no JSON", "one", yes, 400},
		{"an unknown key", `{"name": "one", "state": "running", "colour": 1}`, yes, 400},
		{"no name", `{"state": "running"}`, yes, 400},
		{"an unknown state", `{"name": "one", "state": "asleep"}`, yes, 400},
		{"a negative number", `{"name": "one", "state": "running", "done": -1}`, yes, 400},
		{"a long name", `{"name": "` + strings.Repeat("x", 501) + `", "state": "running"}`, yes, 400},
		{"a long body", `{"name": "` + strings.Repeat("x", 20<<10) + `", "state": "running"}`, yes, 400},
	} {
		if status := s.reportExperiment(t, c.body, c.header...); status != c.status {
			t.Errorf("%s: got status %d, want %d", c.name, status, c.status)
		}
		if got := s.experimentShown(t); got != nil {
			t.Errorf("%s: shown: %+v", c.name, got)
		}
	}
	far := httptest.NewRequest("POST", "/api/experiment", strings.NewReader(report)) // comes from 192.0.2.1
	far.Header.Set(ExperimentHeader, "yes")
	answer := httptest.NewRecorder()
	s.Around(nil).ServeHTTP(answer, far)
	if answer.Code != 403 || s.experimentShown(t) != nil {
		t.Errorf("from another machine: got status %d", answer.Code)
	}
}

func TestExperimentIsShown(t *testing.T) {
	s := show(t, Config{})
	if status := s.reportExperiment(t, report, ExperimentHeader, "yes"); status != 200 {
		t.Fatalf("got status %d", status)
	}
	want := experiment{Name: "one", State: "running", Configuration: 2, Configurations: 4, Point: "batch=8", Done: 30, Total: 100,
		ElapsedS: 2, PairsPerSecond: 120, Report: "out/one_results.html"}
	if got := s.experimentShown(t); got == nil || *got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}

	// A runner that no longer reports has ended; a reported end needs no such wait.
	ages := func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.reported = time.Now().Add(-experimentFresh - time.Second)
	}
	if ages(); s.experimentShown(t) != nil {
		t.Error("the experiment of a silent runner is shown")
	}
	s.reportExperiment(t, strings.Replace(report, "running", "ended", 1), ExperimentHeader, "yes")
	if ages(); s.experimentShown(t) == nil {
		t.Error("an experiment that has ended is forgotten")
	}

	// Viewers see the end even if the server stops right after.
	watching := s.follow(t)
	s.Dashboard.Close()
	body, err := io.ReadAll(watching.Body)
	if err != nil {
		t.Fatal(err)
	}
	_, last, found := strings.Cut(string(body), "event: draining\ndata: ")
	var got struct{ Experiment *experiment }
	if err := json.Unmarshal([]byte(last), &got); !found || err != nil || got.Experiment == nil || got.Experiment.State != "ended" {
		t.Errorf("the last event is %q: %v", last, err)
	}
}

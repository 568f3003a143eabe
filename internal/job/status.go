package job

import (
	"context"
	"encoding/json"
	"fmt"
	"os"
	"slices"
	"time"
)

// State is what a running worker says of itself.
type State struct {
	Worker  string  `json:"worker"` // host and process
	Cores   int     `json:"cores"`
	Rows    int64   `json:"rows"`  // scored so far
	Parts   int     `json:"parts"` // stored so far
	Seconds float64 `json:"seconds"`
	Held    []Held  `json:"held"`
}

// State describes the worker now.
func (w *Worker) State() State {
	host, _ := os.Hostname()
	w.mu.Lock()
	defer w.mu.Unlock()
	s := State{Worker: fmt.Sprintf("%s-%d", host, os.Getpid()), Cores: w.Cores, Rows: w.rows, Parts: w.parts,
		Seconds: time.Since(w.started).Seconds()}
	for h := range w.held {
		s.Held = append(s.Held, *h)
	}
	slices.SortFunc(s.Held, func(a, b Held) int { return a.Shard - b.Shard })
	return s
}

// JSON is the state for a [ParseState].
func (s State) JSON() []byte {
	text, err := json.Marshal(s)
	if err != nil {
		panic(err) // numbers and strings
	}
	return text
}

// ParseState reads the answer of a worker.
func ParseState(text []byte) (s State, err error) {
	if err := json.Unmarshal(text, &s); err != nil {
		return s, fmt.Errorf("reading the answer of a worker: %w", err)
	}
	return s, nil
}

// recent is the time over which the rate of a job is measured.
const recent = 10 * time.Minute

// Status is how far a job is, as its folder shows.
type Status struct {
	Shards, Finished   int
	Rows, RowsFinished int64
	First, Last        time.Time // when the first and the last part were stored; zero without parts
	Rate               float64   // rows per second of the last ten minutes of work; 0 if unknown
	Canceled           bool
}

// Complete reports whether every shard is finished.
func (s *Status) Complete() bool { return s.Finished == s.Shards }

// Left estimates the time until the job is complete; 0 if it is, or if the rate is unknown.
func (s *Status) Left() time.Duration {
	if s.Rate == 0 {
		return 0
	}
	return time.Duration(float64(s.Rows-s.RowsFinished) / s.Rate * float64(time.Second))
}

// Status reads the parts that are there.
func (j *Job) Status(ctx context.Context) (*Status, error) {
	s := &Status{Shards: len(j.Shards), Rows: j.Rows}
	var parts []part
	for f, err := range j.folder.List(ctx) {
		if err != nil {
			return nil, err
		}
		if shard, ok := j.shardOf(f.Name); ok {
			parts = append(parts, part{f.Modified, j.Shards[shard].Rows})
		}
	}
	for _, p := range parts {
		s.Finished++
		s.RowsFinished += int64(p.rows)
	}
	slices.SortFunc(parts, func(a, b part) int { return a.at.Compare(b.at) })
	if len(parts) > 0 {
		s.First, s.Last = parts[0].at, parts[len(parts)-1].at
		s.Rate = rate(parts)
	}
	var err error
	s.Canceled, err = j.Canceled(ctx)
	return s, err
}

// part is one that is stored.
type part struct {
	at   time.Time
	rows int
}

// rate is that of the parts of the last ten minutes before the last part: their rows without those
// of the first, whose start is unknown, over the time since the first.
func rate(parts []part) float64 {
	last := parts[len(parts)-1].at
	start := slices.IndexFunc(parts, func(p part) bool { return last.Sub(p.at) <= recent })
	n := 0
	for _, p := range parts[start+1:] {
		n += p.rows
	}
	seconds := last.Sub(parts[start].at).Seconds()
	if seconds <= 0 {
		return 0
	}
	return float64(n) / seconds
}

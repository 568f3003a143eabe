package dashboard

import (
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/state"
)

// stream is GET /api/stream: an event for every sample, until the viewer leaves, is too slow, or
// the server drains.
func (d *Dashboard) stream(w http.ResponseWriter, r *http.Request) {
	if d.viewers.Add(1) > int64(d.cfg.Viewers) {
		d.viewers.Add(-1)
		w.Header().Set("Retry-After", "10")
		refuse(w, http.StatusServiceUnavailable, crossrank.Unavailable,
			strconv.Itoa(d.cfg.Viewers)+" viewers are watching already; try again later")
		return
	}
	defer d.viewers.Add(-1)

	samples, stop := d.cfg.Recorder.Watch()
	defer stop()
	v := viewer{w: w, conn: http.NewResponseController(w), grace: d.cfg.WriteGrace}
	// The server's timeouts are for requests that end; each event has its own time limit.
	_ = v.conn.SetReadDeadline(time.Time{}) // a writer that is not net/http's own has none
	w.Header().Set("Content-Type", "text/event-stream")
	w.Header().Set("X-Accel-Buffering", "no") // asks nginx not to hold events back
	if !v.send([]byte("retry: 1000\n\n")) {
		return
	}
	for {
		select {
		case s, ok := <-samples:
			if !ok || !v.send(d.sampleEvent(s)) {
				return
			}
		case <-d.ending:
			v.send(d.lastEvent())
			return
		case <-r.Context().Done():
			return
		}
	}
}

// viewer is the writing side of a stream.
type viewer struct {
	w     http.ResponseWriter
	conn  *http.ResponseController
	grace time.Duration
}

// send writes an event, or reports that the viewer has left or does not read.
func (v *viewer) send(event []byte) bool {
	_ = v.conn.SetWriteDeadline(time.Now().Add(v.grace)) // likewise
	if _, err := v.w.Write(event); err != nil {
		return false
	}
	return v.conn.Flush() == nil
}

// sampleEvent encodes a sample, once for all viewers.
func (d *Dashboard) sampleEvent(s state.Sample) []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.event != nil && !s.Time.After(d.made) {
		return d.event
	}
	data, err := json.Marshal(struct {
		Sample   state.Sample `json:"sample"`
		Snapshot snapshot     `json:"snapshot"`
	}{s, d.newSnapshot(d.cfg.Recorder.Snapshot())})
	if err != nil {
		return []byte(": a sample could not be written as JSON\n\n")
	}
	var b bytes.Buffer
	b.WriteString("event: sample\ndata: ")
	b.Write(data)
	b.WriteString("\n\n")
	d.made, d.event = s.Time, b.Bytes()
	return d.event
}

// lastEvent says that the server drains, with the last report of an experiment: its runner stops
// the server soon after it has reported how the experiment ended.
func (d *Dashboard) lastEvent() []byte {
	d.mu.Lock()
	defer d.mu.Unlock()
	data, err := json.Marshal(struct {
		Experiment *experiment `json:"experiment"`
	}{d.experiment(time.Now())})
	if err != nil {
		data = []byte("{}")
	}
	return fmt.Appendf(nil, "event: draining\ndata: %s\n\n", data)
}

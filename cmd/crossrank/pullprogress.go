package main

import (
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/crossrank/crossrank/internal/hub"
)

// pullProgress shows how far a download is. It is not safe for concurrent use, which package hub
// grants.
type pullProgress struct {
	bar   *progress
	quiet bool
	now   func() time.Time
	rate  byteRate
}

func newPullProgress(w io.Writer, n hub.Name, quiet bool) *pullProgress {
	p := &pullProgress{bar: newProgress(w), quiet: quiet, now: time.Now}
	p.bar.begin(n.String())
	return p
}

// update is a hub.Options' Progress.
func (p *pullProgress) update(now hub.Progress) {
	p.rate.add(p.now(), now.BytesDone-now.BytesKept)
	if p.quiet || now.BytesDone <= now.BytesKept { // nothing has come yet
		return
	}
	fraction := 1.0
	if now.Bytes > 0 {
		fraction = min(max(float64(now.BytesDone)/float64(now.Bytes), 0), 1)
	}
	p.bar.show(fraction, p.describe(now), now.FilesDone == now.Files)
}

// note is a hub.Options' Note.
func (p *pullProgress) note(text string) {
	p.bar.end()
	writeNote(p.bar.w, text)
}

func (p *pullProgress) end() { p.bar.end() }

// describe writes 45 MB of 91.2 MB, 2/5 files, 11.3 MB/s, 4s left.
func (p *pullProgress) describe(now hub.Progress) string {
	parts := []string{
		fmt.Sprintf("%s of %s", hub.FormatBytes(now.BytesDone), hub.FormatBytes(now.Bytes)),
		fmt.Sprintf("%d/%d files", now.FilesDone, now.Files),
	}
	if speed := p.rate.perSecond(); speed > 0 {
		parts = append(parts, hub.FormatBytes(int64(speed))+"/s")
		if left := now.Bytes - now.BytesDone; left > 0 {
			seconds := min(float64(left)/speed, 1e6)
			parts = append(parts, time.Duration(seconds*float64(time.Second)).Round(time.Second).String()+" left")
		}
	}
	return strings.Join(parts, ", ")
}

// rateSpan is the time that a rate is the mean of.
const rateSpan = 10 * time.Second

// byteRate is the speed of something over the last seconds.
type byteRate struct{ samples []byteSample }

type byteSample struct {
	at    time.Time
	bytes int64
}

// add notes how many bytes have come by a time.
func (r *byteRate) add(at time.Time, bytes int64) {
	if n := len(r.samples); n > 1 && at.Sub(r.samples[n-2].at) < redrawEvery {
		r.samples[n-1] = byteSample{at, bytes} // a hundred a second are enough
	} else {
		r.samples = append(r.samples, byteSample{at, bytes})
	}
	for len(r.samples) > 2 && at.Sub(r.samples[1].at) >= rateSpan {
		r.samples = r.samples[1:]
	}
}

// perSecond is 0 while it is unknown.
func (r *byteRate) perSecond() float64 {
	if len(r.samples) < 2 {
		return 0
	}
	first, last := r.samples[0], r.samples[len(r.samples)-1]
	if last.at.Sub(first.at) < redrawEvery || last.bytes <= first.bytes {
		return 0
	}
	return float64(last.bytes-first.bytes) / last.at.Sub(first.at).Seconds()
}

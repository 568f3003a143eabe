package main

import (
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"golang.org/x/term"

	"github.com/crossrank/crossrank/internal/load"
)

// progress shows the progress of a load run or a download on standard error: a bar that is redrawn
// on a terminal, a line every few seconds elsewhere. It is not safe for concurrent use.
type progress struct {
	w     io.Writer
	width int    // columns of the terminal; 0 if w is none
	label string // what is under way
	now   func() time.Time
	quiet bool // without a terminal, only what must be shown is: others print lines meanwhile

	shown  time.Time // when something was last shown
	drawn  bool      // a bar stands on the current line
	warmup bool      // the last update was about the warm-up
}

const (
	redrawEvery = 100 * time.Millisecond // the bar
	lineEvery   = 5 * time.Second        // elsewhere
	barCells    = 30
)

func newProgress(w io.Writer) *progress {
	p := &progress{w: w, now: time.Now}
	if f, ok := w.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		p.width = 80
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			p.width = width
		}
	}
	return p
}

// begin sets the label of the updates that follow.
func (p *progress) begin(label string) {
	p.end()
	p.label, p.shown, p.warmup = label, time.Time{}, false
}

// update is a load.Config's Progress.
func (p *progress) update(u load.Progress) {
	turned := u.Warmup != p.warmup
	done := u.Total > 0 && u.Done == u.Total && !u.Warmup
	p.warmup = u.Warmup
	p.show(fractionDone(u), describeProgress(u), turned || done)
}

// show draws the bar, or prints a line, unless that was done just now. It is shown in any case at
// first, and if it must be.
func (p *progress) show(fraction float64, text string, must bool) {
	now := p.now()
	every := lineEvery
	if p.width > 0 {
		every = redrawEvery
	}
	if !must && !p.shown.IsZero() && (now.Sub(p.shown) < every || p.quiet && p.width == 0) {
		return
	}
	p.shown = now
	if p.width > 0 {
		p.draw(fraction, text)
		return
	}
	fmt.Fprintf(p.w, "%s: %s\n", p.label, text)
}

func (p *progress) draw(fraction float64, text string) {
	full := int(barCells * fraction)
	line := fmt.Sprintf("%s [%s%s] %s", p.label, strings.Repeat("#", full), strings.Repeat(".", barCells-full), text)
	if runes := []rune(line); len(runes) >= p.width {
		line = string(runes[:p.width-1])
	}
	fmt.Fprintf(p.w, "\r%s\x1b[K", line)
	p.drawn = true
}

// end leaves the bar as it is and goes to the next line. Call it before printing anything else.
func (p *progress) end() {
	if p.drawn {
		fmt.Fprintln(p.w)
		p.drawn = false
	}
}

// fractionDone is between 0 and 1: of the requests, or of the time if only that ends the run.
func fractionDone(u load.Progress) float64 {
	var f float64
	switch {
	case u.Total > 0:
		f = float64(u.Done) / float64(u.Total)
	case u.Limit > 0:
		f = u.Elapsed.Seconds() / u.Limit.Seconds()
	}
	return min(max(f, 0), 1)
}

func describeProgress(u load.Progress) string {
	var b strings.Builder
	if u.Warmup {
		b.WriteString("warm-up ")
	}
	switch {
	case u.Total > 0:
		fmt.Fprintf(&b, "%d/%d requests", u.Done, u.Total)
	default:
		fmt.Fprintf(&b, "%d requests, %v of %v", u.Done, u.Elapsed.Round(time.Second), u.Limit)
	}
	if u.Pairs > 0 && u.Elapsed > 0 {
		fmt.Fprintf(&b, ", %.1f pairs/s", float64(u.Pairs)/u.Elapsed.Seconds())
	}
	if u.Errors > 0 {
		fmt.Fprintf(&b, ", %d failed", u.Errors)
	}
	if f := fractionDone(u); !u.Warmup && u.Done > 0 && f > 0 && f < 1 {
		left := time.Duration(u.Elapsed.Seconds() / f * (1 - f) * float64(time.Second))
		fmt.Fprintf(&b, ", %v left", left.Round(time.Second))
	}
	return b.String()
}

package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"time"

	"github.com/crossrank/crossrank/internal/browser"
	"github.com/crossrank/crossrank/internal/outfile"
)

const (
	pictureWithin = time.Minute
	drawnWithin   = 15 * time.Second
)

// photographer takes a picture of a live page, and tells of it. A picture that cannot be taken is no reason to stop an
// experiment.
type photographer struct {
	stderr io.Writer
	bar    *progress
	file   string // of the picture
	told   bool   // that there is one, or why there is none
}

// ready says at once where there is no browser.
func (p *photographer) ready() bool {
	if _, err := browser.Find(); err != nil {
		p.fail(err)
		return false
	}
	return true
}

// take is experiment.Options' Measured.
func (p *photographer) take(ctx context.Context, page string) {
	if err := savePicture(ctx, page, p.file); err != nil {
		p.fail(err)
		return
	}
	p.told = true
	p.bar.end()
	fmt.Fprintf(p.stderr, "screenshot: %s\n", p.file)
}

// done says so when it never came to a picture.
func (p *photographer) done() {
	if !p.told {
		p.fail(errors.New("nothing was measured to the end of the last server"))
	}
}

func (p *photographer) fail(why error) {
	p.told = true
	p.bar.end()
	fmt.Fprintf(p.stderr, "no screenshot: %v\n", why)
}

func savePicture(ctx context.Context, page, file string) (err error) {
	ctx, cancel := context.WithTimeout(ctx, pictureWithin)
	defer cancel()
	p, err := browser.Open(ctx, browser.Options{Width: 1280, Height: 900})
	if err != nil {
		return err
	}
	defer p.Close()
	if err := p.Visit(page); err != nil {
		return fmt.Errorf("opening %s: %w", page, err)
	}
	if err := awaitDrawn(ctx, p); err != nil {
		return err
	}
	png, err := p.Picture(true)
	if err != nil {
		return fmt.Errorf("taking the picture: %w", err)
	}
	return outfile.Write(file, png)
}

// awaitDrawn waits until the page has its cards and its charts.
func awaitDrawn(ctx context.Context, p *browser.Page) error {
	const drawn = `!["connecting", "disconnected"].includes(document.getElementById("state").dataset.state) &&
		[...document.querySelectorAll("#grid path")].some((line) => (line.getAttribute("d") ?? "") !== "")`
	deadline := time.Now().Add(drawnWithin)
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		if ok, err := browser.Eval[bool](p, drawn); err != nil {
			return fmt.Errorf("looking at the page: %w", err)
		} else if ok {
			return nil
		}
		if time.Now().After(deadline) {
			return errors.New("the page drew nothing")
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

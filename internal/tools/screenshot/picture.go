package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/crossrank/crossrank/internal/browser"
)

// patience ends the wait for a page that never draws; a busy machine takes a while.
const patience = 5 * time.Minute

// drawn is true once a live page is connected and has its charts. Other pages are drawn when they
// are loaded.
const drawn = `(() => {
	const state = document.getElementById("state");
	if (!state) return true;
	return !["connecting", "disconnected"].includes(state.dataset.state) &&
		[...document.querySelectorAll("#grid path")].some((line) => (line.getAttribute("d") ?? "") !== "");
})()`

// picture opens a page in a new browser, waits until it is drawn, and gives all of it as
// PNG.
func picture(ctx context.Context, page string, look browser.Options) ([]byte, error) {
	ctx, cancel := context.WithTimeoutCause(ctx, patience, errors.New("the page drew nothing in time"))
	defer cancel()
	p, err := browser.Open(ctx, look)
	if err != nil {
		return nil, err
	}
	defer p.Close()
	if err := p.Visit(page); err != nil {
		return nil, fmt.Errorf("opening %s: %w", page, err)
	}
	if err := awaitDrawn(ctx, p); err != nil {
		return nil, fmt.Errorf("waiting for %s: %w", page, err)
	}
	png, err := p.Picture(true)
	if err != nil {
		return nil, fmt.Errorf("taking the picture of %s: %w", page, err)
	}
	return png, nil
}

func awaitDrawn(ctx context.Context, p *browser.Page) error {
	tick := time.NewTicker(100 * time.Millisecond)
	defer tick.Stop()
	for {
		if ok, err := browser.Eval[bool](p, drawn); ctx.Err() != nil {
			return context.Cause(ctx)
		} else if err != nil || ok {
			return err
		}
		select {
		case <-tick.C:
		case <-ctx.Done():
			return context.Cause(ctx)
		}
	}
}

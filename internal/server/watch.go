package server

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"
)

// watched is some files that belong together and are loaded again when one of them changes. What cannot be loaded leaves
// what was loaded before in use. It is for one goroutine.
type watched struct {
	what  string // such as "API keys", for the log
	files []string
	load  func() error

	stamp string // of the files when they were last looked at
	stale bool   // they could not be loaded then
}

// open loads the files for the first time.
func (w *watched) open() error {
	w.stamp = w.now()
	return w.load()
}

// now tells the state of the files apart from another. A file that a link leads to counts as the link's.
func (w *watched) now() string {
	var b strings.Builder
	for _, file := range w.files {
		if info, err := os.Stat(file); err != nil {
			fmt.Fprintf(&b, "%v\n", err)
		} else {
			fmt.Fprintf(&b, "%d %d\n", info.ModTime().UnixNano(), info.Size())
		}
	}
	return b.String()
}

// look loads the files again if they have changed, or could not be loaded the last time: of two files that belong
// together, one changes first.
func (w *watched) look(log *slog.Logger) {
	stamp := w.now()
	changed := stamp != w.stamp
	if !changed && !w.stale {
		return
	}
	err := w.load()
	w.stamp, w.stale = stamp, err != nil
	switch {
	case err == nil:
		log.Info("loaded again", "what", w.what)
	case changed:
		log.Error("loading again; what was loaded before stays in use", "what", w.what, "error", err)
	}
}

// watch looks at files that often until ctx ends.
func watch(ctx context.Context, all []*watched, often time.Duration, log *slog.Logger) {
	tick := time.NewTicker(often)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			for _, w := range all {
				w.look(log)
			}
		}
	}
}

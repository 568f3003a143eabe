package server

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"strings"
	"time"
)

// fileReloader loads files that belong together and loads them again when one of them changes. When
// loading fails, what was loaded before stays in use. It is for one goroutine.
type fileReloader struct {
	what  string // such as "API keys", for the log
	files []string
	load  func() error

	version string // of the files at the last check
	failed  bool   // the last load failed
}

// loadFirst loads the files for the first time.
func (r *fileReloader) loadFirst() error {
	r.version = r.currentVersion()
	return r.load()
}

// currentVersion describes the files by modification time and size, following links.
func (r *fileReloader) currentVersion() string {
	var b strings.Builder
	for _, file := range r.files {
		if info, err := os.Stat(file); err != nil {
			fmt.Fprintf(&b, "%v\n", err)
		} else {
			fmt.Fprintf(&b, "%d %d\n", info.ModTime().UnixNano(), info.Size())
		}
	}
	return b.String()
}

// check loads the files again if they have changed or the last load failed. The second matters
// where two files belong together: one of them changes first.
func (r *fileReloader) check(log *slog.Logger) {
	version := r.currentVersion()
	changed := version != r.version
	if !changed && !r.failed {
		return
	}
	err := r.load()
	r.version, r.failed = version, err != nil
	switch {
	case err == nil:
		log.Info("files reloaded", "what", r.what)
	case changed:
		log.Error("reloading files failed; the previous ones stay in use", "what", r.what, "error", err)
	}
}

// reloadFiles checks all files at that interval until ctx ends.
func reloadFiles(ctx context.Context, all []*fileReloader, interval time.Duration, log *slog.Logger) {
	tick := time.NewTicker(interval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return
		case <-tick.C:
			for _, r := range all {
				r.check(log)
			}
		}
	}
}

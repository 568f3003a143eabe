package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"slices"
	"strings"
	"sync"
	"time"
)

// Downloads that run at once.
const maxParallel = 4

// Options configure a [Puller]. The zero value works.
type Options struct {
	// Agent is what the program calls itself in requests; "" means crossrank.
	Agent string

	// Progress is called as a download advances, never twice at once. nil means that nobody asks.
	Progress func(Progress)

	// Note is called with what a user should know, such as that a request is tried again; never twice at
	// once. nil means that nobody asks.
	Note func(text string)
}

// Puller downloads models into a cache. It is safe for concurrent use. Close it when done.
type Puller struct {
	env    Environment
	opts   Options
	client *client
	mu     sync.Mutex // around the functions of opts

	// What tests replace.
	sleep   func(context.Context, time.Duration) error
	free    func(dir string) (int64, error)
	sync    func(*os.File) error
	wrap    func(io.Writer) io.Writer                      // around each file that is written
	symlink func(root *os.Root, target, name string) error // nil where there are no symbolic links
}

// NewPuller makes one for what the environment says.
func NewPuller(e Environment, opts Options) (*Puller, error) {
	agent := opts.Agent
	if agent == "" {
		agent = "crossrank"
	}
	if e.network != nil {
		return nil, e.network
	}
	c, err := newClient(e, agent)
	if err != nil {
		return nil, err
	}
	p := &Puller{
		env: e, opts: opts, client: c,
		sleep: sleep, free: freeSpace, sync: (*os.File).Sync, symlink: symlink,
		wrap: func(w io.Writer) io.Writer { return w },
	}
	if e.NoLinks {
		p.symlink = nil
	}
	return p, nil
}

// Close closes idle connections.
func (p *Puller) Close() { p.client.close() }

// Pull brings the files that scoring needs into the cache and returns where they are. A branch or tag is
// looked up at the hub, and what is there already is not downloaded again. A commit whose files are all
// there needs no network. When ctx ends, what has come is kept for the next Pull.
func (p *Puller) Pull(ctx context.Context, n Name) (Snapshot, error) {
	s, err := p.run(ctx, n)
	if err != nil {
		return Snapshot{}, fmt.Errorf("pulling %s: %w", n, err)
	}
	return s, nil
}

func (p *Puller) run(ctx context.Context, n Name) (Snapshot, error) {
	cache := NewCache(p.env.CacheDir)
	if isCommit(n.Revision) {
		if s, err := cache.Find(n); err == nil {
			return s, nil
		}
	}
	if p.env.Offline {
		return Snapshot{}, errors.New("HF_HUB_OFFLINE forbids requests of the hub; unset it, or set it to 0")
	}
	l, err := p.list(ctx, n)
	if err != nil {
		return Snapshot{}, err
	}
	if err := os.MkdirAll(p.env.CacheDir, 0o777); err != nil {
		return Snapshot{}, fmt.Errorf("making the hub's cache: %w", err)
	}
	root, err := cache.open()
	if err != nil {
		return Snapshot{}, err
	}
	defer root.Close()
	one := &pull{Puller: p, cache: root, name: n, commit: l.commit}
	one.progress.report = p.report
	unlock, err := one.lockModel(ctx)
	if err != nil {
		return Snapshot{}, err
	}
	defer unlock()
	files, err := one.choose(ctx, l)
	if err != nil {
		return Snapshot{}, err
	}
	if err := one.checkSpace(files); err != nil {
		return Snapshot{}, err
	}
	if err := one.downloadAll(ctx, files); err != nil {
		return Snapshot{}, err
	}
	if err := one.publish(files); err != nil {
		return Snapshot{}, err
	}
	return cache.Find(Name{Repo: n.Repo, Revision: l.commit})
}

func (p *Puller) note(text string) {
	if p.opts.Note != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.opts.Note(text)
	}
}

func (p *Puller) report(now Progress) {
	if p.opts.Progress != nil {
		p.mu.Lock()
		defer p.mu.Unlock()
		p.opts.Progress(now)
	}
}

func (p *Puller) retry(what string) *retry { return &retry{sleep: p.sleep, note: p.note, what: what} }

// pull is one model on its way into the cache.
type pull struct {
	*Puller
	cache    *cacheRoot
	name     Name
	commit   string
	progress tally
}

// choose gives the files that are needed. It downloads those that name others.
func (p *pull) choose(ctx context.Context, l listing) ([]file, error) {
	known := listed{all: l.files, content: map[string][]byte{}}
	for _, name := range []string{indexFile, modulesFile} {
		f, ok := l.files[name]
		if _, whole := l.files[weightsFile]; !ok || name == indexFile && whole {
			continue
		}
		f, err := p.identify(ctx, f)
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		if f.size > maxListBytes {
			return nil, fmt.Errorf("%s has %d bytes, more than the %d that are read", name, f.size, maxListBytes)
		}
		if err := p.download(ctx, f); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		text, err := readBounded(p.cache.root, p.name.blob(f.hash))
		if err != nil {
			return nil, err
		}
		known.content[name] = text
	}
	names, err := needed(known)
	if err != nil {
		return nil, err
	}
	var files []file
	for _, name := range names {
		f, err := p.identify(ctx, l.files[name])
		if err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		files = append(files, f)
	}
	return files, nil
}

// checkSpace refuses a download that does not fit on the disk. An unknown space is no reason.
func (p *pull) checkSpace(files []file) error {
	var missing int64
	for _, f := range distinct(files) {
		if p.cache.holds(p.name, f) {
			continue
		}
		missing += f.size
		if info, err := p.cache.root.Stat(p.name.incomplete(f.hash)); err == nil {
			missing -= min(info.Size(), f.size)
		}
	}
	free, err := p.free(p.env.CacheDir)
	if err == nil && missing > free {
		return fmt.Errorf("%s are missing, but the disk of %s has %s free: make room, or set HF_HOME to a directory on another disk",
			FormatBytes(missing), p.env.CacheDir, FormatBytes(free))
	}
	return nil
}

// downloadAll downloads files side by side, the largest first. The first error ends the others.
func (p *pull) downloadAll(ctx context.Context, files []file) error {
	files = distinct(files)
	slices.SortStableFunc(files, func(a, b file) int { return int(min(max(b.size-a.size, -1), 1)) })
	p.progress.begin(files)
	ctx, cancel := context.WithCancelCause(ctx)
	defer cancel(nil)
	next := make(chan file, len(files))
	for _, f := range files {
		next <- f
	}
	close(next)
	var wg sync.WaitGroup
	for range min(maxParallel, len(files)) {
		wg.Go(func() {
			for f := range next {
				if ctx.Err() != nil {
					return
				}
				if err := p.download(ctx, f); err != nil {
					cancel(fmt.Errorf("%s: %w", f.name, err))
					return
				}
				p.progress.done()
			}
		})
	}
	wg.Wait()
	return context.Cause(ctx)
}

// distinct leaves out files whose content another one has.
func distinct(files []file) []file {
	var all []file
	for _, f := range files {
		if !slices.ContainsFunc(all, func(g file) bool { return g.hash == f.hash }) {
			all = append(all, f)
		}
	}
	return all
}

// FormatBytes writes a number of bytes for people, such as 1.2 GB.
func FormatBytes(n int64) string {
	const units = "kMGTPE"
	if n < 1000 {
		return fmt.Sprintf("%d B", n)
	}
	value, unit := float64(n)/1000, 0
	for value >= 999.95 && unit < len(units)-1 {
		value, unit = value/1000, unit+1
	}
	return strings.TrimSuffix(fmt.Sprintf("%.1f", value), ".0") + " " + units[unit:unit+1] + "B"
}

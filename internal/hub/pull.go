package hub

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"sync"
	"time"
)

// Downloads that run at once.
const maxParallel = 4

// Options configure a [Puller]. The zero value works.
type Options struct {
	// Agent is what the program calls itself in requests; "" means crossrank.
	Agent string

	// Progress is called as a download advances, never twice at once. nil: no reports.
	Progress func(Progress)

	// Note is called with what a user should know, such as that a request is tried again; never
	// twice at once. nil: no reports.
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

// Pull brings the files that scoring needs into the cache and returns where they are. A branch or
// tag is looked up at the hub, and what is there already is not downloaded again. A commit whose
// files are all there needs no network. When ctx ends, what has come is kept for the next Pull.
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

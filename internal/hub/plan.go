package hub

import (
	"context"
	"fmt"
	"slices"
	"sync"
)

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

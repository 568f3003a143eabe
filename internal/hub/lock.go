package hub

import (
	"context"
	"fmt"
	"os"
	"path/filepath"
	"time"
)

// How often a lock that somebody else holds is tried again.
const lockEvery = 100 * time.Millisecond

// lockBlob waits until this process alone downloads a blob, and returns the way to end that. It is
// the lock of huggingface_hub: the file .locks/<model>/<hash>.lock, locked with flock, or on
// Windows its first byte. Waiting is called once if somebody else holds it.
func (p *pull) lockBlob(ctx context.Context, h hash, waiting func()) (unlock func(), err error) {
	return p.wait(ctx, waiting, func() (func(), error) { return p.cache.tryLock(p.name.lock(h)) })
}

// lockModel keeps the model from being removed. Others may pull it meanwhile.
func (p *pull) lockModel(ctx context.Context) (unlock func(), err error) {
	waiting := func() { p.note("another process removes the model; waiting") }
	return p.wait(ctx, waiting, func() (func(), error) { return p.cache.tryShare(p.name.modelLock()) })
}

// wait tries to lock until it can.
func (p *pull) wait(ctx context.Context, waiting func(), try func() (func(), error)) (unlock func(), err error) {
	for first := true; ; first = false {
		unlock, err := try()
		if unlock != nil || err != nil {
			return unlock, err
		}
		if first {
			waiting()
		}
		if err := p.sleep(ctx, lockEvery); err != nil {
			return nil, err
		}
	}
}

// tryLock locks a file, or returns nil if another process has it locked.
func (c *cacheRoot) tryLock(name string) (unlock func(), err error) { return c.lock(name, false) }

// tryShare locks a file together with others that share it, or returns nil if another process has
// it for itself.
func (c *cacheRoot) tryShare(name string) (unlock func(), err error) { return c.lock(name, true) }

func (c *cacheRoot) lock(name string, shared bool) (unlock func(), err error) {
	if err := c.root.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		return nil, fmt.Errorf("locking: %w", err)
	}
	f, err := c.root.OpenFile(name, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return nil, fmt.Errorf("locking: %w", err)
	}
	_ = f.Chmod(0o664) // as Python does, for users of one group; only the owner may
	return c.lockOpen(f, name, shared)
}

// lockOpen locks a file that was opened by a name, or closes it.
func (c *cacheRoot) lockOpen(f *os.File, name string, shared bool) (unlock func(), err error) {
	locked, err := lockFile(f, shared)
	if err != nil || !locked {
		f.Close()
		return nil, err
	}
	// Python removes the file before it unlocks it: a lock on a file that has lost its name counts
	// for nothing.
	mine, err := f.Stat()
	if err == nil {
		var named os.FileInfo
		if named, err = c.root.Lstat(name); err == nil && os.SameFile(mine, named) {
			return func() { f.Close() }, nil // which unlocks it; the file stays
		}
	}
	f.Close()
	if err != nil && !os.IsNotExist(err) {
		return nil, fmt.Errorf("locking: %w", err)
	}
	return nil, nil
}

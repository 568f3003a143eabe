package hub

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/hubtest"
)

// TestWaitsForLocks: a file that another program downloads is waited for, and used if it is there then.
// The other one removes its lock's file before it unlocks it, as Python's filelock does.
func TestWaitsForLocks(t *testing.T) {
	hub, e, n := start(t)
	weights := someFiles()[weightsFile]
	h := hash(hubtest.Hash(weights))
	name := filepath.Join(e.CacheDir, n.lock(h))
	if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
		t.Fatal(err)
	}
	other, err := os.Create(name)
	if err != nil {
		t.Fatal(err)
	}
	if ok, err := lockFile(other); !ok || err != nil {
		t.Fatalf("locking: %v, %v", ok, err)
	}
	var waits atomic.Int64
	var noted atomic.Bool
	p := newPuller(t, e, Options{Note: func(text string) {
		if strings.Contains(text, "another process") {
			noted.Store(true)
		}
	}})
	p.sleep = func(ctx context.Context, d time.Duration) error {
		if waits.Add(1) != 3 {
			return sleep(ctx, time.Millisecond)
		}
		// The other program is done.
		blob := filepath.Join(e.CacheDir, n.blob(h))
		if err := os.WriteFile(blob, weights, 0o666); err != nil {
			return err
		}
		if err := os.Remove(name); err != nil && !os.IsNotExist(err) {
			t.Log(err) // Windows removes no open file
		}
		return other.Close()
	}
	s, err := p.Pull(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	checkSnapshot(t, s, someFiles(), neededOfSome)
	for _, r := range hub.Requests() {
		if strings.Contains(r.Path, string(h)) {
			t.Error("the file was downloaded again")
		}
	}
	if !noted.Load() {
		t.Error("nobody was told what is waited for")
	}
}

// TestLockWithoutName: a lock on a file that has lost its name is none.
func TestLockWithoutName(t *testing.T) {
	c := NewCache(t.TempDir())
	root, err := c.open()
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	first, err := root.tryLock("x.lock")
	if first == nil || err != nil {
		t.Fatalf("locking: %v", err)
	}
	if second, err := root.tryLock("x.lock"); second != nil || err != nil {
		t.Errorf("it is locked twice (%v)", err)
	}
	first()
	third, err := root.tryLock("x.lock")
	if third == nil || err != nil {
		t.Fatalf("after the unlock: %v", err)
	}
	third()
	if entries, err := os.ReadDir(root.dir); err != nil || len(entries) != 1 {
		t.Errorf("%v is there (%v), want the lock's file, which is left", entries, err)
	}
}

// TestCancelledWait: the end of the context ends the wait for a lock.
func TestCancelledWait(t *testing.T) {
	_, e, n := start(t)
	if err := os.MkdirAll(e.CacheDir, 0o777); err != nil {
		t.Fatal(err)
	}
	root, err := NewCache(e.CacheDir).open()
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	unlock, err := root.tryLock(n.lock(hash(hubtest.Hash(someFiles()[weightsFile]))))
	if unlock == nil {
		t.Fatal(err)
	}
	defer unlock()
	ctx, cancel := context.WithCancel(t.Context())
	p := newPuller(t, e, Options{Note: func(string) { cancel() }})
	if _, err := p.Pull(ctx, n); err == nil || ctx.Err() == nil {
		t.Errorf("got %v", err)
	}
}

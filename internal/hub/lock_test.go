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

// TestWaitsForLocks: a file that another program downloads is waited for, and used if it is there
// then. The other one removes its lock's file before it unlocks it, as Python's filelock does.
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
	if ok, err := lockFile(other, false); !ok || err != nil {
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
		t.Error("no note says what the pull waits for")
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
	// Opened, but then another process removed it, as Python does, and a third one made it anew.
	old, err := root.root.OpenFile("x.lock", os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(root.dir, "x.lock")); err != nil {
		t.Skip(err) // Windows removes no open file
	}
	if lost, err := root.lockOpen(old, "x.lock", false); lost != nil || err != nil {
		t.Errorf("a file that has lost its name is locked (%v)", err)
	}
	if old, err = root.root.OpenFile("x.lock", os.O_RDWR|os.O_CREATE, 0o666); err != nil {
		t.Fatal(err)
	}
	if err := os.Remove(filepath.Join(root.dir, "x.lock")); err != nil {
		t.Fatal(err)
	}
	third, err := root.tryLock("x.lock")
	if third == nil || err != nil {
		t.Fatalf("after the unlock: %v", err)
	}
	if lost, err := root.lockOpen(old, "x.lock", false); lost != nil || err != nil {
		t.Errorf("a file whose name another one has is locked (%v)", err)
	}
	third()
	if entries, err := os.ReadDir(root.dir); err != nil || len(entries) != 1 {
		t.Errorf("%v is there (%v), want the lock's file, which is left", entries, err)
	}
}

// TestRemovalWaits: a model is not removed while it is pulled, not even between the last byte and
// the links of the snapshot; and is not pulled while it is removed.
func TestRemovalWaits(t *testing.T) {
	hub, e, n := start(t)
	old := mustPull(t, e, n)
	files := someFiles()
	files["config.json"] = []byte(`{"x": 1}`)
	hub.Add(someModel, files)
	c := NewCache(e.CacheDir)
	p := newPuller(t, e, Options{})
	tried := false
	p.symlink = func(root *os.Root, target, name string) error {
		if !tried {
			tried = true
			for what, remove := range map[string]func(Name) (int64, error){"all": c.Remove, "one": c.RemoveSnapshot} {
				if _, err := remove(Name{someModel, old.Commit}); err == nil || !strings.Contains(err.Error(), "another process") {
					t.Errorf("removing %s: %v", what, err)
				}
			}
		}
		return root.Symlink(target, name)
	}
	s, err := p.Pull(t.Context(), n)
	if err != nil || !tried {
		t.Fatalf("pulled: %v, tried to remove: %v", err, tried)
	}
	checkSnapshot(t, s, files, neededOfSome)

	root, err := c.open()
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	unlock, err := root.lockAll(n)
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	q := newPuller(t, e, Options{Note: func(text string) {
		if !strings.Contains(text, "removes") {
			t.Errorf("noted %q", text)
		}
		cancel()
	}})
	if _, err := q.Pull(ctx, n); err == nil || ctx.Err() == nil {
		t.Errorf("pulled while it is removed: %v", err)
	}
	unlock()
	mustPull(t, e, n)
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

package hub

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/hubtest"
)

func TestVerify(t *testing.T) {
	_, e, n := start(t)
	s := mustPull(t, e, n)
	c := NewCache(e.CacheDir)
	v, err := c.Verify(t.Context(), n)
	if err != nil || len(v.Faults) > 0 || v.Files != 5 || v.Bytes != s.Size {
		t.Errorf("a sound model: %+v, %v", v, err)
	}
	for _, name := range []string{"model.safetensors", "config.json"} { // of both kinds of hashes
		path := filepath.Join(s.Dir, name)
		content, err := os.ReadFile(path)
		if err != nil {
			t.Fatal(err)
		}
		content[len(content)/2] ^= 1
		if err := os.WriteFile(path, content, 0o666); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.Remove(filepath.Join(e.CacheDir, n.blob(hash(hubtest.Hash(someFiles()["tokenizer.json"]))))); err != nil {
		t.Fatal(err)
	}
	v, err = c.Verify(t.Context(), n)
	var wrong []string
	for _, f := range v.Faults {
		wrong = append(wrong, f.File)
	}
	slices.Sort(wrong)
	want := []string{s.Commit + "/config.json", s.Commit + "/model.safetensors", s.Commit + "/tokenizer.json"}
	if err != nil || !slices.Equal(wrong, want) {
		t.Errorf("got faults in %q (%v), want %q", wrong, err, want)
	}
	if _, err := c.Verify(t.Context(), Name{"owner/other", "main"}); !errors.As(err, new(*NotCached)) {
		t.Errorf("a model that is not there: %v", err)
	}
}

func TestRemove(t *testing.T) {
	hub, e, n := start(t)
	first := mustPull(t, e, n)
	files := someFiles()
	files["config.json"] = []byte(`{"x": 1}`)
	hub.Add(someModel, files)
	second := mustPull(t, e, n)
	c := NewCache(e.CacheDir)

	for _, left := range []string{strings.Repeat("a", 64) + incompleteSuffix, ".ABC.tmp"} {
		if err := os.WriteFile(filepath.Join(e.CacheDir, n.folder(), blobsDir, left), []byte("begun"), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	freed, err := c.RemoveSnapshot(Name{someModel, first.Commit})
	if want := int64(len(someFiles()["config.json"]) + 2*len("begun")); err != nil || freed != want {
		t.Errorf("freed %d, %v, want %d: the rest is shared", freed, err, want)
	}
	checkSnapshot(t, second, files, slices.Clone(neededOfSome))
	if _, err := c.Find(Name{someModel, first.Commit}); err == nil {
		t.Error("the removed snapshot is found")
	}
	if err := checkCache(e.CacheDir); err != nil {
		t.Error(err)
	}

	root, err := c.open()
	if err != nil {
		t.Fatal(err)
	}
	defer root.Close()
	unlock, err := root.tryLock(n.lock(hash(hubtest.Hash(files[weightsFile]))))
	if unlock == nil {
		t.Fatalf("locking: %v", err)
	}
	for what, remove := range map[string]func(Name) (int64, error){"all": c.Remove, "one": c.RemoveSnapshot} {
		if _, err := remove(n); err == nil || !strings.Contains(err.Error(), "another process") {
			t.Errorf("removing %s during a download: %v", what, err)
		}
	}
	checkSnapshot(t, second, files, slices.Clone(neededOfSome))
	unlock()

	if freed, err = c.RemoveSnapshot(n); err != nil || freed != second.Size+int64(len(second.Commit)) {
		t.Errorf("freed %d, %v, want %d and the ref", freed, err, second.Size)
	}
	mustPull(t, e, n)
	if freed, err = c.Remove(n); err != nil || freed != second.Size+int64(len(second.Commit)) {
		t.Errorf("freed %d, %v, want %d and the ref", freed, err, second.Size)
	}
	if _, err := os.Stat(filepath.Join(e.CacheDir, n.folder())); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the folder is there: %v", err)
	}
	if _, err := c.Remove(n); !errors.As(err, new(*NotCached)) {
		t.Errorf("removing it again: %v", err)
	}
}

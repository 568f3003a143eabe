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

// TestFind finds a model by its branch and its commit, and says what to run for anything else.
func TestFind(t *testing.T) {
	_, e, n := start(t)
	c := NewCache(e.CacheDir)
	notCached := func(what string, n Name, want ...string) {
		t.Helper()
		_, err := c.Find(n)
		if !errors.As(err, new(*NotCached)) || !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: got %v, want that it is not cached", what, err)
			return
		}
		for _, want := range append(want, "run: crossrank pull "+n.String(), e.CacheDir) {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want it to say %q", what, err, want)
			}
		}
	}
	notCached("no cache", n)
	s := mustPull(t, e, n)
	for _, revision := range []string{"main", s.Commit} {
		got, err := c.Find(Name{someModel, revision})
		if err != nil || got.Dir != s.Dir || got.Commit != s.Commit || !slices.Equal(got.Refs, []string{"main"}) {
			t.Errorf("%s: got %+v, %v", revision, got, err)
		}
	}
	if want := someModel + "@" + s.Commit; s.Pinned() != want {
		t.Errorf("pinned as %s, want %s", s.Pinned(), want)
	}
	notCached("another model", Name{"owner/other", "main"})
	notCached("another branch", Name{someModel, "v2"})
	notCached("another commit", Name{someModel, strings.Repeat("0", 40)})
	for _, name := range []string{"tokenizer.json", "model.safetensors", "config.json"} {
		if err := os.Remove(filepath.Join(s.Dir, name)); err != nil {
			t.Fatal(err)
		}
		notCached("without "+name, n, "partly")
	}
	for _, text := range []string{"", "../../..", strings.Repeat("z", 40), strings.Repeat("a", 1000)} {
		if err := os.WriteFile(filepath.Join(e.CacheDir, n.ref()), []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		notCached("a broken ref", n)
	}
}

// TestFindsWhatPythonLeaves: refs of pull requests, refs with an end of line, blobs in a store that
// models share, and folders of other kinds.
func TestFindsWhatPythonLeaves(t *testing.T) {
	_, e, n := start(t)
	s := mustPull(t, e, n)
	put := func(name, text string) {
		t.Helper()
		name = filepath.Join(e.CacheDir, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	put("models--owner--some-model/refs/refs/pr/7", s.Commit+"\n")
	put("models--owner--some-model/.no_exist/"+s.Commit+"/added_tokens.json", "")
	put("models--owner--some-model/trees/"+s.Commit+".json", "{}")
	put("datasets--owner--data/snapshots/"+s.Commit+"/a", "")
	put("version.txt", "1")
	put("CACHEDIR.TAG", "")
	weights := hubtest.Hash(someFiles()[weightsFile])
	store := filepath.Join("blobs", "ab", "ab"+strings.Repeat("0", 62))
	put(store, string(someFiles()[weightsFile]))
	blob := filepath.Join(e.CacheDir, n.blob(hash(weights)))
	if err := os.Remove(blob); err != nil {
		t.Fatal(err)
	}
	if err := os.Symlink(filepath.Join("..", "..", store), blob); err != nil {
		t.Skip(err)
	}
	c := NewCache(e.CacheDir)
	got, err := c.Find(Name{someModel, "refs/pr/7"})
	if err != nil || got.Size != s.Size || !slices.Equal(got.Refs, []string{"main", "refs/pr/7"}) {
		t.Errorf("got %+v, %v", got, err)
	}
	all, err := c.List()
	if err != nil || len(all) != 1 || all[0].Dir != s.Dir {
		t.Errorf("the list is %+v, %v", all, err)
	}
	checkSnapshot(t, mustPull(t, e, n), someFiles(), slices.Clone(neededOfSome))
	if v, err := c.Verify(t.Context(), n); err != nil || len(v.Faults) > 0 || v.Files != 5 {
		t.Errorf("verified %+v, %v", v, err)
	}
	// The content that models share goes with the last link to it, and only if that is certain.
	size := int64(len(someFiles()[weightsFile]))
	other := filepath.Join("models--other--one", "blobs", weights)
	for _, c := range []struct {
		what    string
		freed   int64
		prepare func()
	}{
		{"no marker", 0, func() { put(store+".refs", n.blob(hash(weights))+"\n") }},
		{"another version", 0, func() { put(sharedMarker, "2\n") }},
		{"no manifest", 0, func() {
			put(sharedMarker, sharedVersion)
			if err := os.Remove(filepath.Join(e.CacheDir, store+".refs")); err != nil {
				t.Fatal(err)
			}
		}},
		{"a strange manifest", 0, func() { put(store+".refs", "../../x\n") }},
		{"another link", 0, func() {
			put(store+".refs", n.blob(hash(weights))+"\n"+other+"\n")
			put("models--other--one/refs/main", s.Commit)
			if err := os.MkdirAll(filepath.Dir(filepath.Join(e.CacheDir, other)), 0o777); err != nil {
				t.Fatal(err)
			}
			if err := os.Symlink(filepath.Join("..", "..", store), filepath.Join(e.CacheDir, other)); err != nil {
				t.Fatal(err)
			}
		}},
		{"the last link", size, func() {
			if err := os.Remove(filepath.Join(e.CacheDir, other)); err != nil {
				t.Fatal(err)
			}
		}},
	} {
		s := mustPull(t, e, n)
		if err := os.Remove(blob); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(filepath.Join("..", "..", store), blob); err != nil {
			t.Fatal(err)
		}
		c.prepare()
		freed, err := NewCache(e.CacheDir).Remove(n)
		_, there := os.Stat(filepath.Join(e.CacheDir, store))
		if rest := s.Size - size; err != nil || freed < rest+c.freed || freed > rest+c.freed+200 || (there == nil) != (c.freed == 0) {
			t.Errorf("%s: freed %d (%v), want about %d; the shared content: %v", c.what, freed, err, rest+c.freed, there)
		}
	}
}

func TestList(t *testing.T) {
	hub, e, n := start(t)
	c := NewCache(e.CacheDir)
	if all, err := c.List(); err != nil || len(all) > 0 {
		t.Errorf("without a cache: %v, %v", all, err)
	}
	first := mustPull(t, e, n)
	hub.Add("a/b", someFiles())
	mustPull(t, e, Name{"a/b", "main"})
	files := someFiles()
	files["config.json"] = []byte("{}")
	hub.Add(someModel, files)
	second := mustPull(t, e, n)
	all, err := c.List()
	if err != nil || len(all) != 3 || all[0].Repo != "a/b" || all[1].Repo != someModel {
		t.Fatalf("got %+v, %v", all, err)
	}
	for _, s := range all[1:] {
		want := map[string][]string{first.Commit: nil, second.Commit: {"main"}}[s.Commit]
		if !slices.Equal(s.Refs, want) || s.Files != 5 || s.Lacks != nil {
			t.Errorf("got %+v, want the refs %v", s, want)
		}
	}
	// A model that somebody has moved to another disk and linked is not read, and hides no other.
	if err := os.Symlink(t.TempDir(), filepath.Join(e.CacheDir, "models--a--moved")); err != nil {
		t.Skip(err)
	}
	if some, err := c.List(); err == nil || !strings.Contains(err.Error(), "a/moved") || len(some) != len(all) {
		t.Errorf("with a link out of the cache: %d models, %v", len(some), err)
	}
}

// TestLocate: a directory goes before the hub, and a bare word is a model of the hub only if it is
// cached.
func TestLocate(t *testing.T) {
	hub, e, n := start(t)
	s := mustPull(t, e, n)
	hub.Add("bare", someFiles())
	getenv := func(name string) string { return map[string]string{"HF_HUB_CACHE": e.CacheDir, "HOME": "/"}[name] }
	t.Chdir(t.TempDir())
	locate := func(name string, want Location, wrong string) {
		t.Helper()
		got, err := Locate(name, getenv)
		if got != want && wrong == "" || (err == nil) != (wrong == "") || err != nil && !strings.Contains(err.Error(), wrong) {
			t.Errorf("%s: got %+v, %v, want %+v and an error with %q", name, got, err, want, wrong)
		}
	}
	locate(someModel, Location{s.Dir, s.Commit}, "")
	locate(s.Pinned(), Location{s.Dir, s.Commit}, "")
	locate("owner/other", Location{}, "run: crossrank pull owner/other")
	locate("builtin:minilm-l6", Location{Path: "builtin:minilm-l6"}, "")
	locate("bare", Location{Path: "bare"}, "")
	locate("", Location{}, "")
	locate("./missing", Location{Path: "./missing"}, "")
	bare := mustPull(t, e, Name{"bare", "main"})
	locate("bare", Location{bare.Dir, bare.Commit}, "")
	if err := os.MkdirAll(filepath.FromSlash(someModel), 0o777); err != nil {
		t.Fatal(err)
	}
	locate(someModel, Location{Path: someModel}, "")
}

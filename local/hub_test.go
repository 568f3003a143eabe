package local

import (
	"errors"
	"io/fs"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/hub"
	"github.com/crossrank/crossrank/internal/hubtest"
	"github.com/crossrank/crossrank/internal/tinymodel"
)

// TestOpenByName opens a model by its name on the hub. It has the scores of its directory, and says
// which commit it is; without it in the cache, the error is the command that brings it.
func TestOpenByName(t *testing.T) {
	const name = "example/tiny-reranker"
	dir := filepath.Join(t.TempDir(), "model")
	if err := tinymodel.Write(dir); err != nil {
		t.Fatal(err)
	}
	server := hubtest.New()
	defer server.Close()
	commit, err := server.AddDir(name, dir)
	if err != nil {
		t.Fatal(err)
	}
	cache := t.TempDir()
	t.Setenv("HF_HUB_CACHE", cache)

	_, err = Open(name, Options{})
	if !errors.Is(err, fs.ErrNotExist) || !strings.Contains(err.Error(), "run: crossrank pull "+name) {
		t.Errorf("got %v, want the command that downloads it", err)
	}
	puller, err := hub.NewPuller(hub.Environment{CacheDir: cache, Endpoint: server.URL, Timeout: time.Minute}, hub.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer puller.Close()
	if _, err := puller.Pull(t.Context(), hub.Name{Repo: name, Revision: hub.DefaultRevision}); err != nil {
		t.Fatal(err)
	}
	scores := map[string]float32{}
	for _, opened := range []string{name, name + "@" + commit, dir} {
		m, err := Open(opened, Options{})
		if err != nil {
			t.Fatal(err)
		}
		defer m.Close()
		info := m.Info()
		want := name + "@" + commit
		if opened == dir {
			want = dir
		}
		if info.Model != opened || info.Pinned() != want {
			t.Errorf("%s is called %s and pinned as %s, want %s", opened, info.Model, info.Pinned(), want)
		}
		resp, err := m.Score(t.Context(), &crossrank.Request{Pairs: []crossrank.Pair{{Query: "paris", Passage: "a city"}}})
		if err != nil {
			t.Fatal(err)
		}
		scores[opened] = resp.Scores[0]
	}
	if scores[name] != scores[dir] || scores[name+"@"+commit] != scores[dir] {
		t.Errorf("the scores differ: %v", scores)
	}
}

package hub

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/hubtest"
)

const someModel = "owner/some-model"

// someFiles are a model's: those that are needed, two of them large, and many that are not.
func someFiles() map[string][]byte {
	large := func(seed byte, n int) []byte {
		b := make([]byte, n)
		for i := range b {
			b[i] = byte(i*7+i/251) ^ seed
		}
		return b
	}
	return map[string][]byte{
		"config.json":             []byte(`{"architectures": ["BertForSequenceClassification"]}`),
		"model.safetensors":       large(1, 40_000),
		"tokenizer.json":          large(2, 5_000),
		"tokenizer_config.json":   []byte(`{}`),
		"vocab.txt":               []byte("[PAD]\n"),
		"pytorch_model.bin":       large(3, 9_000),
		"README.md":               []byte("# A model\n"),
		"onnx/model.onnx":         large(4, 2_000),
		"openvino/model.bin":      large(5, 2_000),
		".gitattributes":          []byte("*.bin filter=lfs\n"),
		"special_tokens_map.json": []byte("{ }"),
	}
}

// neededOfSome are the files of someFiles that a pull brings.
var neededOfSome = []string{"config.json", "model.safetensors", "special_tokens_map.json", "tokenizer.json", "tokenizer_config.json"}

// start gives a hub with the model of someFiles, and an environment with an empty cache.
func start(t *testing.T) (*hubtest.Server, Environment, Name) {
	t.Helper()
	hub := hubtest.New()
	t.Cleanup(hub.Close)
	hub.Add(someModel, someFiles())
	e := Environment{CacheDir: filepath.Join(t.TempDir(), "hub"), Endpoint: hub.URL, Timeout: time.Minute}
	return hub, e, Name{Repo: someModel, Revision: "main"}
}

// newPuller makes one that waits for nothing but locks, and for those not long.
func newPuller(t testing.TB, e Environment, opts Options) *Puller {
	t.Helper()
	p, err := NewPuller(e, opts)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	p.sleep = func(ctx context.Context, d time.Duration) error {
		if d == lockEvery {
			return sleep(ctx, time.Millisecond)
		}
		return ctx.Err()
	}
	p.sync = func(*os.File) error { return nil }
	return p
}

func mustPull(t *testing.T, e Environment, n Name) Snapshot {
	t.Helper()
	s, err := newPuller(t, e, Options{}).Pull(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	return s
}

// checkSnapshot holds that a snapshot has the needed files with the content that the hub has.
func checkSnapshot(t *testing.T, s Snapshot, files map[string][]byte, want []string) {
	t.Helper()
	var got []string
	err := filepath.WalkDir(s.Dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil || e.IsDir() {
			return err
		}
		name, err := filepath.Rel(s.Dir, path)
		if err != nil {
			return err
		}
		got = append(got, filepath.ToSlash(name))
		content, err := os.ReadFile(path)
		if err != nil {
			return err
		}
		if !bytes.Equal(content, files[filepath.ToSlash(name)]) {
			t.Errorf("%s is not what the hub has", name)
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	slices.Sort(want)
	if slices.Sort(got); !slices.Equal(got, want) {
		t.Errorf("the snapshot has %q, want %q", got, want)
	}
}

// checkCache holds what is true of a cache at every time: a blob has the content that its name
// says, a link of a snapshot leads to a blob, and a ref to a snapshot that is whole.
func checkCache(dir string) error {
	var errs []error
	wrong := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }
	err := filepath.WalkDir(dir, func(path string, e fs.DirEntry, err error) error {
		if err != nil {
			if errors.Is(err, fs.ErrNotExist) { // removed meanwhile
				return nil
			}
			return err
		}
		name := strings.TrimPrefix(path, dir+string(filepath.Separator))
		parts := strings.Split(filepath.ToSlash(name), "/")
		if e.IsDir() || len(parts) < 3 || !strings.HasPrefix(parts[0], "models--") {
			if !e.IsDir() && (parts[0] != ".locks" || filepath.Ext(name) != ".lock") {
				wrong("%s has no place in a cache", name)
			}
			return nil
		}
		switch parts[1] {
		case "blobs":
			if strings.HasSuffix(name, ".incomplete") || strings.HasSuffix(name, ".tmp") {
				return nil
			}
			content, err := os.ReadFile(path)
			if err != nil || hubtest.Hash(content) != parts[2] {
				wrong("%s has the hash %s (%v)", name, hubtest.Hash(content), err)
			}
		case "snapshots":
			if _, err := os.Stat(path); err != nil {
				wrong("%s: %v", name, err)
			}
		case "refs":
			commit, err := os.ReadFile(path)
			if err != nil || len(commit) != 40 {
				wrong("%s holds %q (%v)", name, commit, err)
				return nil
			}
			repo, _ := repoOfFolder(parts[0])
			if _, err := NewCache(dir).Find(Name{Repo: repo, Revision: string(commit)}); err != nil {
				wrong("%s: %v", name, err)
			}
		default:
			wrong("%s has no place in a cache", name)
		}
		return nil
	})
	if errors.Is(err, fs.ErrNotExist) {
		err = nil
	}
	return errors.Join(append(errs, err)...)
}

// onlyIncomplete lists what is left of downloads that are not complete.
func onlyIncomplete(t *testing.T, dir string) (names []string) {
	t.Helper()
	names, err := filepath.Glob(filepath.Join(dir, "models--*", "blobs", "*.incomplete"))
	if err != nil {
		t.Fatal(err)
	}
	return names
}

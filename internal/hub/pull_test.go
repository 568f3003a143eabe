package hub

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"sync"
	"testing"

	"github.com/crossrank/crossrank/internal/hubtest"
)

// TestLayout holds every path, link and content of a cache after a pull against those of
// huggingface_hub.
func TestLayout(t *testing.T) {
	hub, e, n := start(t)
	files := someFiles()
	files["1_Dense/config.json"] = []byte(`{"in_features": 3}`)
	files["modules.json"] = []byte(`[{"idx": 0, "path": ""}, {"idx": 1, "path": "1_Dense"}]`)
	commit := hub.Add(someModel, files)
	s := mustPull(t, e, n)
	want := append([]string{"modules.json", "1_Dense/config.json"}, neededOfSome...)
	checkSnapshot(t, s, files, want)
	folder := filepath.Join(e.CacheDir, "models--owner--some-model")
	if s.Repo != someModel || s.Commit != commit || s.Dir != filepath.Join(folder, "snapshots", commit) || s.Files != len(want) {
		t.Errorf("got %+v", s)
	}
	for _, name := range want {
		hash := hubtest.Hash(files[name])
		if content, err := os.ReadFile(filepath.Join(folder, "blobs", hash)); err != nil || !bytes.Equal(content, files[name]) {
			t.Errorf("the blob of %s: %v", name, err)
		}
		if runtime.GOOS == "windows" {
			continue // it depends on the user whether there are links
		}
		link, err := os.Readlink(filepath.Join(s.Dir, filepath.FromSlash(name)))
		target := strings.Repeat("../", 2+strings.Count(name, "/")) + "blobs/" + hash
		if err != nil || link != target {
			t.Errorf("%s leads to %q (%v), want %q", name, link, err, target)
		}
		if _, err := os.Stat(filepath.Join(e.CacheDir, ".locks", "models--owner--some-model", hash+".lock")); err != nil {
			t.Errorf("the lock of %s: %v", name, err)
		}
	}
	if ref, err := os.ReadFile(filepath.Join(folder, "refs", "main")); err != nil || string(ref) != commit {
		t.Errorf("the ref is %q (%v), want %q without an end of line", ref, err, commit)
	}
	if err := checkCache(e.CacheDir); err != nil {
		t.Error(err)
	}
}

// TestPullAgain: what is there is not downloaded again, and a commit that is there takes no request
// at all.
func TestPullAgain(t *testing.T) {
	hub, e, n := start(t)
	first := mustPull(t, e, n)
	hub.Requests()
	if again := mustPull(t, e, n); again.Dir != first.Dir {
		t.Errorf("the second pull gives %s, want %s", again.Dir, first.Dir)
	}
	if requests := hub.Requests(); len(requests) != 1 || !strings.HasPrefix(requests[0].Path, "/api/models/") {
		t.Errorf("the second pull requests %v, want the list alone", requests)
	}
	mustPull(t, e, Name{Repo: someModel, Revision: first.Commit})
	if requests := hub.Requests(); len(requests) > 0 {
		t.Errorf("a pull of a commit that is there requests %v", requests)
	}

	// A new commit shares what has not changed.
	files := someFiles()
	files["config.json"] = []byte(`{"architectures": ["Other"]}`)
	hub.Add(someModel, files)
	second := mustPull(t, e, n)
	checkSnapshot(t, second, files, neededOfSome)
	for _, r := range hub.Requests() {
		if strings.HasPrefix(r.Path, "/api/models/") || strings.HasSuffix(r.Path, "/config.json") {
			continue
		}
		t.Errorf("the pull of a new commit requests %s", r.Path)
	}
	checkSnapshot(t, first, someFiles(), neededOfSome)
}

// TestOffline: no request is made, and what is in the cache is found all the same.
func TestOffline(t *testing.T) {
	hub, e, n := start(t)
	s := mustPull(t, e, n)
	hub.Requests()
	e.Offline = true
	if _, err := newPuller(t, e, Options{}).Pull(t.Context(), n); err == nil || !strings.Contains(err.Error(), "HF_HUB_OFFLINE") {
		t.Errorf("got %v, want an error that names HF_HUB_OFFLINE", err)
	}
	mustPull(t, e, Name{Repo: someModel, Revision: s.Commit})
	if requests := hub.Requests(); len(requests) > 0 {
		t.Errorf("requests are made: %v", requests)
	}
}

// TestSharded pulls the shards that an index names, and no others.
func TestSharded(t *testing.T) {
	hub, e, n := start(t)
	files := someFiles()
	files["model-00001-of-00002.safetensors"] = files["model.safetensors"]
	files["model-00002-of-00002.safetensors"] = bytes.Repeat([]byte("x"), 3000)
	files["model.fp16.safetensors"] = bytes.Repeat([]byte("y"), 3000)
	delete(files, "model.safetensors")
	files[indexFile] = []byte(`{"weight_map": {"a": "model-00002-of-00002.safetensors", "b": "model-00001-of-00002.safetensors",
		"c": "model-00002-of-00002.safetensors"}}`)
	hub.Add(someModel, files)
	want := append(slices.DeleteFunc(slices.Clone(neededOfSome), func(name string) bool { return name == weightsFile }),
		indexFile, "model-00001-of-00002.safetensors", "model-00002-of-00002.safetensors")
	checkSnapshot(t, mustPull(t, e, n), files, want)
}

// TestTwoPullers: two at once download every file once, and both end with all of it.
func TestTwoPullers(t *testing.T) {
	hub, e, n := start(t)
	var wg sync.WaitGroup
	for range 4 {
		wg.Go(func() {
			s, err := newPuller(t, e, Options{}).Pull(t.Context(), n)
			if err != nil {
				t.Error(err)
				return
			}
			checkSnapshot(t, s, someFiles(), slices.Clone(neededOfSome))
		})
	}
	wg.Wait()
	from := map[string]int{}
	for _, r := range hub.Requests() {
		if r.Host == hub.CDN {
			from[r.Path]++
		}
	}
	for path, times := range from {
		if times != 1 {
			t.Errorf("%s was downloaded %d times", path, times)
		}
	}
	if len(from) != 2 {
		t.Errorf("downloaded %v, want the two large files", from)
	}
	if err := checkCache(e.CacheDir); err != nil {
		t.Error(err)
	}
}

// TestProgress: it never goes back without a reason, and ends with all bytes and files.
func TestProgress(t *testing.T) {
	_, e, n := start(t)
	var last Progress
	p := newPuller(t, e, Options{Progress: func(now Progress) {
		if now.BytesDone < last.BytesDone || now.FilesDone < last.FilesDone || now.BytesDone > now.Bytes {
			t.Errorf("%+v follows %+v", now, last)
		}
		last = now
	}})
	if _, err := p.Pull(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	if last.FilesDone != 5 || last.Files != 5 || last.BytesDone != last.Bytes || last.BytesKept != 0 || last.Bytes == 0 {
		t.Errorf("it ends with %+v", last)
	}
	last = Progress{}
	if _, err := p.Pull(t.Context(), n); err != nil {
		t.Fatal(err)
	}
	if last.BytesKept != last.Bytes || last.FilesDone != 5 {
		t.Errorf("a second pull ends with %+v, want all bytes kept", last)
	}
}

// TestNeededONNX: a model in ONNX is needed where there are no safetensors.
func TestNeededONNX(t *testing.T) {
	for there, want := range map[string]string{
		"model.safetensors onnx/model.onnx":                                  "model.safetensors",
		"onnx/model.onnx onnx/model_fp16.onnx pytorch_model.bin":             "onnx/model.onnx",
		"onnx/model_q4.onnx onnx/model_quantized.onnx":                       "onnx/model_quantized.onnx",
		"model.onnx model.onnx_data onnx/model.onnx":                         "model.onnx model.onnx_data",
		"onnx/model.onnx onnx/model.onnx_data onnx/model.onnx_data_1 x.onnx": "onnx/model.onnx onnx/model.onnx_data onnx/model.onnx_data_1",
	} {
		files := listed{all: map[string]file{configFile: {}, "vocab.txt": {}}}
		for name := range strings.FieldsSeq(there) {
			files.all[name] = file{}
		}
		got, err := needed(files)
		if want := append(append([]string{configFile}, strings.Fields(want)...), "vocab.txt"); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %v, %v, want %v", there, got, err, want)
		}
	}
}

// TestNeededTokenizer: one form of a tokenizer is chosen, of those that can be read.
func TestNeededTokenizer(t *testing.T) {
	for _, c := range []struct {
		there, want string // with spaces between
	}{
		{"tokenizer.json vocab.txt vocab.json merges.txt", "tokenizer.json"},
		{"vocab.json vocab.txt", "vocab.txt"},
		{"vocab.json merges.txt sentencepiece.bpe.model", "vocab.json merges.txt"},
		{"vocab.json sentencepiece.bpe.model", "sentencepiece.bpe.model"},
		{"spm.model added_tokens.json", "spm.model added_tokens.json"},
		{"vocab.json", ""},
		{"spiece.model tokenizer.model", ""},
	} {
		files := listed{all: map[string]file{configFile: {}, weightsFile: {}}}
		for name := range strings.FieldsSeq(c.there) {
			files.all[name] = file{}
		}
		got, err := needed(files)
		if c.want == "" {
			if err == nil || !strings.Contains(err.Error(), "it has no tokenizer that can be read: want tokenizer.json") {
				t.Errorf("%s: got %v, %v, want an error", c.there, got, err)
			}
			continue
		}
		if want := append([]string{configFile, weightsFile}, strings.Fields(c.want)...); err != nil || !slices.Equal(got, want) {
			t.Errorf("%s: got %v, %v, want %v", c.there, got, err, want)
		}
	}
}

package hub

import (
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/hubtest"
)

// TestHostileLists: whatever the list of files says, nothing is written outside of the model's
// folder.
func TestHostileLists(t *testing.T) {
	good := hubtest.Hash([]byte("{}"))
	names := []string{
		"../x", "../../x", "/x", "a/../../x", "a/./b", "a//b", "", ".", "..", "a\x00b", `a\b`, `..\x`, `C:\x`, "C:x", "a:b",
		strings.Repeat("n", 300), strings.Repeat("d/", 600) + "x", "a\nb", "a.", "a ", "\x7f",
	}
	for _, name := range names {
		t.Run(fmt.Sprintf("%.20q", name), func(t *testing.T) {
			text, err := json.Marshal(map[string]any{
				"sha": strings.Repeat("a", 40),
				"siblings": []map[string]any{
					{"rfilename": "config.json", "size": 2, "blobId": good},
					{"rfilename": "tokenizer.json", "size": 2, "blobId": good},
					{"rfilename": indexFile, "size": 0, "blobId": good},
					{"rfilename": name, "size": 2, "blobId": good},
				},
			})
			if err != nil {
				t.Fatal(err)
			}
			l, err := parseListing(text)
			if err != nil {
				t.Fatal(err)
			}
			if _, ok := l.files[name]; ok || len(l.files) != 3 {
				t.Errorf("it is accepted: %v", l.files)
			}
			index, err := json.Marshal(map[string]any{"weight_map": map[string]string{"t": name}})
			if err != nil {
				t.Fatal(err)
			}
			if chosen, err := needed(listed{l.files, map[string][]byte{indexFile: index}}); err == nil {
				t.Errorf("chosen: %q", chosen)
			}
			modules, err := json.Marshal([]map[string]string{{"path": name}})
			if err != nil {
				t.Fatal(err)
			}
			l.files[weightsFile], l.files[modulesFile] = file{name: weightsFile}, file{name: modulesFile}
			chosen, err := needed(listed{l.files, map[string][]byte{modulesFile: modules}})
			for _, c := range chosen {
				if _, ok := l.files[c]; !ok {
					t.Errorf("chosen: %q (%v)", c, err)
				}
			}
		})
	}
	for what, body := range map[string]string{
		"a commit that is a path":  `{"sha": "../../../../../../../../../../../../etc/p", "siblings": []}`,
		"no commit":                `{"siblings": [{"rfilename": "a", "size": 1, "blobId": "` + good + `"}]}`,
		"a hash that is a path":    `{"sha": "` + strings.Repeat("a", 40) + `", "siblings": [{"rfilename": "a", "size": 1, "blobId": "../../../../../../../../../../../../etc/p"}]}`,
		"a hash in capitals":       `{"sha": "` + strings.Repeat("a", 40) + `", "siblings": [{"rfilename": "a", "size": 1, "blobId": "` + strings.ToUpper(good) + `"}]}`,
		"a large file's hash":      `{"sha": "` + strings.Repeat("a", 40) + `", "siblings": [{"rfilename": "a", "size": 1, "lfs": {"sha256": ""}}]}`,
		"no size":                  `{"sha": "` + strings.Repeat("a", 40) + `", "siblings": [{"rfilename": "a", "blobId": "` + good + `"}]}`,
		"a negative size":          `{"sha": "` + strings.Repeat("a", 40) + `", "siblings": [{"rfilename": "a", "size": -1, "blobId": "` + good + `"}]}`,
		"a size that is no number": `{"sha": "` + strings.Repeat("a", 40) + `", "siblings": [{"rfilename": "a", "size": "1", "blobId": "` + good + `"}]}`,
		"nothing":                  `null`,
	} {
		if l, err := parseListing([]byte(body)); err == nil {
			t.Errorf("%s: got %+v", what, l)
		}
	}
}

// TestLinksOutOfTheCache: a link in the cache that leads out of it is not written through.
func TestLinksOutOfTheCache(t *testing.T) {
	for _, part := range []string{"", "blobs", "snapshots", "refs"} {
		_, e, n := start(t)
		outside := t.TempDir()
		link := filepath.Join(e.CacheDir, n.folder(), part)
		if err := os.MkdirAll(filepath.Dir(link), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.Symlink(outside, link); err != nil {
			t.Skip(err)
		}
		if _, err := newPuller(t, e, Options{}).Pull(t.Context(), n); err == nil {
			t.Errorf("%q: no error", part)
		}
		if left, err := os.ReadDir(outside); err != nil || len(left) > 0 {
			t.Errorf("%q: %v was written outside (%v)", part, left, err)
		}
	}
}

// TestNoDowngrade: an encrypted connection does not lead to one that is not.
func TestNoDowngrade(t *testing.T) {
	plain := httptest.NewServer(http.HandlerFunc(func(http.ResponseWriter, *http.Request) { t.Error("the plain server is asked") }))
	defer plain.Close()
	encrypted := httptest.NewTLSServer(http.RedirectHandler(plain.URL, http.StatusFound))
	defer encrypted.Close()
	p := newPuller(t, Environment{CacheDir: t.TempDir(), Endpoint: encrypted.URL, Timeout: time.Minute}, Options{})
	p.client.http.Transport = encrypted.Client().Transport
	_, err := p.Pull(t.Context(), Name{Repo: someModel, Revision: "main"})
	if err == nil || !strings.Contains(err.Error(), "without encryption") {
		t.Errorf("got %v", err)
	}
}

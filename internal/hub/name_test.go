package hub

import (
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"
)

func TestParseName(t *testing.T) {
	for text, want := range map[string]Name{
		"BAAI/bge-reranker-v2-m3":              {"BAAI/bge-reranker-v2-m3", "main"},
		"cross-encoder/ms-marco-MiniLM-L-6-v2": {"cross-encoder/ms-marco-MiniLM-L-6-v2", "main"},
		"gpt2":                                 {"gpt2", "main"},
		"a/b_c.d-e@v1.0":                       {"a/b_c.d-e", "v1.0"},
		"a/b@refs/pr/3":                        {"a/b", "refs/pr/3"},
		"a/b@main":                             {"a/b", "main"},
		"a/b@" + strings.Repeat("0", 40):       {"a/b", strings.Repeat("0", 40)},
	} {
		got, err := ParseName(text)
		if err != nil || got != want {
			t.Errorf("%q: got %+v, %v, want %+v", text, got, err, want)
		}
		if back, err := ParseName(got.String()); err != nil || back != got {
			t.Errorf("%q: written as %q, which is read as %+v, %v", text, got, back, err)
		}
	}
	for _, text := range []string{
		"", "/", "a/", "/b", "a/b/c", "..", "../b", "a/..", "a/b..c", "a--b/c", "a/b--c", ".a/b", "a/.b", "a/b.", "a/-b", "-a/b",
		"a b/c", "a/b\x00", `a\b`, "a/b:c", "~/a", "./a", "a/b.git", "a/" + strings.Repeat("b", 100), "a/b@", "a/b@../x", "a/b@/x",
		"a/b@x/", "a/b@x//y", "a/b@.x", "a/b@x/.y", "a/b@x y", `a/b@x\y`, "a/b@x@y", "a/b@-x", "a/b@" + strings.Repeat("x", 201),
		"builtin:minilm-l6", "ä/b",
	} {
		if got, err := ParseName(text); err == nil {
			t.Errorf("%q is read as %+v, want an error", text, got)
		}
	}
	for text, want := range map[string]bool{"a/b": true, "a/b@v1": true, "gpt2": false, "./a": false, "a/b/c": false, "": false} {
		if IsName(text) != want {
			t.Errorf("%q is a name: %v, want %v", text, IsName(text), want)
		}
	}
}

// TestFolders: names and folders map to each other one to one.
func TestFolders(t *testing.T) {
	for repo, folder := range map[string]string{"a/b": "models--a--b", "gpt2": "models--gpt2", "a-b/c.d": "models--a-b--c.d"} {
		if got := (Name{Repo: repo}).folder(); got != folder {
			t.Errorf("%s: got %s, want %s", repo, got, folder)
		}
		if got, ok := repoOfFolder(folder); got != repo || !ok {
			t.Errorf("%s: got %s, %v, want %s", folder, got, ok, repo)
		}
	}
	for _, folder := range []string{"datasets--a--b", "models--", "models--a--b--c", ".locks", "a", "models--.."} {
		if got, ok := repoOfFolder(folder); ok {
			t.Errorf("%s is the folder of %q", folder, got)
		}
	}
}

func TestEnvironment(t *testing.T) {
	home := t.TempDir()
	write := func(name, text string) string {
		name = filepath.Join(home, name)
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		return name
	}
	token := write(".cache/huggingface/token", "hf_file\n")
	other := write("other", "hf_other")
	in := func(parts ...string) string { return filepath.Join(append([]string{home}, parts...)...) }
	standard := Environment{
		CacheDir: in(".cache", "huggingface", "hub"), Endpoint: "https://huggingface.co", Token: "hf_file", Timeout: 30 * time.Second,
	}
	for _, c := range []struct {
		what   string
		vars   map[string]string
		change func(*Environment)
	}{
		{"nothing", nil, func(*Environment) {}},
		{"HF_HOME", map[string]string{"HF_HOME": in("h")}, func(e *Environment) { e.CacheDir, e.Token = in("h", "hub"), "" }},
		{"HF_HOME with ~ and a variable", map[string]string{"HF_HOME": "~/$X/${X}", "X": "x"}, func(e *Environment) {
			e.CacheDir, e.Token = in("x", "x", "hub"), ""
		}},
		{"XDG_CACHE_HOME", map[string]string{"XDG_CACHE_HOME": in("c")}, func(e *Environment) {
			e.CacheDir, e.Token = in("c", "huggingface", "hub"), ""
		}},
		{"HF_HUB_CACHE", map[string]string{"HF_HUB_CACHE": in("c"), "HF_HOME": in("h")}, func(e *Environment) { e.CacheDir, e.Token = in("c"), "" }},
		{"the old name of the cache", map[string]string{"HUGGINGFACE_HUB_CACHE": in("c")}, func(e *Environment) { e.CacheDir = in("c") }},
		{"HF_TOKEN", map[string]string{"HF_TOKEN": " hf_x\n"}, func(e *Environment) { e.Token = "hf_x" }},
		{"the old name of the token", map[string]string{"HUGGING_FACE_HUB_TOKEN": "hf_x"}, func(e *Environment) { e.Token = "hf_x" }},
		{"HF_TOKEN_PATH", map[string]string{"HF_TOKEN_PATH": other}, func(e *Environment) { e.Token = "hf_other" }},
		{"no implicit token", map[string]string{"HF_HUB_DISABLE_IMPLICIT_TOKEN": "1"}, func(e *Environment) { e.Token = "" }},
		{"HF_ENDPOINT", map[string]string{"HF_ENDPOINT": "http://127.0.0.1:1/x/"}, func(e *Environment) { e.Endpoint = "http://127.0.0.1:1/x" }},
		{"HF_HUB_OFFLINE", map[string]string{"HF_HUB_OFFLINE": "yes"}, func(e *Environment) { e.Offline = true }},
		{"HF_HUB_OFFLINE off", map[string]string{"HF_HUB_OFFLINE": "0"}, func(*Environment) {}},
		{"TRANSFORMERS_OFFLINE", map[string]string{"TRANSFORMERS_OFFLINE": "1"}, func(e *Environment) { e.Offline = true }},
		{"no bars", map[string]string{"HF_HUB_DISABLE_PROGRESS_BARS": "on"}, func(e *Environment) { e.NoProgress = true }},
		{"no links", map[string]string{"HF_HUB_DISABLE_SYMLINKS": "TRUE"}, func(e *Environment) { e.NoLinks = true }},
		{"a time limit", map[string]string{"HF_HUB_DOWNLOAD_TIMEOUT": "2.5"}, func(e *Environment) { e.Timeout = 2500 * time.Millisecond }},
	} {
		want := standard
		c.change(&want)
		got, err := ReadEnvironment(func(name string) string {
			if name == "HOME" {
				return home
			}
			return c.vars[name]
		})
		if err != nil || got != want {
			t.Errorf("%s: got %+v, %v\nwant %+v", c.what, got, err, want)
		}
	}
	for what, vars := range map[string]map[string]string{
		"an endpoint without a scheme": {"HF_ENDPOINT": "huggingface.co"},
		"an endpoint of another kind":  {"HF_ENDPOINT": "file:///etc"},
		"an endpoint with a password":  {"HF_ENDPOINT": "https://a:b@c"},
		"a token of two lines":         {"HF_TOKEN": "a\nb"},
		"a token with a sign":          {"HF_TOKEN": "hf_ä"},
		"a token's file that is none":  {"HF_TOKEN_PATH": filepath.Dir(token)},
		"a time limit of no time":      {"HF_HUB_DOWNLOAD_TIMEOUT": "0"},
		"a time limit in words":        {"HF_HUB_DOWNLOAD_TIMEOUT": "10s"},
		"no home":                      {"HOME": ""},
	} {
		got, err := ReadEnvironment(func(name string) string {
			if _, ok := vars["HOME"]; !ok && name == "HOME" {
				return home
			}
			return vars[name]
		})
		if onlyNetwork := what != "no home"; (err == nil) != onlyNetwork {
			t.Errorf("%s: got error %v, want none before the network is used: %v", what, err, onlyNetwork)
		}
		if err == nil {
			_, err = NewPuller(got, Options{})
		}
		if err == nil {
			t.Errorf("%s: got %+v, want an error", what, got)
		}
	}
}

func TestFormatBytes(t *testing.T) {
	for n, want := range map[int64]string{
		0: "0 B", 999: "999 B", 1000: "1 kB", 1500: "1.5 kB", 999_949: "999.9 kB", 999_950: "1 MB", 2_271_064_456: "2.3 GB", 1 << 62: "4.6 EB",
	} {
		if got := FormatBytes(n); got != want {
			t.Errorf("%d: got %q, want %q", n, got, want)
		}
	}
}

package hub

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io"
	"math/rand/v2"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/hubtest"
)

// TestRefusals: each refusal of the hub becomes an error that says what to do.
func TestRefusals(t *testing.T) {
	hub, e, n := start(t)
	hub.Add("owner/gated", someFiles())
	hub.RequireToken("owner/gated", "hf_right")
	withToken := e
	withToken.Token = "hf_wrong"
	only := func(name string, files ...string) {
		all := map[string][]byte{"config.json": []byte("{}"), "tokenizer.json": []byte("{}")}
		for _, f := range files {
			all[f] = []byte("x")
		}
		hub.Add(name, all)
	}
	only("owner/pickles", "pytorch_model.bin")
	only("owner/gguf", "model-q4.gguf")
	only("owner/onnx", "onnx/model.onnx")
	only("owner/adapter", "adapter_model.safetensors", "adapter_config.json")
	only("owner/variant", "model.fp16.safetensors")
	only("owner/bare")
	hub.Add("owner/words", map[string][]byte{"config.json": []byte("{}"), weightsFile: []byte("x")})
	hub.Add("owner/dataset", map[string][]byte{"data.parquet": []byte("x")})
	for _, c := range []struct {
		e    Environment
		name string
		want []string
	}{
		{e, "owner/missing", []string{"no such model", "private", "HF_TOKEN"}},
		{withToken, "owner/missing", []string{"no such model", "use a token"}},
		{e, "owner/gated", []string{"gated", hub.URL + "/owner/gated", "HF_TOKEN"}},
		{withToken, "owner/gated", []string{"gated"}},
		{e, someModel + "@v9", []string{`no revision "v9"`}},
		{e, someModel + "@0123456789012345678901234567890123456789", []string{"no revision"}},
		{e, "owner/pickles", []string{"pickles", "never downloaded", "refs/pr/", "safetensors"}},
		{e, "owner/gguf", []string{"GGUF"}},
		{e, "owner/onnx", []string{"ONNX"}},
		{e, "owner/adapter", []string{"adapter", "merge"}},
		{e, "owner/variant", []string{"model.fp16.safetensors"}},
		{e, "owner/bare", []string{"no weights"}},
		{e, "owner/words", []string{"no tokenizer"}},
		{e, "owner/dataset", []string{"no config.json"}},
	} {
		name, err := ParseName(c.name)
		if err != nil {
			t.Fatal(err)
		}
		_, err = newPuller(t, c.e, Options{}).Pull(t.Context(), name)
		if err == nil {
			t.Errorf("%s: no error", c.name)
			continue
		}
		for _, want := range append(c.want, "pulling "+c.name) {
			if !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want it to say %q", c.name, err, want)
			}
		}
		if strings.Contains(err.Error(), "hf_") {
			t.Errorf("%s: the error shows the token: %v", c.name, err)
		}
	}
	if err := checkCache(e.CacheDir); err != nil {
		t.Error(err)
	}
	if _, err := NewCache(e.CacheDir).Find(n); err == nil {
		t.Error("something is in the cache")
	}
}

// faults are what a request can meet. Each ends well if it passes, and must leave no trace in any case.
var faults = map[string]struct {
	on    string // the part of a path that it is on
	times int    // how often; 0 means always
	fails bool   // the pull cannot succeed
	do    func(w http.ResponseWriter, r *http.Request, next http.Handler)
}{
	"too many requests, with a time": {"", 3, false, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Retry-After", "7")
		w.WriteHeader(http.StatusTooManyRequests)
	}},
	"too many requests for hours": {"", 0, true, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Header().Set("Retry-After", "7200")
		w.WriteHeader(http.StatusTooManyRequests)
	}},
	"server errors that pass": {"", 5, false, func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		w.WriteHeader([]int{500, 502, 503, 504, 408}[rand.IntN(5)])
	}},
	"server errors without end": {"", 0, true, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.WriteHeader(http.StatusServiceUnavailable)
	}},
	"a signature that has expired": {"CDN", 2, false, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.WriteHeader(http.StatusForbidden)
	}},
	"a connection that breaks at once": {"", 4, false, func(http.ResponseWriter, *http.Request, http.Handler) {
		panic(http.ErrAbortHandler)
	}},
	"a redirect to itself": {"", 0, true, func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		http.Redirect(w, r, r.URL.String(), http.StatusFound)
	}},
	"a redirect to a file": {"", 0, true, func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		w.Header().Set("Location", "file:///etc/passwd")
		w.WriteHeader(http.StatusFound)
	}},
	"a redirect to nothing": {"", 0, true, func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		w.WriteHeader(http.StatusFound)
	}},
	"wrong bytes of the right length": {"CDN", 0, true, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(changing{w}, r)
	}},
	"a file that is too long": {"CDN", 0, true, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		next.ServeHTTP(unsized{w}, r)
		w.Write(make([]byte, 10_000))
	}},
	"a length that is too long": {"CDN", 0, true, func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		w.Write(make([]byte, 50_000))
	}},
	"a file that is too short, without a length": {"CDN", 0, true, func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		w.Write([]byte("<html>sign in to this network</html>"))
		http.NewResponseController(w).Flush()
	}},
	"ranges that are not understood": {"CDN", 0, false, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		r.Header.Del("Range")
		if rand.IntN(2) == 0 {
			w = &breaking{ResponseWriter: w, left: 2000}
		}
		next.ServeHTTP(w, r)
	}},
	"the wrong range": {"CDN", 3, false, func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.Header.Get("Range") == "" {
			next.ServeHTTP(&breaking{ResponseWriter: w, left: 2000}, r)
		}
		r.Header.Set("Range", "bytes=5-")
		next.ServeHTTP(w, r)
	}},
	"another commit": {"/resolve/", 0, true, func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		w.Header().Set("X-Repo-Commit", strings.Repeat("e", 40))
		w.Write([]byte("{}"))
	}},
	"a list that is no JSON": {"/api/models/", 0, true, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		w.Write([]byte("<html>"))
	}},
	"a list without end": {"/api/models/", 0, true, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
		for range maxListingBytes>>20 + 2 {
			if _, err := w.Write(make([]byte, 1<<20)); err != nil {
				return
			}
		}
	}},
}

// changing changes one byte of each piece.
type changing struct{ http.ResponseWriter }

func (c changing) Write(p []byte) (int, error) {
	q := bytes.Clone(p)
	q[len(q)/2] ^= 1
	return c.ResponseWriter.Write(q)
}

// unsized leaves out the length of a body.
type unsized struct{ http.ResponseWriter }

func (u unsized) WriteHeader(status int) {
	u.Header().Del("Content-Length")
	u.ResponseWriter.WriteHeader(status)
}

func TestFaults(t *testing.T) {
	for what, f := range faults {
		t.Run(what, func(t *testing.T) {
			t.Parallel()
			hub, e, n := start(t)
			hub.Handle(fault(hub, f.on, f.times, f.do))
			s, err := newPuller(t, e, Options{}).Pull(t.Context(), n)
			if (err != nil) != f.fails {
				t.Errorf("got error %v, want one: %v", err, f.fails)
			}
			if err == nil {
				checkSnapshot(t, s, someFiles(), append([]string{}, neededOfSome...))
			} else if strings.Contains(err.Error(), "Signature") {
				t.Errorf("the error shows a signed address: %v", err)
			}
			if err := checkCache(e.CacheDir); err != nil {
				t.Error(err)
			}
			hub.Handle(nil)
			if s, err = newPuller(t, e, Options{}).Pull(t.Context(), n); err != nil {
				t.Fatalf("afterwards: %v", err)
			}
			checkSnapshot(t, s, someFiles(), append([]string{}, neededOfSome...))
		})
	}
}

// fault has something done on requests of one kind, a number of times.
func fault(hub *hubtest.Server, on string, times int, do func(http.ResponseWriter, *http.Request, http.Handler)) func(http.ResponseWriter, *http.Request, http.Handler) {
	var n atomic.Int64
	return func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		match := strings.Contains(r.URL.Path, on)
		if on == "CDN" {
			match = "http://"+r.Host == hub.CDN
		}
		if !match || times > 0 && n.Add(1) > int64(times) {
			next.ServeHTTP(w, r)
			return
		}
		do(w, r, next)
	}
}

// TestRetryAfter: a server's own wish is kept to, in seconds or as a date, and other waits grow.
func TestRetryAfter(t *testing.T) {
	hub, e, n := start(t)
	for _, c := range []struct {
		header   string
		from, to time.Duration
	}{
		{"7", 7 * time.Second, 7 * time.Second},
		{time.Now().Add(90 * time.Second).UTC().Format(http.TimeFormat), time.Second, 90 * time.Second},
		{`RateLimit: "resolvers";r=0;t=41`, 41 * time.Second, 41 * time.Second},
		{"", firstWait / 2, firstWait},
		{"soon", firstWait / 2, firstWait},
		{"-5", firstWait / 2, firstWait},
	} {
		hub.Handle(fault(hub, "/api/models/", 1, func(w http.ResponseWriter, _ *http.Request, _ http.Handler) {
			if value, ok := strings.CutPrefix(c.header, "RateLimit: "); ok {
				w.Header().Set("RateLimit", value)
			} else {
				w.Header().Set("Retry-After", c.header)
			}
			w.WriteHeader(http.StatusTooManyRequests)
		}))
		var waits []time.Duration
		p := newPuller(t, e, Options{})
		p.sleep = func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }
		if _, err := p.Pull(t.Context(), n); err != nil {
			t.Fatal(err)
		}
		if len(waits) != 1 || waits[0] < c.from || waits[0] > c.to {
			t.Errorf("Retry-After %q: waited %v, want %v to %v", c.header, waits, c.from, c.to)
		}
	}
}

func TestWaitsGrow(t *testing.T) {
	var waits []time.Duration
	r := retry{note: func(string) {}, sleep: func(_ context.Context, d time.Duration) error { waits = append(waits, d); return nil }}
	var err error
	for err == nil {
		err = r.again(t.Context(), io.ErrUnexpectedEOF)
	}
	if len(waits) != maxTries-1 || !errors.Is(err, io.ErrUnexpectedEOF) {
		t.Errorf("%d waits, then %v", len(waits), err)
	}
	for i, wait := range waits {
		most := min(firstWait<<i, longestWait)
		if wait < most/2 || wait > most {
			t.Errorf("wait %d is %v, want %v to %v", i, wait, most/2, most)
		}
	}
}

// TestStalled: a connection that stays open and brings nothing is given up.
func TestStalled(t *testing.T) {
	hub, e, n := start(t)
	e.Timeout = 50 * time.Millisecond
	weights := someFiles()[weightsFile]
	hub.Handle(fault(hub, hubtest.Hash(weights), 1, func(w http.ResponseWriter, r *http.Request, _ http.Handler) {
		w.Header().Set("Content-Length", fmt.Sprint(len(weights)))
		w.Write(weights[:9000])
		http.NewResponseController(w).Flush()
		<-r.Context().Done()
	}))
	var stalled atomic.Bool
	p := newPuller(t, e, Options{Note: func(text string) {
		if strings.Contains(text, errStalled.Error()) {
			stalled.Store(true)
		}
	}})
	s, err := p.Pull(t.Context(), n)
	if err != nil {
		t.Fatal(err)
	}
	checkSnapshot(t, s, someFiles(), neededOfSome)
	if !stalled.Load() {
		t.Error("no note says that the connection brought nothing")
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

// TestHostileLists: whatever the list of files says, nothing is written outside of the model's folder.
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
				t.Errorf("it is taken: %v", l.files)
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

var trials = flag.Int("trials", 250, "pulls with random faults; -short runs a tenth of them")

// TestTrials pulls again and again with random faults, cancels at random, and looks at the cache each time:
// no reader ever sees a file that is not whole.
func TestTrials(t *testing.T) {
	n := *trials
	if testing.Short() {
		n /= 10
	}
	const workers = 4
	pulled := make([]int, workers)
	t.Run("", func(t *testing.T) {
		for worker := range workers {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				rng := rand.New(rand.NewPCG(1, uint64(worker)))
				hub, e, _ := start(t)
				for range n / workers {
					e.CacheDir = filepath.Join(t.TempDir(), "hub")
					if trial(t, rng, hub, e) {
						pulled[worker]++
					}
					if err := os.RemoveAll(e.CacheDir); err != nil {
						t.Fatal(err)
					}
				}
			})
		}
	})
	total := 0
	for _, n := range pulled {
		total += n
	}
	t.Logf("%d of %d pulls succeeded under faults", total, n)
	if n >= 200 && (total < n/20 || total > n*19/20) {
		t.Error("the faults are too hard or too mild to show anything")
	}
}

// trial pulls under faults, looks, and then pulls without them. It reports whether the first pull succeeded.
func trial(t *testing.T, rng *rand.Rand, hub *hubtest.Server, e Environment) bool {
	t.Helper()
	n := Name{Repo: someModel, Revision: "main"}
	seed := rng.Uint64()
	var requests atomic.Uint64
	hub.Handle(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		one := rand.New(rand.NewPCG(seed, requests.Add(1)))
		randomFault(one, w, r, next)
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p := newPuller(t, e, Options{Progress: func(now Progress) {
		if rng.IntN(120) == 0 {
			cancel()
		}
	}})
	if rng.IntN(4) == 0 {
		var room atomic.Int64
		room.Store(rng.Int64N(50_000))
		p.wrap = func(w io.Writer) io.Writer { return full{w, &room} }
	}
	_, err := p.Pull(ctx, n)
	if err := checkCache(e.CacheDir); err != nil {
		t.Fatalf("after the faults of seed %d: %v", seed, err)
	}
	hub.Handle(nil)
	q := newPuller(t, e, Options{})
	defer q.Close()
	s, again := q.Pull(t.Context(), n)
	if again != nil {
		t.Fatalf("after the faults of seed %d: %v", seed, again)
	}
	checkSnapshot(t, s, someFiles(), append([]string{}, neededOfSome...))
	p.Close()
	return err == nil
}

func randomFault(rng *rand.Rand, w http.ResponseWriter, r *http.Request, next http.Handler) {
	switch rng.IntN(14) {
	case 0:
		panic(http.ErrAbortHandler)
	case 1:
		w.WriteHeader(500 + rng.IntN(5))
	case 2:
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
	case 3, 4, 5:
		next.ServeHTTP(&breaking{ResponseWriter: w, left: rng.IntN(30_000)}, r)
	case 6:
		next.ServeHTTP(changing{w}, r)
	case 7:
		r.Header.Del("Range")
		next.ServeHTTP(w, r)
	case 8:
		next.ServeHTTP(unsized{w}, r)
		w.Write(make([]byte, rng.IntN(3000)))
	default:
		next.ServeHTTP(w, r)
	}
}

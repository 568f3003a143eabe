package hub

import (
	"bytes"
	"math/rand/v2"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"

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
	only("owner/onnx", "onnx/model_O3.onnx")
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

// TestRefusedToken: a token that the hub does not know is named as the reason, and is not shown.
func TestRefusedToken(t *testing.T) {
	hub, e, n := start(t)
	e.Token = "hf_expired"
	hub.Handle(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		if r.Header.Get("Authorization") == "" {
			next.ServeHTTP(w, r)
			return
		}
		w.Header().Set("X-Error-Message", "Invalid credentials in Authorization header\u202e")
		w.WriteHeader(http.StatusUnauthorized)
	})
	_, err := newPuller(t, e, Options{}).Pull(t.Context(), n)
	if err == nil || !strings.Contains(err.Error(), "the token is refused") || strings.Contains(err.Error(), "\u202e") ||
		strings.Contains(err.Error(), "hf_expired") {
		t.Errorf("got %q", err)
	}
}

// faults are what a request can meet. Each ends well if it passes, and must leave no trace in any
// case.
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

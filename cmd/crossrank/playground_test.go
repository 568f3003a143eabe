package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/browser"
	"github.com/crossrank/crossrank/internal/tinymodel"
)

// TestPlayground ranks on the page of a server with two models and keys: what is cut off is shown,
// a key is asked for when the server wants another one, and refusals are in words. It looks like a
// phone's.
func TestPlayground(t *testing.T) {
	if testing.Short() {
		t.Skip("starts a process and a browser")
	}
	p := openPage(t, browser.Options{Width: 390, Height: 844, Phone: true, Dark: true})
	dir := t.TempDir()
	one, other, file, keys := filepath.Join(dir, "one"), filepath.Join(dir, "other"), filepath.Join(dir, "pool.yaml"), filepath.Join(dir, "keys")
	pool := "model: " + one + "\nmodel_pool: {instances: [{}, {model: " + other + ", quantization: int8}]}\n"
	if err := errors.Join(tinymodel.Write(one), tinymodel.Write(other), os.WriteFile(file, []byte(pool), 0o666), accept(keys, "first")); err != nil {
		t.Fatal(err)
	}
	s := serveUnderLoad(t, "", "127.0.0.1:0", "--config", file, "--api-keys-file", keys)
	// The browser keeps what it logged in with, and the second address is one that scripts may use.
	if err := errors.Join(p.Visit("http://any:first@"+s.addr+"/"), p.Visit("http://"+s.addr+"/")); err != nil {
		t.Fatal(err)
	}
	await(t, "the form", func() bool { return text(t, p, "playground") != "" })

	// One document a line. The second one has more tokens than the model reads: 64, of which the
	// query has 3 and the template 3.
	long := strings.Repeat("paris ", 58) + "it swims"
	fill(t, p, "what is paris", "a fish\n\n"+long)
	if got := text(t, p, "document-count"); got != "2 documents" {
		t.Errorf("the form counts %q", got)
	}
	rank(t, p, "2 documents ranked")
	await(t, "what was cut off", func() bool { return strings.Contains(text(t, p, "results"), "did not read: it swims") })
	if got := text(t, p, "results"); !strings.Contains(got, "2 tokens were cut off") || !strings.Contains(got, "read 58 of the 60 tokens") {
		t.Errorf("ranked: %q", got)
	}
	if got := text(t, p, "timing"); !strings.Contains(got, "documents cut\n1") || !strings.Contains(got, "probability") {
		t.Errorf("times: %q", got)
	}

	// A query that is as long loses tokens too.
	fill(t, p, long, long)
	rank(t, p, "1 document ranked")
	await(t, "that the query was cut", func() bool {
		return strings.Contains(text(t, p, "results"), "The query is so long that it lost some of them, too")
	})

	// Blank lines between documents, another model, and no instruction where no model takes one.
	fill(t, p, "what is paris", "a fish\nit swims\n \nparis is a city")
	if err := p.Click("input[value=blank]"); err != nil {
		t.Fatal(err)
	}
	if got := text(t, p, "document-count"); got != "2 documents" {
		t.Errorf("with blank lines the form counts %q", got)
	}
	if _, err := browser.Eval[bool](p, `(() => { const m = document.getElementById("model"); m.value = m.options[1].value; m.dispatchEvent(new Event("change", {bubbles: true})); return true })()`); err != nil {
		t.Fatal(err)
	}
	rank(t, p, "2 documents ranked")
	if got := text(t, p, "results"); !strings.Contains(got, "it swims") {
		t.Errorf("ranked: %q", got)
	}
	if hidden, err := browser.Eval[bool](p, `document.getElementById("try-instruction").hidden && !document.getElementById("try-model").hidden`); !hidden || err != nil {
		t.Errorf("the fields are not those of two models without instructions: %v", err)
	}
	// Of the load, which has no key, none is answered: all that is counted is what the form sent.
	await(t, "the requests to be counted", func() bool { return text(t, p, "pairs-note") == "3 requests" && count(text(t, p, "pairs")) == 5 })

	// Refusals are in words. The browser notes their status, and complains of nothing else.
	fill(t, p, "what is paris", strings.Repeat("x\n\n", 1001))
	rank(t, p, "too much at once: ")
	atLogin := func(problem string) bool { return strings.Contains(problem, "any:first@") }
	if problems := slices.DeleteFunc(p.Problems(), atLogin); len(problems) != 1 || !strings.Contains(problems[0], "413") {
		t.Errorf("the browser complains: %q", problems)
	}

	// Another key is needed now. The page asks for it, and keeps it in no storage.
	fill(t, p, "what is paris", "a fish")
	if err := accept(keys, "second"); err != nil {
		t.Fatal(err)
	}
	await(t, "the page to ask for a key", func() bool {
		return p.Click("#rank") == nil && text(t, p, "try-status") == "The server needs an API key. Enter it, and rank again."
	})
	set(t, p, "key", "wrong")
	rank(t, p, "The server does not know this API key")
	set(t, p, "key", "second")
	rank(t, p, "1 document ranked")
	fill(t, p, "what is paris", "paris is a city\n\n"+long)
	rank(t, p, "2 documents ranked")
	await(t, "what was cut off, with the key", func() bool { return strings.Contains(text(t, p, "results"), "did not read: it swims") })
	kept, err := browser.Eval[string](p, `JSON.stringify([{...localStorage}, {...sessionStorage}, document.cookie])`)
	if err != nil || kept != `[{},{},""]` {
		t.Errorf("the page keeps %s, %v", kept, err)
	}

	if keep := os.Getenv("SCREENSHOTS"); keep != "" {
		_, moved := browser.Eval[bool](p, `(document.getElementById("playground").scrollIntoView(), true)`)
		png, err := p.Picture(false)
		if err := errors.Join(moved, err, os.WriteFile(filepath.Join(keep, "playground.png"), png, 0o666)); err != nil {
			t.Fatal(err)
		}
	}
	if wide, err := browser.Eval[int](p, "document.documentElement.scrollWidth - innerWidth"); err != nil || wide > 0 {
		t.Errorf("the page is %d pixels wider than its window: %v", wide, err)
	}
	for _, address := range p.Requests() {
		if u, err := url.Parse(address); err != nil || u.Host != s.addr {
			t.Errorf("the page asked for %s", address)
		}
	}
}

// accept writes a file of keys with one key.
func accept(file, key string) error {
	return os.WriteFile(file, fmt.Appendf(nil, "sha256:%x\n", sha256.Sum256([]byte(key))), 0o666)
}

func fill(t *testing.T, p *browser.Page, query, documents string) {
	t.Helper()
	set(t, p, "query", query)
	set(t, p, "documents", documents)
}

// set gives a field a value as if it were typed in place of the one that it has.
func set(t *testing.T, p *browser.Page, id, value string) {
	t.Helper()
	js := fmt.Sprintf(`(() => { const f = document.getElementById(%q); f.value = %q; return f.dispatchEvent(new Event("input", {bubbles: true})) })()`, id, value)
	if _, err := browser.Eval[bool](p, js); err != nil {
		t.Fatal(err)
	}
}

// rank submits the form and waits until it says something.
func rank(t *testing.T, p *browser.Page, says string) {
	t.Helper()
	if err := p.Click("#rank"); err != nil {
		t.Fatal(err)
	}
	await(t, "the form to say "+says, func() bool { return strings.Contains(text(t, p, "try-status"), says) })
}

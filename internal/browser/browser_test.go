package browser

import (
	"bytes"
	"errors"
	"image/png"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
)

const document = `<!doctype html><title>a page</title><meta name="color-scheme" content="light dark">
<input id="field"><button onclick="document.title = 'pressed ' + document.querySelector('#field').value">press</button>
<script>console.error("a complaint"); fetch("/missing"); setTimeout(() => { throw new Error("a fault") })</script>`

func TestPage(t *testing.T) {
	if _, err := Find(); errors.Is(err, ErrNone) {
		t.Skip(err)
	}
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path != "/" {
			http.NotFound(w, r)
			return
		}
		w.Header().Set("Content-Type", "text/html")
		w.Write([]byte(document))
	}))
	defer server.Close()
	p, err := Open(t.Context(), Options{Width: 320, Height: 200, Scale: 2, Dark: true})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	if err := errors.Join(p.Visit(server.URL), p.Type("#field", "twice"), p.Click("button")); err != nil {
		t.Fatal(err)
	}
	if title, err := Eval[string](p, "document.title"); title != "pressed twice" || err != nil {
		t.Errorf("got title %q, %v", title, err)
	}
	if dark, err := Eval[bool](p, "fetch('/').then(() => matchMedia('(prefers-color-scheme: dark)').matches)"); !dark || err != nil {
		t.Errorf("the page was not asked for dark colours: %v", err)
	}
	all := strings.Join(p.Problems(), "\n")
	for _, want := range []string{"a complaint", "a fault", "404"} {
		if !strings.Contains(all, want) {
			t.Errorf("no problem mentions %q:\n%s", want, all)
		}
	}
	if !strings.Contains(strings.Join(p.Requests(), " "), server.URL+"/missing") {
		t.Errorf("got requests %v, want one for /missing", p.Requests())
	}
	b, err := p.Picture(false)
	if err != nil {
		t.Fatal(err)
	}
	if img, err := png.Decode(bytes.NewReader(b)); err != nil || img.Bounds().Dx() != 640 || img.Bounds().Dy() != 400 {
		t.Errorf("the picture is no PNG of 640 × 400: %v", err)
	}
}

// The options reach the page: a phone's width, light colours, and a picture of all that is below
// the window.
func TestOptions(t *testing.T) {
	if _, err := Find(); errors.Is(err, ErrNone) {
		t.Skip(err)
	}
	p, err := Open(t.Context(), Options{Width: 390, Height: 300, Phone: true})
	if err != nil {
		t.Fatal(err)
	}
	defer p.Close()
	page := `data:text/html,<meta name=viewport content="width=device-width"><div style="height:900px"></div>`
	if err := p.Visit(page); err != nil {
		t.Fatal(err)
	}
	if width, err := Eval[int](p, "innerWidth"); width != 390 || err != nil {
		t.Errorf("the window is %d wide, %v", width, err)
	}
	if dark, err := Eval[bool](p, "matchMedia('(prefers-color-scheme: dark)').matches"); dark || err != nil {
		t.Errorf("the page was asked for dark colours: %v", err)
	}
	for whole, least := range map[bool]int{false: 300, true: 900} {
		b, err := p.Picture(whole)
		if err != nil {
			t.Fatal(err)
		}
		if img, err := png.Decode(bytes.NewReader(b)); err != nil || img.Bounds().Dy() < least || !whole && img.Bounds().Dy() > least {
			t.Errorf("whole %t: the picture is %v, %v", whole, img.Bounds(), err)
		}
	}
	if problems := p.Problems(); len(problems) > 0 {
		t.Errorf("a page without faults has the problems %q", problems)
	}
	p.Close() // a second time changes nothing
	if err := p.Visit(page); err == nil {
		t.Error("a browser that was closed opens a page")
	}
}

func TestNoBrowser(t *testing.T) {
	t.Setenv("PATH", t.TempDir())
	if path, err := Find(); !errors.Is(err, ErrNone) || !strings.Contains(err.Error(), "install") {
		t.Errorf("found %q, %v", path, err)
	}
	if _, err := Open(t.Context(), Options{}); !errors.Is(err, ErrNone) {
		t.Errorf("opened without a browser: %v", err)
	}
}

package report

import (
	"errors"
	"os"
	"path/filepath"
	"testing"

	"github.com/crossrank/crossrank/internal/browser"
	"github.com/crossrank/crossrank/internal/resultstest"
	"github.com/crossrank/crossrank/internal/summary"
)

// A browser shows the page without a complaint, draws its charts, and asks for nothing but the
// page, in light and dark.
func TestPageInABrowser(t *testing.T) {
	if _, err := browser.Find(); errors.Is(err, browser.ErrNone) {
		t.Skip(err)
	}
	res := resultstest.OpenLoop()
	html, err := HTML(summary.Of(res), chartsOf(res))
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "report.html")
	if err := os.WriteFile(file, html, 0o666); err != nil {
		t.Fatal(err)
	}
	for _, dark := range []bool{false, true} {
		p, err := browser.Open(t.Context(), browser.Options{Width: 1200, Height: 900, Dark: dark})
		if err != nil {
			t.Fatal(err)
		}
		defer p.Close()
		if err := p.Visit("file://" + file); err != nil {
			t.Fatal(err)
		}
		if problems := p.Problems(); len(problems) > 0 {
			t.Errorf("dark %t: the browser complains: %q", dark, problems)
		}
		for _, url := range p.Requests() {
			if url != "file://"+file && url != "data:," {
				t.Errorf("dark %t: the page asks for %s", dark, url)
			}
		}
		if n, err := browser.Eval[int](p, "document.querySelectorAll('svg').length"); err != nil || n != len(chartsOf(res)) {
			t.Errorf("dark %t: %d charts are shown and %v, want %d", dark, n, err, len(chartsOf(res)))
		}
		if to := os.Getenv("CROSSRANK_PICTURES"); to != "" {
			picture, err := p.Picture(true)
			if err != nil {
				t.Fatal(err)
			}
			name := map[bool]string{false: "report_light.png", true: "report_dark.png"}[dark]
			if err := os.WriteFile(filepath.Join(to, name), picture, 0o666); err != nil {
				t.Fatal(err)
			}
		}
	}
}

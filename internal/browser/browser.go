// Package browser drives a Chromium of this machine, for tests and tools that look at pages.
//
// A [Page] reports what it shows, its errors and warnings, and the addresses that it asked for; it
// can be used and captured. The browser runs without a window, with a new profile that
// is removed afterwards.
package browser

import (
	"context"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"sync"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
)

// ErrNone says that this machine has no Chromium.
var ErrNone = errors.New("no Chromium was found; install chromium, or chromium-headless-shell")

// names are what a Chromium may be called.
var names = []string{"chromium", "chromium-browser", "chromium-headless-shell", "google-chrome", "google-chrome-stable"}

// Find gives the path of a Chromium, or ErrNone.
func Find() (string, error) {
	for _, name := range names {
		if path, err := exec.LookPath(name); err == nil {
			return path, nil
		}
	}
	return "", ErrNone
}

// startWithin ends the wait for a browser that does not start; a busy machine takes a while.
const startWithin = 5 * time.Minute

// Options say how a page is looked at. The zero value works.
type Options struct {
	Width, Height int  // of the window in CSS pixels; 0 means 1280 × 800
	Scale         int  // device pixels for each of them; 0 means 1
	Dark          bool // ask the page for dark colours
	Phone         bool // say that the device is a phone
}

// Page is a page in its own browser. It is used by one goroutine at a time.
type Page struct {
	ctx   context.Context
	close []func()

	mu       sync.Mutex // guards what follows, which the browser's events fill
	problems []string
	requests []string
}

// Open starts a browser. It lasts until ctx ends or the Page is closed.
func Open(ctx context.Context, opts Options) (*Page, error) {
	path, err := Find()
	if err != nil {
		return nil, err
	}
	profile, err := os.MkdirTemp("", "crossrank-browser-")
	if err != nil {
		return nil, fmt.Errorf("making a profile for the browser: %w", err)
	}
	p := &Page{close: []func(){func() { _ = os.RemoveAll(profile) }}} // what is left of it is in the system's temporary folder
	allocator, stop := chromedp.NewExecAllocator(ctx, append(chromedp.DefaultExecAllocatorOptions[:],
		chromedp.ExecPath(path), chromedp.UserDataDir(profile),
		chromedp.NoSandbox, // which the superuser, as in a container, cannot have
		chromedp.DisableGPU,
		chromedp.Flag("disable-component-update", true), chromedp.Flag("hide-scrollbars", true),
		chromedp.WSURLReadTimeout(startWithin))...)
	p.close = append(p.close, stop)
	p.ctx, stop = chromedp.NewContext(allocator)
	p.close = append(p.close, stop)
	if err := p.setup(opts); err != nil {
		p.Close()
		return nil, fmt.Errorf("starting %s: %w", path, err)
	}
	return p, nil
}

func (p *Page) setup(opts Options) error {
	if err := chromedp.Listen(p.ctx, p.record); err != nil {
		return err
	}
	if opts.Width == 0 || opts.Height == 0 {
		opts.Width, opts.Height = 1280, 800
	}
	scheme := "light"
	if opts.Dark {
		scheme = "dark"
	}
	_, err := chromedp.Call(p.ctx, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: int64(opts.Width), Height: int64(opts.Height), DeviceScaleFactor: float64(max(1, opts.Scale)), Mobile: opts.Phone,
	})
	_, mediaErr := chromedp.Call(p.ctx, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{
		Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}},
	})
	_, netErr := chromedp.Call(p.ctx, network.Enable, network.EnableParams{})
	_, logErr := chromedp.Call(p.ctx, log.Enable, cdp.Empty{})
	return errors.Join(err, mediaErr, netErr, logErr)
}

// record notes an event of the browser.
func (p *Page) record(event any) {
	p.mu.Lock()
	defer p.mu.Unlock()
	switch e := event.(type) {
	case *runtime.EventConsoleAPICalled:
		if e.Type == runtime.ConsoleAPICalledTypeError || e.Type == runtime.ConsoleAPICalledTypeWarning {
			for _, arg := range e.Args {
				p.problems = append(p.problems, "console: "+string(arg.Value)+arg.Description)
			}
		}
	case *runtime.EventExceptionThrown:
		p.problems = append(p.problems, "exception: "+explain(e.ExceptionDetails))
	case *log.EventEntryAdded:
		if e.Entry.Level == log.EntryLevelError || e.Entry.Level == log.EntryLevelWarning {
			p.problems = append(p.problems, fmt.Sprintf("log: %s %s", e.Entry.Text, e.Entry.URL))
		}
	case *network.EventRequestWillBeSent:
		p.requests = append(p.requests, e.Request.URL)
	}
}

// Close ends the browser.
func (p *Page) Close() {
	for i := len(p.close) - 1; i >= 0; i-- {
		p.close[i]()
	}
	p.close = nil
}

// Visit opens an address and waits until it is loaded.
func (p *Page) Visit(url string) error { return chromedp.Do(p.ctx, chromedp.Navigate(url)) }

// Eval computes an expression in the page and gives its value; a promise is waited for.
func Eval[T any](p *Page, expression string) (T, error) {
	return chromedp.Run(p.ctx, chromedp.Evaluate[T](expression, chromedp.EvalAwaitPromise))
}

// Click presses the first element that a CSS selector finds.
func (p *Page) Click(selector string) error {
	return chromedp.Do(p.ctx, chromedp.Click(chromedp.CSS(selector)))
}

// Type replaces the text of a field by what is typed.
func (p *Page) Type(selector, text string) error {
	return chromedp.Do(p.ctx, chromedp.Clear(chromedp.CSS(selector)), chromedp.SendKeys(chromedp.CSS(selector), text))
}

// Picture is the page as PNG: all of it, or what is in the window.
func (p *Page) Picture(whole bool) ([]byte, error) {
	if whole {
		return chromedp.Run(p.ctx, chromedp.FullScreenshot(100)) // a quality of 100 means PNG
	}
	return chromedp.Run(p.ctx, chromedp.CaptureScreenshot())
}

// Problems are the errors and warnings of the page and of the browser so far.
func (p *Page) Problems() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.problems...)
}

// Requests are the addresses that the page has asked for so far.
func (p *Page) Requests() []string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return append([]string(nil), p.requests...)
}

func explain(d *runtime.ExceptionDetails) string {
	if d.Exception != nil && d.Exception.Description != "" {
		return d.Exception.Description
	}
	return d.Text
}

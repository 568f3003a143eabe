package main

import (
	"bytes"
	"errors"
	"image/png"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/browser"
	"github.com/crossrank/crossrank/internal/tinymodel"
)

func needBrowser(t *testing.T) {
	t.Helper()
	if testing.Short() {
		t.Skip("starts a browser")
	}
	if _, err := browser.Find(); err != nil {
		t.Skip(err)
	}
}

// size decodes a PNG.
func size(t *testing.T, data []byte) (width, height int) {
	t.Helper()
	img, err := png.Decode(bytes.NewReader(data))
	if err != nil {
		t.Fatal(err)
	}
	return img.Bounds().Dx(), img.Bounds().Dy()
}

// The picture of a live page is taken once it is connected and has drawn something.
func TestLivePage(t *testing.T) {
	needBrowser(t)
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html")
		w.Write([]byte(`<!doctype html><div id="state" data-state="connecting"></div><svg id="grid"><path id="p"/></svg><div id="tall"></div>
			<script>
				setTimeout(() => { document.getElementById("state").dataset.state = "connected" }, 150)
				setTimeout(() => {
					document.getElementById("p").setAttribute("d", "M0 0")
					document.getElementById("tall").style.height = "2000px"
				}, 300)
			</script>`))
	}))
	defer server.Close()
	var stdout, stderr bytes.Buffer
	if err := run(t.Context(), []string{"-o", "-", "-width", "400", server.URL}, &stdout, &stderr); err != nil {
		t.Fatal(err)
	}
	if width, height := size(t, stdout.Bytes()); width != 400 || height < 2000 {
		t.Errorf("the picture is of %d × %d pixels, want 400 of the page that is drawn in the end", width, height)
	}
}

func TestFile(t *testing.T) {
	needBrowser(t)
	dir := t.TempDir()
	page, picture := filepath.Join(dir, "report.html"), filepath.Join(dir, "report.png")
	if err := os.WriteFile(page, []byte("<!doctype html><p>a report"), 0o666); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	if err := run(t.Context(), []string{"-o", picture, page}, &stdout, &stderr); err != nil {
		t.Fatal(err)
	}
	data, err := os.ReadFile(picture)
	if err != nil {
		t.Fatal(err)
	}
	if width, height := size(t, data); width != 1280 || height != 900 || stdout.Len() > 0 {
		t.Errorf("the picture is of %d × %d pixels", width, height)
	}
}

// A real server's page, at the end of an experiment.
func TestExperiment(t *testing.T) {
	needBrowser(t)
	dir := t.TempDir()
	program := filepath.Join(dir, "crossrank")
	if out, err := exec.Command("go", "build", "-o", program, "../../../cmd/crossrank").CombinedOutput(); err != nil {
		t.Fatalf("%v: %s", err, out)
	}
	model, file := filepath.Join(dir, "model"), filepath.Join(dir, "watched.yaml")
	text := "name: watched\nmodel: " + model + "\nexperiment: {batch_sizes: [2], concurrency_levels: [1], benchmark_requests: 20, warmup: 1}\n"
	if err := errors.Join(tinymodel.Write(model), os.WriteFile(file, []byte(text), 0o666)); err != nil {
		t.Fatal(err)
	}
	var stdout, stderr bytes.Buffer
	if err := run(t.Context(), []string{"-o", "-", "-experiment", file, "-program", program}, &stdout, &stderr); err != nil {
		t.Fatalf("%v: %s", err, &stderr)
	}
	if width, height := size(t, stdout.Bytes()); width != 1280 || height < 900 || !strings.HasPrefix(stderr.String(), "live page: http://127.0.0.1:") {
		t.Errorf("the picture is of %d × %d pixels; said %q", width, height, &stderr)
	}
}

func TestWrongUse(t *testing.T) {
	for _, c := range []struct {
		what string
		args []string
		want string
	}{
		{"no page", nil, "name one page"},
		{"two pages", []string{"a", "b"}, "name one page"},
		{"a page and an experiment", []string{"-experiment", "x", "a"}, "name one page"},
		{"an unknown flag", []string{"-colour"}, "colour"},
	} {
		var stdout, stderr bytes.Buffer
		if err := run(t.Context(), c.args, &stdout, &stderr); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error with %q", c.what, err, c.want)
		}
	}
	if _, err := browser.Find(); err != nil {
		return
	}
	var stdout, stderr bytes.Buffer
	if err := run(t.Context(), []string{"-experiment", filepath.Join(t.TempDir(), "none.yaml")}, &stdout, &stderr); err == nil {
		t.Error("an experiment that is not there is no error")
	}
}

func TestAddress(t *testing.T) {
	wd, err := os.Getwd()
	if err != nil {
		t.Fatal(err)
	}
	for page, want := range map[string]string{
		"http://127.0.0.1:8080/": "http://127.0.0.1:8080/",
		"report.html":            "file://" + filepath.ToSlash(filepath.Join(wd, "report.html")),
	} {
		if got := address(page); got != want {
			t.Errorf("of %s it is %s, want %s", page, got, want)
		}
	}
}

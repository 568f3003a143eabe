package main

import (
	"bytes"
	"flag"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write the output of the commands in docs/models.md into it")

const modelsPage = "../../docs/models.md"

// TestModelsPage runs every command of docs/models.md, one after another, against a hub on
// loopback, and compares what it prints with the page.
func TestModelsPage(t *testing.T) {
	if _, err := exec.LookPath("sh"); err != nil {
		t.Skip("the page is for a shell")
	}
	page, err := os.ReadFile(modelsPage)
	if err != nil {
		t.Fatal(err)
	}
	var got string
	testscript.Run(t, testscript.Params{
		Files: []string{writeScript(t, "tinymodel model\nfakehub example/tiny-reranker model\nsessions\n")},
		Cmds: map[string]func(*testscript.TestScript, bool, []string){
			"tinymodel": tinyModel,
			"fakehub":   fakeHub,
			"sessions":  func(ts *testscript.TestScript, _ bool, _ []string) { got = runSessions(ts, string(page)) },
		},
		Setup: func(env *testscript.Env) error {
			env.Values[hubKey{}] = new(scriptHub)
			return nil
		},
	})
	t.Cleanup(func() { // the script runs after this function, in parallel with others
		switch {
		case *update:
			if err := os.WriteFile(modelsPage, []byte(got), 0o666); err != nil {
				t.Error(err)
			}
		case rounded(got) != rounded(string(page)):
			t.Errorf("docs/models.md does not show what its commands print; go test ./cmd/crossrank -run ModelsPage -update writes it:\n%s", got)
		}
	})
}

func writeScript(t *testing.T, text string) string {
	t.Helper()
	name := t.TempDir() + "/models_page.txtar"
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return name
}

// rounded cuts scores to three decimals and leaves out hashes: the last bits differ between
// processors.
func rounded(text string) string {
	text = regexp.MustCompile(`(0\.\d{3})\d+`).ReplaceAllString(text, "$1")
	return regexp.MustCompile(`\b[0-9a-f]{12,}\b`).ReplaceAllString(text, "HASH")
}

// runSessions gives a page in which each command of its console blocks is followed by what it
// prints now.
func runSessions(ts *testscript.TestScript, page string) string {
	var out strings.Builder
	console := false
	for line := range strings.Lines(page) {
		switch {
		case strings.HasPrefix(line, "```"):
			console = strings.HasPrefix(line, "```console")
			out.WriteString(line)
		case !console:
			out.WriteString(line)
		case strings.HasPrefix(line, "$ "):
			out.WriteString(line + runSession(ts, strings.TrimPrefix(line, "$ ")))
		}
	}
	return out.String()
}

// runSession runs a command as a new user would, and returns what a terminal shows.
func runSession(ts *testscript.TestScript, line string) string {
	home := ts.MkAbs("home")
	cmd := exec.Command("sh", "-c", line)
	var terminal bytes.Buffer
	cmd.Stdout, cmd.Stderr, cmd.Dir = &terminal, &terminal, ts.MkAbs(".")
	cmd.Env = []string{
		"PATH=" + ts.Getenv("PATH"), "HOME=" + home, "HF_ENDPOINT=" + ts.Getenv("HF_ENDPOINT"), "HF_HUB_DISABLE_PROGRESS_BARS=1",
	}
	ts.Check(cmd.Start())
	stuck := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer stuck.Stop()
	_ = cmd.Wait() // some are there to fail
	return strings.ReplaceAll(terminal.String(), home, "/home/you")
}

package main

import (
	"bufio"
	"flag"
	"fmt"
	"io"
	"net"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/rogpeppe/go-internal/testscript"
)

var update = flag.Bool("update", false, "write the output of the commands in the pages into them")

// pages are the pages of docs whose console blocks are run, with what their shell finds at its
// start, in the language of scripts.
var pages = []struct{ file, setup string }{
	{"models.md", "tinymodel model\nfakehub example/tiny-reranker model\n"},
	{"quickstart.md", "tinymodel model\nfakehub cross-encoder/ms-marco-MiniLM-L6-v2 model\nrm model\n"},
}

// TestPages runs every command of each page, one after another in one shell, against a hub on
// loopback, and compares what it prints with the page.
func TestPages(t *testing.T) {
	for _, program := range []string{"sh", "curl"} {
		if _, err := exec.LookPath(program); err != nil {
			t.Skipf("the pages are for a shell with curl: %v", err)
		}
	}
	for _, p := range pages {
		t.Run(p.file, func(t *testing.T) { testPage(t, "../../docs/"+p.file, p.setup) })
	}
}

func testPage(t *testing.T, file, setup string) {
	page, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	var got string
	testscript.Run(t, testscript.Params{
		Files: []string{writeScript(t, setup+"sessions\n")},
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
			if err := os.WriteFile(file, []byte(got), 0o666); err != nil {
				t.Error(err)
			}
		case steady(got) != steady(string(page)):
			t.Errorf("%s does not show what its commands print; go test ./cmd/crossrank -run Pages -update writes it:\n%s", file, got)
		}
	})
}

func writeScript(t *testing.T, text string) string {
	t.Helper()
	name := t.TempDir() + "/page.txtar"
	if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
		t.Fatal(err)
	}
	return name
}

// steady cuts scores to three decimals, and leaves out hashes and speeds: they differ between
// processors and runs.
func steady(text string) string {
	text = regexp.MustCompile(`(0\.\d{3})\d+`).ReplaceAllString(text, "$1")
	text = regexp.MustCompile(`\b[0-9a-f]{12,}\b`).ReplaceAllString(text, "HASH")
	return regexp.MustCompile(`[0-9.]+ (pairs|tokens)/s`).ReplaceAllString(text, "N $1/s")
}

// runSessions gives a page in which each command of its console blocks is followed by what it
// prints now.
func runSessions(ts *testscript.TestScript, page string) string {
	sh := startShell(ts)
	defer sh.stop()
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
			out.WriteString(line + sh.run(strings.TrimSpace(strings.TrimPrefix(line, "$ "))))
		}
	}
	return out.String()
}

// shell is a new user's shell. The servers that it starts listen on free ports, which the user
// sees as the default ones.
type shell struct {
	ts      *testscript.TestScript
	cmd     *exec.Cmd
	in      io.WriteCloser
	out     *bufio.Reader
	ports   *strings.Replacer // from the page's to the free ones
	show    *strings.Replacer // from what is printed to what the user would see
	n       int
	timeout *time.Timer
}

func startShell(ts *testscript.TestScript) *shell {
	http, grpc, home := freePort(ts), freePort(ts), ts.MkAbs("home")
	s := &shell{
		ts: ts, cmd: exec.Command("sh"),
		ports: strings.NewReplacer("127.0.0.1:8080", http, "127.0.0.1:50051", grpc),
		show:  strings.NewReplacer(http, "127.0.0.1:8080", grpc, "127.0.0.1:50051", home, "/home/you"),
	}
	ts.Check(os.MkdirAll(home, 0o777))
	s.cmd.Dir = ts.MkAbs(".")
	s.cmd.Env = []string{
		"PATH=" + ts.Getenv("PATH"), "HOME=" + home,
		"HF_ENDPOINT=" + ts.Getenv("HF_ENDPOINT"), "HF_HUB_DISABLE_PROGRESS_BARS=1",
		"CROSSRANK_SERVER_HTTP_ADDR=" + http, "CROSSRANK_SERVER_GRPC_ADDR=" + grpc,
	}
	var err error
	s.in, err = s.cmd.StdinPipe()
	ts.Check(err)
	out, err := s.cmd.StdoutPipe()
	ts.Check(err)
	s.cmd.Stderr = s.cmd.Stdout
	s.out = bufio.NewReader(out)
	ts.Check(s.cmd.Start())
	s.timeout = time.AfterFunc(patience, func() { s.cmd.Process.Kill() })
	return s
}

// run runs a command and returns what a terminal shows. A line of the output's own marks its end.
func (s *shell) run(line string) string {
	s.n++
	end := fmt.Sprintf("end of command %d", s.n)
	_, err := fmt.Fprintf(s.in, "%s\necho %s\n", s.ports.Replace(line), end)
	s.ts.Check(err)
	var shown strings.Builder
	for {
		text, err := s.out.ReadString('\n')
		if before, ok := strings.CutSuffix(text, end+"\n"); ok {
			shown.WriteString(before)
			break
		}
		if err != nil {
			s.ts.Fatalf("%s: the shell ended: %v\n%s", line, err, text)
		}
		shown.WriteString(text)
	}
	text := s.show.Replace(shown.String())
	if text != "" && !strings.HasSuffix(text, "\n") { // as curl prints a reply
		text += "\n"
	}
	return text
}

func (s *shell) stop() {
	s.in.Close()
	_ = s.cmd.Wait() // the last command may be there to fail
	s.timeout.Stop()
}

func freePort(ts *testscript.TestScript) string {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	defer l.Close()
	return l.Addr().String()
}

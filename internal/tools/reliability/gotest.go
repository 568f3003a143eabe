package main

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io/fs"
	"os"
	"os/exec"
	"path"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/crossrank/crossrank/internal/stats"
)

// tested is the outcome of `go test`.
type tested struct {
	passed, failed []string // by their names; those of tests inside tests too
	slowest        time.Duration
	numbers        map[string]int // the first number of the line that a test logged last, by its name
	took           time.Duration
	last           string // of the output, where something failed
}

// testEvent is a line of `go test -json`.
type testEvent struct {
	Action, Test, Output string
	Elapsed              float64
}

// logged is a line that a test logs, such as "    cases_test.go:255: 213 cases".
var logged = regexp.MustCompile(`_test\.go:\d+: (\d+) `)

// goTest runs tests of a package.
func (h *harness) goTest(ctx context.Context, pkg, pattern string, more ...string) (tested, error) {
	args := append([]string{"test", "-json", "-count", strconv.Itoa(h.repeat), "-timeout", "30m", "-run", pattern, pkg}, more...)
	began := time.Now()
	cmd := goCommand(ctx, args...)
	var complaints bytes.Buffer
	cmd.Stderr = &complaints
	out, failure := cmd.Output()
	t := readTests(out)
	t.took = time.Since(began)
	if len(t.passed)+len(t.failed) == 0 {
		return t, fmt.Errorf("go test -run %s %s: no test was run: %v %s", pattern, pkg, failure, complaints.String())
	}
	if failure != nil && len(t.failed) == 0 && ctx.Err() == nil {
		return t, fmt.Errorf("go test -run %s %s: %w: %s", pattern, pkg, failure, t.last)
	}
	return t, nil
}

// goCommand is the go tool, which is interrupted when ctx ends.
func goCommand(ctx context.Context, args ...string) *exec.Cmd {
	cmd := exec.CommandContext(ctx, "go", args...)
	cmd.Cancel = func() error { return cmd.Process.Signal(os.Interrupt) }
	cmd.WaitDelay = 10 * time.Second
	return cmd
}

func readTests(out []byte) tested {
	t := tested{numbers: map[string]int{}}
	lines := bufio.NewScanner(bytes.NewReader(out))
	lines.Buffer(nil, 1<<24)
	for lines.Scan() {
		var e testEvent
		if json.Unmarshal(lines.Bytes(), &e) != nil {
			continue // what the compiler says is not JSON
		}
		switch {
		case e.Action == "output":
			t.last = (t.last + e.Output)[max(0, len(t.last)+len(e.Output)-500):]
			if m := logged.FindStringSubmatch(e.Output); m != nil {
				t.numbers[e.Test], _ = strconv.Atoi(m[1])
			}
		case e.Test == "":
		case e.Action == "pass":
			t.passed = append(t.passed, e.Test)
			if strings.Contains(e.Test, "/") {
				t.slowest = max(t.slowest, time.Duration(e.Elapsed*float64(time.Second)))
			}
		case e.Action == "fail":
			t.failed = append(t.failed, e.Test)
		}
	}
	return t
}

// fault says which tests failed, if any did.
func (t tested) fault() string {
	if len(t.failed) == 0 {
		return ""
	}
	return fmt.Sprintf("failed: %s", strings.Join(t.failed, ", "))
}

// simple are goals that a test holds by itself: no failure.
var simple = []struct{ goal, pkg, pattern string }{
	{"cancel-test", "./internal/batch", "^TestCancellationsLeaveNothingBehind$"},
	{"panics", "./internal/batch", "^TestThousandPanicsFailOnlyTheirOwners$|^TestFaults"},
	{"guard", "./internal/kernel", "^TestGuard"},
	{"abuse-test", "./internal/server", "^TestAbuse$"},
}

func tests(ctx context.Context, h *harness) error {
	for _, s := range simple {
		if ctx.Err() != nil {
			return nil
		}
		if err := h.plainTest(ctx, s.goal, s.pkg, s.pattern); err != nil {
			return err
		}
	}
	for _, c := range []struct{ goal, pkg, test string }{
		{"safetensors", "./internal/safetensors", "TestMalformed"},
		{"configs", "./internal/checkpoint", "TestHostileConfigs"},
	} {
		t, err := h.goTest(ctx, c.pkg, "^"+c.test+"$")
		if err != nil {
			return err
		}
		note := fmt.Sprintf("`go test -run %s %s`; memory < 16 MiB is held by it too", c.test, c.pkg)
		h.report(record{Goal: c.goal, Value: float64(t.numbers[c.test]), Fault: t.fault(), Note: note})
		h.report(record{Goal: c.goal + "-time", Value: stats.Milliseconds(t.slowest), Fault: t.fault(), Note: "the test's own time, which go test gives to 10 ms"})
	}
	const cases = "TestAPICases"
	t, err := h.goTest(ctx, "./internal/httpapi", "^"+cases+"$")
	if err != nil {
		return err
	}
	fewest, dialects := 0, 0
	for name, n := range t.numbers {
		if !strings.HasPrefix(name, cases+"/") || strings.Contains(name, "tokenize") { // which belongs to no rerank API
			continue
		}
		if dialects++; dialects == 1 || n < fewest {
			fewest = n
		}
	}
	h.report(record{Goal: "api", Value: float64(fewest), Fault: t.fault(), Note: fmt.Sprintf("%d dialects, `go test -run %s ./internal/httpapi`", dialects, cases)})
	return nil
}

// plainTest reports a goal that is no failure.
func (h *harness) plainTest(ctx context.Context, goal, pkg, pattern string, more ...string) error {
	t, err := h.goTest(ctx, pkg, pattern, more...)
	if err != nil {
		return err
	}
	command := strings.Join(append([]string{"go test -run", strings.NewReplacer("^", "", "$", "").Replace(pattern), pkg}, more...), " ")
	h.report(record{
		Goal: goal, Value: float64(len(t.failed)), Fault: t.fault(),
		Note: fmt.Sprintf("`%s`, %d times: %d passed in %.0f s", strings.ReplaceAll(command, "|", " and "), h.repeat, len(t.passed), t.took.Seconds()),
	})
	return nil
}

func million(ctx context.Context, h *harness) error {
	one := *h
	one.repeat = 1
	err := one.plainTest(ctx, "million", "./internal/server", "^TestAccounting$", "-args", "-long")
	h.records = one.records
	return err
}

// target is a fuzz target.
type target struct{ pkg, name string }

var fuzzFunc = regexp.MustCompile(`(?m)^func (Fuzz\w+)\(`)

// targets finds the fuzz targets of the module in the working directory.
func targets() (list []target, err error) {
	err = filepath.WalkDir(".", func(name string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && name != "." && (strings.HasPrefix(d.Name(), ".") || strings.HasPrefix(d.Name(), "_") || d.Name() == "testdata"):
			return fs.SkipDir
		case d.IsDir() && name != "." && isModule(name):
			return fs.SkipDir
		case d.IsDir() || !strings.HasSuffix(name, "_test.go"):
			return nil
		}
		text, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		for _, m := range fuzzFunc.FindAllSubmatch(text, -1) {
			list = append(list, target{"./" + path.Dir(filepath.ToSlash(name)), string(m[1])})
		}
		return nil
	})
	return list, err
}

func isModule(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "go.mod"))
	return err == nil
}

// execs is how many inputs a fuzz target has tried.
var execs = regexp.MustCompile(`execs: (\d+)`)

// fuzzed is what became of a fuzz target.
type fuzzed struct {
	name   string
	inputs int // that were tried
	failed bool
}

// fuzz runs each fuzz target for a while.
func fuzz(ctx context.Context, h *harness) error {
	list, err := targets()
	if err != nil {
		return fmt.Errorf("looking for fuzz targets: %w", err)
	}
	var done []fuzzed
	for _, t := range list {
		out, failure := goCommand(ctx, "test", "-run", "^$", "-fuzz", "^"+t.name+"$", "-fuzztime", h.fuzztime.String(), t.pkg).CombinedOutput()
		if ctx.Err() != nil {
			break
		}
		f := fuzzed{name: path.Base(t.pkg) + "." + t.name, inputs: inputsOf(out), failed: failure != nil}
		if f.failed {
			h.say("   %s: %v: %.2000s", f.name, failure, out)
		}
		h.say("   %s: %d inputs", f.name, f.inputs)
		done = append(done, f)
	}
	h.report(fuzzRecord(done, len(list), h.fuzztime))
	return nil
}

// inputsOf reads from the output of a fuzz target how many inputs it tried.
func inputsOf(out []byte) int {
	all := execs.FindAllSubmatch(out, -1)
	if len(all) == 0 {
		return 0
	}
	n, _ := strconv.Atoi(string(all[len(all)-1][1]))
	return n
}

// fuzzRecord sums up the targets that were run, of so many.
func fuzzRecord(done []fuzzed, of int, each time.Duration) record {
	var failed, ran []string
	inputs := 0
	for _, f := range done {
		inputs += f.inputs
		ran = append(ran, fmt.Sprintf("%s %d", f.name, f.inputs))
		if f.failed {
			failed = append(failed, f.name)
		}
	}
	slices.Sort(ran)
	r := record{Goal: "fuzz", Value: float64(len(failed)), Note: fmt.Sprintf("%d targets of %d, %v each, %d inputs that they have tried: %s",
		len(ran), of, each, inputs, strings.Join(ran, ", "))}
	switch {
	case len(ran) == 0:
		r.Fault = "none was run"
	case len(failed) > 0:
		r.Fault = "failed: " + strings.Join(failed, ", ")
	}
	return r
}

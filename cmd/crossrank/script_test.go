package main

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/json"
	"errors"
	"io"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/crossrank/crossrank/internal/tinymodel"
)

// scriptCommands are what scripts can do besides the commands of testscript itself.
var scriptCommands = map[string]func(*testscript.TestScript, bool, []string){
	"tinymodel":   tinyModel,
	"tinyonnx":    tinyONNX,
	"tinydecoder": tinyDecoder,
	"truncate":    truncate,
	"longpair":    longPair,
	"listen":      listen,
	"exitcode":    exitCode,
	"firstline":   firstLine,
	"bestfirst":   bestFirst,
	"samescores":  sameScores,
	"sameranking": sameRanking,
	"stream":      stream,
	"closedpipe":  closedPipe,

	"server":      startServer,
	"stop-server": stopServer,
	"http":        request,

	"fakehub":     fakeHub,
	"hubrequests": hubRequests,
	"stalledpull": stalledPull,

	"expand":      expand,
	"samelogits":  sameLogits,
	"samefigures": sameFigures,
	"collection":  collection,
	"interrupted": interrupted,

	"concat": concat,
}

// tinyModel: tinymodel DIR writes a small model with random weights.
func tinyModel(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(tinymodel.Write(ts.MkAbs(args[0])))
}

// tinyONNX: tinyonnx DIR writes the same model with its weights in onnx/model.onnx alone.
func tinyONNX(ts *testscript.TestScript, _ bool, args []string) {
	ts.Check(tinymodel.WriteONNX(ts.MkAbs(args[0])))
}

// tinyDecoder: tinydecoder DIR ONNX writes a small language model, and the same with its weights in
// ONNX.
func tinyDecoder(ts *testscript.TestScript, _ bool, args []string) {
	internal := filepath.Join("..", "..", "internal") // beside the directory of this test
	ts.Check(tinymodel.WriteDecoder(ts.MkAbs(args[0]), internal))
	ts.Check(tinymodel.WriteDecoderONNX(ts.MkAbs(args[1]), internal))
}

// expand: expand FILE... puts the script's variables in the place of their names, such as $HTTP, in
// files.
func expand(ts *testscript.TestScript, _ bool, args []string) {
	for _, name := range args {
		text := os.Expand(ts.ReadFile(name), ts.Getenv)
		ts.Check(os.WriteFile(ts.MkAbs(name), []byte(text), 0o666))
	}
}

// concat: concat TO FROM... writes files one after the other.
func concat(ts *testscript.TestScript, _ bool, args []string) {
	var all strings.Builder
	for _, name := range args[1:] {
		all.WriteString(ts.ReadFile(name))
	}
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(all.String()), 0o666))
}

// truncate: truncate FILE N cuts a file to its first N bytes.
func truncate(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.ParseInt(args[1], 10, 64)
	ts.Check(err)
	ts.Check(os.Truncate(ts.MkAbs(args[0]), n))
}

// longPair: longpair FILE N writes a line with a pair whose passage has N bytes.
func longPair(ts *testscript.TestScript, _ bool, args []string) {
	n, err := strconv.Atoi(args[1])
	ts.Check(err)
	passage := strings.Repeat("paris is a city. ", n/17+1)[:n]
	line := `{"query": "what is paris", "passage": "` + passage + `"}` + "\n"
	ts.Check(os.WriteFile(ts.MkAbs(args[0]), []byte(line), 0o666))
}

// listen: listen VAR takes a free port for the rest of the script and sets VAR to its address.
func listen(ts *testscript.TestScript, _ bool, args []string) {
	l, err := net.Listen("tcp", "127.0.0.1:0")
	ts.Check(err)
	ts.Defer(func() { l.Close() })
	ts.Setenv(args[0], l.Addr().String())
}

// exitCode: exitcode N COMMAND... runs a command that must end with that code.
func exitCode(ts *testscript.TestScript, _ bool, args []string) {
	want, err := strconv.Atoi(args[0])
	ts.Check(err)
	got := 0
	if err := ts.Exec(args[1], args[2:]...); err != nil {
		failed, ok := errors.AsType[*exec.ExitError](err)
		if !ok {
			ts.Fatalf("running %q: %v", args[1:], err)
		}
		got = failed.ExitCode()
	}
	if got != want {
		ts.Fatalf("exit code %d, want %d", got, want)
	}
}

// firstLine: firstline FROM TO copies the first line of a file.
func firstLine(ts *testscript.TestScript, _ bool, args []string) {
	line, _, _ := strings.Cut(ts.ReadFile(args[0]), "\n")
	ts.Check(os.WriteFile(ts.MkAbs(args[1]), []byte(line+"\n"), 0o666))
}

// bestFirst: bestfirst FILE holds that the scores of its JSON lines do not rise.
func bestFirst(ts *testscript.TestScript, _ bool, args []string) {
	scores := readScores(ts, args[0])
	if !slices.IsSortedFunc(scores, func(a, b float64) int { return cmp.Compare(b, a) }) {
		ts.Fatalf("scores %v are not in order, best first", scores)
	}
}

// sameScores: samescores FILE holds that its JSON lines have one and the same score.
func sameScores(ts *testscript.TestScript, _ bool, args []string) {
	if scores := readScores(ts, args[0]); len(slices.Compact(scores)) != 1 {
		ts.Fatalf("scores %v are not all the same", scores)
	}
}

// sameRanking: sameranking FILE LINES holds that a JSON list and JSON lines have the same indexes
// and scores in the same order.
func sameRanking(ts *testscript.TestScript, _ bool, args []string) {
	type ranked struct {
		Index int
		Score float32
	}
	var list, lines []ranked
	ts.Check(json.Unmarshal([]byte(ts.ReadFile(args[0])), &list))
	for line := range strings.Lines(ts.ReadFile(args[1])) {
		var r ranked
		ts.Check(json.Unmarshal([]byte(line), &r))
		lines = append(lines, r)
	}
	if len(list) == 0 || !slices.Equal(list, lines) {
		ts.Fatalf("%s ranks %v, %s ranks %v", args[0], list, args[1], lines)
	}
}

func readScores(ts *testscript.TestScript, file string) []float64 {
	var scores []float64
	for line := range strings.Lines(ts.ReadFile(file)) {
		var fields struct{ Score float64 }
		ts.Check(json.Unmarshal([]byte(line), &fields))
		scores = append(scores, fields.Score)
	}
	return scores
}

// stream: stream ARG... runs crossrank, gives it a pair, and holds that the score comes while its
// input stays open.
func stream(ts *testscript.TestScript, _ bool, args []string) {
	cmd, stderr := command(ts, args)
	stdin, err := cmd.StdinPipe()
	ts.Check(err)
	stdout, err := cmd.StdoutPipe()
	ts.Check(err)
	ts.Check(cmd.Start())
	stuck := time.AfterFunc(patience, func() { cmd.Process.Kill() })
	defer stuck.Stop()

	answers := bufio.NewReader(stdout)
	for range 3 {
		_, err := io.WriteString(stdin, `{"query": "paris", "passage": "rome"}`+"\n")
		ts.Check(err)
		if _, err := answers.ReadString('\n'); err != nil {
			ts.Fatalf("no score comes after its pair: %v; standard error: %s", err, stderr)
		}
	}
	ts.Check(stdin.Close())
	ts.Check(cmd.Wait())
}

// closedPipe: closedpipe ARG... runs crossrank with a standard output that is not read, and checks
// that it ends well and says nothing.
func closedPipe(ts *testscript.TestScript, _ bool, args []string) {
	cmd, stderr := command(ts, args)
	r, w, err := os.Pipe()
	ts.Check(err)
	ts.Check(r.Close())
	cmd.Stdout = w
	err = cmd.Run()
	w.Close()
	if err != nil || stderr.Len() > 0 {
		ts.Fatalf("ended with %v and said %q", err, stderr)
	}
}

// command makes a run of crossrank in the script's folder that the script itself does not wait for.
func command(ts *testscript.TestScript, args []string) (*exec.Cmd, *bytes.Buffer) {
	cmd := exec.Command("crossrank", args...)
	stderr := new(bytes.Buffer)
	cmd.Dir, cmd.Stderr = ts.MkAbs("."), stderr
	return cmd, stderr
}

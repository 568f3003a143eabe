//go:build unix

package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"
)

// engine writes a program that replaces an engine's benchmark: it prints what it is to print and,
// where it is asked for scores, writes those.
func engine(t *testing.T, file, prints, scores string) {
	t.Helper()
	script := "#!/bin/sh\nfor last; do :; done\ncase \"$*\" in *--scores*) printf '" + scores + "' >\"$last\";; esac\n" + prints + "\n"
	if err := os.WriteFile(file, []byte(script), 0o755); err != nil {
		t.Fatal(err)
	}
}

// stage is a workshop whose engines are stand-ins, and the options of a short run.
func stage(t *testing.T, ours, peers, ourScores, peerScores string) (workshop, options) {
	t.Helper()
	dir := t.TempDir()
	t.Setenv("PATH", dir+string(os.PathListSeparator)+os.Getenv("PATH"))
	w := workshop{crossrank: filepath.Join(dir, "crossrank"), bench: "bench.mjs", model: "m", tokenizer: "t.json", pairs: filepath.Join(dir, "pairs.jsonl")}
	engine(t, w.crossrank, "echo '"+ours+"'", ourScores)
	engine(t, filepath.Join(dir, "node"), "echo '"+peers+"'", peerScores)
	pairs := strings.Repeat(`{"query":"q","passage":"p"}`+"\n", 4)
	if err := os.WriteFile(w.pairs, []byte(pairs), 0o666); err != nil {
		t.Fatal(err)
	}
	return w, options{rounds: 1, requests: 1, singles: 1, check: 4}
}

const (
	ours  = `{"pairs_per_s": 70.5, "latency_ms": {"p50": 9}, "pairs": 2, "tokens": 5, "version": "v1", "model": {"weights": "sha256:1", "tier": "avx2"}}`
	peers = `{"engine": "peer 1", "model": "m/model.onnx", "pairs": 2, "mean_tokens": 2.5, "pairs_per_s": 32, "latency_ms": {"p50": 20}, "node": "v20"}`
)

func TestTurn(t *testing.T) {
	w, o := stage(t, ours, peers, "", "")
	var about setup
	pair, err := turn(t.Context(), w, o, job{"fp32", 1, 1, "as-is"}, 3, &about)
	if err != nil {
		t.Fatal(err)
	}
	if pair[0].Engine != us || pair[0].PairsPerSecond != 70.5 || pair[0].MeanTokens != 2.5 || pair[1].P50 != 20 || pair[1].Round != 3 {
		t.Errorf("measured %+v", pair)
	}
	if about.Crossrank != "v1" || about.Peer != "peer 1" {
		t.Errorf("described %+v", about)
	}
}

// Engines that did other work do not compare.
func TestTurnOfOtherWork(t *testing.T) {
	for what, theirs := range map[string]string{
		"fewer pairs":  strings.Replace(peers, `"pairs": 2`, `"pairs": 1`, 1),
		"other tokens": strings.Replace(peers, `"mean_tokens": 2.5`, `"mean_tokens": 3`, 1),
	} {
		w, o := stage(t, ours, theirs, "", "")
		if _, err := turn(t.Context(), w, o, job{"fp32", 1, 32, "as-is"}, 1, new(setup)); err == nil || !strings.Contains(err.Error(), "did not do the same work") {
			t.Errorf("%s: %v", what, err)
		}
	}
}

func TestCompareLogits(t *testing.T) {
	w, o := stage(t, ours, peers, `1.5\n2\n3\n4\n`, `1.5\n2\n3\n4.0001\n`)
	q, err := compare(t.Context(), w, o, new(strings.Builder))
	if err != nil {
		t.Fatal(err)
	}
	if q.Pairs != 4 || q.FP32MaxAbs < 0.00009 || q.FP32MaxAbs > 0.00011 || q.Ours.Rank != 1 || q.Peers.MaxAbs != 0 {
		t.Errorf("got %+v", q)
	}
	w, o = stage(t, ours, peers, `1\n2\n3\n4\n`, `1\n2\n3\n5\n`)
	if _, err := compare(t.Context(), w, o, new(strings.Builder)); err == nil || !strings.Contains(err.Error(), "they do not compute the same") {
		t.Errorf("logits that are 1 apart: %v", err)
	}
}

func TestBrokenEngines(t *testing.T) {
	for what, c := range map[string]struct{ prints, scores, want string }{
		"it fails":          {`echo why >&2; exit 3`, "", "exit status 3: why"},
		"no JSON":           {`echo done`, "", "reading what"},
		"too few logits":    {`echo '` + ours + `'`, `1\n2\n`, "gave 2 logits for 4 pairs"},
		"no number":         {`echo '` + ours + `'`, `1\nx\n3\n4\n`, "reading the logits of crossrank"},
		"no file of logits": {`rm -f "$last"; echo '` + ours + `'`, "", "no such file"},
	} {
		w, _ := stage(t, ours, peers, "", "")
		engine(t, w.crossrank, c.prints, c.scores)
		if _, err := w.logits(t.Context(), us, "fp32", w.pairs, 4); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: %v, want an error with %q", what, err, c.want)
		}
	}
}

// An interrupt ends the engine that is running.
func TestInterrupt(t *testing.T) {
	w, o := stage(t, ours, peers, "", "")
	engine(t, w.crossrank, "exec sleep 600", "")
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := turn(ctx, w, o, job{"fp32", 1, 1, "as-is"}, 1, new(setup)); err == nil {
		t.Error("an interrupted run has a result")
	}
}

func TestCopiesAndMissingFiles(t *testing.T) {
	dir := t.TempDir()
	from, to := filepath.Join(dir, "from"), filepath.Join(dir, "to")
	if err := copyFile(to, from); err == nil || exists(from) {
		t.Error("a file that is not there was copied")
	}
	if err := os.WriteFile(from, []byte("text"), 0o666); err != nil {
		t.Fatal(err)
	}
	if err := copyFile(to, from); err != nil || !exists(to) {
		t.Errorf("it was not copied: %v", err)
	}
	if err := command(t.Context(), new(strings.Builder), dir, "false"); err == nil || !strings.Contains(err.Error(), "running false") {
		t.Errorf("a command that fails: %v", err)
	}
}

func TestPrepareNamesWhatIsMissing(t *testing.T) {
	dir := t.TempDir()
	bin := filepath.Join(dir, "bin")
	if err := os.MkdirAll(filepath.Join(dir, "node_modules"), 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.Mkdir(bin, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(bin, "go"), []byte("#!/bin/sh\n"), 0o755); err != nil {
		t.Fatal(err)
	}
	t.Setenv("PATH", bin)
	_, err := prepare(t.Context(), options{peer: dir, material: dir, model: dir, build: filepath.Join(dir, "build")}, new(strings.Builder))
	if err == nil || !strings.Contains(err.Error(), "tokenizer.json") {
		t.Errorf("got %v, want the first of the files that are missing", err)
	}
}

package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/rows"
	"github.com/crossrank/crossrank/internal/scorertest"
	"github.com/crossrank/crossrank/internal/storage"
)

// input writes n pairs as JSON lines, with an id and a blank line here and there.
func input(t *testing.T, n int) (path string) {
	t.Helper()
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{"id": "r%d", "query": "query %d", "passage": "passage %d"}`+"\n", i, i%7, i)
		if i%50 == 3 {
			b.WriteString("\n")
		}
	}
	path = filepath.Join(t.TempDir(), "pairs.jsonl")
	if err := os.WriteFile(path, []byte(b.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func spec(t *testing.T, inputs ...string) Spec {
	return Spec{
		Folder: filepath.Join(t.TempDir(), "out"), Inputs: inputs, Query: "query", Passage: "passage",
		Keep: []string{"id"}, Kind: rows.Kind{Format: rows.JSONL}, ShardRows: 100, RedeliverAfter: time.Minute,
		Model: Model{Name: "fake", Weights: "none", ScoreType: crossrank.Probability},
	}
}

func submit(t *testing.T, s Spec) *Job {
	t.Helper()
	j, err := Submit(t.Context(), s)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func worker(t *testing.T, j *Job, s crossrank.Scorer, index, count int) *Worker {
	t.Helper()
	source, err := j.Every(t.Context(), index, count)
	if err != nil {
		t.Fatal(err)
	}
	return &Worker{Job: j, Scorer: s, Source: source, Parallel: 2, Log: slog.New(slog.DiscardHandler)}
}

// output is all parts in their order.
func output(t *testing.T, j *Job) string {
	t.Helper()
	var b strings.Builder
	for shard := range j.Shards {
		text, err := os.ReadFile(filepath.Join(j.Folder(), j.Part(shard)))
		if err != nil {
			t.Fatal(err)
		}
		b.Write(text)
	}
	return b.String()
}

// expected is the output of a job by its definition.
func expected(t *testing.T, n int) string {
	t.Helper()
	var b strings.Builder
	for i := range n {
		score := crossrank.Sigmoid(scorertest.Logit(crossrank.Pair{Query: fmt.Sprintf("query %d", i%7), Passage: fmt.Sprintf("passage %d", i)}))
		text, err := json.Marshal(score)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, `{"index":%d,"score":%s,"id":"r%d"}`+"\n", i, text, i)
	}
	return b.String()
}

// TestWorkersTogether: any number of workers, one after the other or at once, writes what one
// writes.
func TestWorkersTogether(t *testing.T) {
	const n = 1234
	path := input(t, n)
	want := expected(t, n)
	for _, count := range []int{1, 2, 5, 20} {
		j := submit(t, spec(t, path))
		if len(j.Shards) != 13 || j.Rows != n {
			t.Fatalf("%d rows in %d shards, want %d in 13", j.Rows, len(j.Shards), n)
		}
		var all sync.WaitGroup
		for index := range count {
			w := worker(t, j, &scorertest.Fake{}, index, count)
			all.Go(func() {
				if err := w.Run(t.Context()); err != nil {
					t.Error(err)
				}
			})
		}
		all.Wait()
		if got := output(t, j); got != want {
			t.Errorf("%d workers: the output differs from the one expected", count)
		}
		s, err := j.Status(t.Context())
		if err != nil || !s.Complete() || s.RowsFinished != n || s.Left() != 0 {
			t.Errorf("status %+v, %v", s, err)
		}
	}
}

// TestSeveralInputs: the index counts over all inputs, and no shard has rows of two.
func TestSeveralInputs(t *testing.T) {
	j := submit(t, spec(t, input(t, 150), input(t, 30), input(t, 100)))
	if err := worker(t, j, &scorertest.Fake{}, 0, 1).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	lines := strings.Split(strings.TrimSpace(output(t, j)), "\n")
	if len(lines) != 280 || len(j.Shards) != 4 || !strings.HasPrefix(lines[180], `{"index":180,`) || !strings.HasSuffix(lines[180], `"id":"r0"}`) {
		t.Errorf("%d lines in %d shards; line 180 is %s", len(lines), len(j.Shards), lines[180])
	}
}

// TestContinues ends a worker in the middle: the next one computes only what is not finished.
func TestContinues(t *testing.T) {
	const n = 1000
	j := submit(t, spec(t, input(t, n)))
	ctx, cancel := context.WithCancel(t.Context())
	calls := 0
	var mu sync.Mutex
	dying := &scorertest.Fake{Fault: func(*crossrank.Request) error {
		mu.Lock()
		defer mu.Unlock()
		if calls++; calls == 4 {
			cancel()
		}
		return nil
	}}
	if err := worker(t, j, dying, 0, 1).Run(ctx); !errors.Is(err, context.Canceled) {
		t.Fatalf("got %v, want the end of its context", err)
	}
	before, err := j.Unfinished(t.Context())
	if err != nil || len(before) == 0 || len(before) == 10 {
		t.Fatalf("%d shards are left, %v, want some", len(before), err)
	}
	again, err := Open(t.Context(), j.Folder())
	if err != nil {
		t.Fatal(err)
	}
	w := worker(t, again, &scorertest.Fake{}, 0, 1)
	if err := w.Run(t.Context()); err != nil || output(t, j) != expected(t, n) {
		t.Errorf("%v, or another output than expected", err)
	}
	if got := w.State(); got.Rows != int64(100*len(before)) || got.Parts != len(before) || len(got.Held) > 0 {
		t.Errorf("the second worker says %+v, with %d shards to do", got, len(before))
	}
}

// TestBadRow names a row that cannot be scored, in the submission or when it fails in the model,
// and finishes the other shards.
func TestBadRow(t *testing.T) {
	path := input(t, 300)
	j := submit(t, spec(t, path))
	poison := &scorertest.Fake{Fault: func(req *crossrank.Request) error {
		for _, p := range req.Pairs {
			if p.Passage == "passage 140" {
				return crossrank.Errorf(crossrank.Internal, "the score is NaN")
			}
		}
		return nil
	}}
	err := worker(t, j, poison, 0, 1).Run(t.Context())
	failures, ok := errors.AsType[*Failures](err)
	if !ok || len(failures.Reasons) != 1 || !strings.Contains(failures.Reasons[0], "pairs.jsonl:144: the score is NaN") {
		t.Errorf("got %v, want one failure that names line 144", err)
	}
	if open, err := j.Unfinished(t.Context()); err != nil || len(open) != 1 || open[0] != 1 {
		t.Errorf("unfinished: %v, %v, want shard 1", open, err)
	}
	if err := os.WriteFile(path, []byte(`{"query": "a", "passage": "b"}`+"\n"+`{"query": "a"}`), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Submit(t.Context(), spec(t, path)); err == nil || !strings.Contains(err.Error(), `pairs.jsonl:2: "passage" is missing`) {
		t.Errorf("submitting a row without passage: %v", err)
	}
}

// TestChangedInput refuses rows that differ from those submitted, even in a file of the same size.
func TestChangedInput(t *testing.T) {
	path := input(t, 300)
	text, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	for name, changed := range map[string]string{
		"shorter": string(text[:len(text)-60]),
		"edited":  strings.Replace(string(text), "passage 250", "passage 251", 1),
	} {
		if err := os.WriteFile(path, text, 0o666); err != nil {
			t.Fatal(err)
		}
		j := submit(t, spec(t, path))
		if err := os.WriteFile(path, []byte(changed), 0o666); err != nil {
			t.Fatal(err)
		}
		err := worker(t, j, &scorertest.Fake{}, 0, 1).Run(t.Context())
		if _, ok := errors.AsType[*ChangedError](err); !ok {
			t.Errorf("%s: got %v", name, err)
		}
		if _, err := os.Stat(filepath.Join(j.Folder(), j.Part(2))); !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: the part of the changed rows: %v", name, err)
		}
	}
}

// TestSubmitAgain continues the same job and refuses another one in its folder.
func TestSubmitAgain(t *testing.T) {
	s := spec(t, input(t, 300))
	j := submit(t, s)
	if err := j.Cancel(t.Context()); err != nil {
		t.Fatal(err)
	}
	if err := worker(t, j, &scorertest.Fake{}, 0, 1).Run(t.Context()); !errors.Is(err, ErrCanceled) {
		t.Errorf("a worker of a canceled job: %v", err)
	}
	if again := submit(t, s); again.ID != j.ID {
		t.Errorf("the same job became %s, was %s", again.ID, j.ID)
	}
	if err := worker(t, j, &scorertest.Fake{}, 0, 1).Run(t.Context()); err != nil {
		t.Errorf("after it was submitted again: %v", err)
	}
	s.Model.Weights = "others"
	if _, err := Submit(t.Context(), s); err == nil || !strings.Contains(err.Error(), "another job") {
		t.Errorf("another job in the folder: %v", err)
	}
	stray := spec(t, s.Inputs...)
	if err := os.MkdirAll(stray.Folder, 0o777); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(stray.Folder, "part-000000.jsonl"), nil, 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := Submit(t.Context(), stray); err == nil {
		t.Error("parts without a manifest are taken over")
	}
}

// TestOtherModel names everything in which a worker's model differs from the job's.
func TestOtherModel(t *testing.T) {
	info := crossrank.Info{Model: "m", Weights: "sha256:1", Quantization: "fp32", MaxLength: 512, ScoreType: crossrank.Probability}
	m := Describe("m", info)
	if err := m.Check(info); err != nil {
		t.Errorf("the same model: %v", err)
	}
	for word, change := range map[string]func(*crossrank.Info){
		"revision":   func(i *crossrank.Info) { i.Revision = "abc" },
		"weights":    func(i *crossrank.Info) { i.Weights = "sha256:2" },
		"precision":  func(i *crossrank.Info) { i.Quantization = "int8" },
		"max length": func(i *crossrank.Info) { i.MaxLength = 128 },
		"type of":    func(i *crossrank.Info) { i.ScoreType = crossrank.Logit },
		"prompt":     func(i *crossrank.Info) { i.Prompt = "query: " },
	} {
		other := info
		change(&other)
		if err := m.Check(other); err == nil || !strings.Contains(err.Error(), word) {
			t.Errorf("another %s: %v", word, err)
		}
	}
}

// TestFailingStorage gives up when its patience is over, and until then tries again.
func TestFailingStorage(t *testing.T) {
	j := submit(t, spec(t, input(t, 300)))
	var mu sync.Mutex
	calls := 0
	away := &scorertest.Fake{Fault: func(*crossrank.Request) error {
		mu.Lock()
		defer mu.Unlock()
		if calls++; calls == 1 {
			return crossrank.Errorf(crossrank.Unavailable, "away for a moment")
		}
		return nil
	}}
	w := worker(t, j, away, 0, 1)
	w.Patience = time.Hour
	if err := w.Run(t.Context()); err != nil || output(t, j) != expected(t, 300) {
		t.Errorf("after a fault that passed: %v, or another output", err)
	}
	down := &scorertest.Fake{Fault: func(*crossrank.Request) error { return crossrank.Errorf(crossrank.Unavailable, "down") }}
	w = worker(t, submit(t, spec(t, input(t, 300))), down, 0, 1)
	if err := w.Run(t.Context()); err == nil || !strings.Contains(err.Error(), "giving up") {
		t.Errorf("without patience: %v", err)
	}
}

// TestManifests refuses those that no program of this version writes.
func TestManifests(t *testing.T) {
	j := submit(t, spec(t, input(t, 300)))
	name := filepath.Join(j.Folder(), manifestName)
	good, err := os.ReadFile(name)
	if err != nil {
		t.Fatal(err)
	}
	for what, text := range map[string]string{
		"no JSON":          "{",
		"a new version":    strings.Replace(string(good), `"version":1`, `"version":2`, 1),
		"a new setting":    strings.Replace(string(good), `"version":1`, `"version":1,"threshold":0.5`, 1),
		"a row less":       strings.Replace(string(good), `"rows":300`, `"rows":299`, 1),
		"a gap":            strings.Replace(string(good), `"first":100`, `"first":101`, 1),
		"no id":            strings.Replace(string(good), j.ID, "", 1),
		"an id with a dot": strings.Replace(string(good), j.ID, "a.b", 1),
		"no such format":   strings.Replace(string(good), `"jsonl"`, `"xml"`, 1),
	} {
		if text == string(good) {
			t.Fatalf("%s: the manifest did not change", what)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
		if _, err := Open(t.Context(), j.Folder()); err == nil || !strings.Contains(err.Error(), "manifest") {
			t.Errorf("%s: got %v", what, err)
		}
	}
	if _, err := Open(t.Context(), t.TempDir()); err == nil || !strings.Contains(err.Error(), "no job") {
		t.Errorf("an empty folder: %v", err)
	}
}

func FuzzManifest(f *testing.F) {
	f.Add([]byte(`{"version":1,"id":"a","rows":1,"redeliver_ms":1,"inputs":[{"path":"x"}],"shards":[{"input":0,"start":{"row":0},"rows":1}]}`))
	f.Fuzz(func(t *testing.T, text []byte) {
		var m Manifest
		if m.parse(text) != nil {
			return
		}
		var n int64
		for _, s := range m.Shards {
			_ = m.Inputs[s.Input]
			n += int64(s.Rows)
		}
		if n != m.Rows {
			t.Errorf("%d rows in shards, %d in the manifest", n, m.Rows)
		}
	})
}

// TestLeftovers: temporary files of killed workers are removed when their shards are finished, and
// a worker that loses its file so finds its shard finished.
func TestLeftovers(t *testing.T) {
	j := submit(t, spec(t, input(t, 300)))
	if err := worker(t, j, &scorertest.Fake{}, 0, 3).Run(t.Context()); err != nil {
		t.Fatal(err)
	}
	killed := make([]storage.Writer, 3)
	for shard := range killed {
		w, err := j.folder.Create(t.Context(), j.Part(shard))
		if err != nil {
			t.Fatal(err)
		}
		killed[shard] = w
	}
	if n, err := j.clean(t.Context()); err != nil || n != 1 {
		t.Errorf("%d files removed, %v, want that of the finished shard alone", n, err)
	}
	// The shard is finished by another worker while this one scores it.
	slow := &scorertest.Fake{Fault: func(*crossrank.Request) error {
		if done, err := j.finished(t.Context(), 1); err == nil && !done {
			return worker(t, j, &scorertest.Fake{}, 1, 3).Run(t.Context())
		}
		return nil
	}}
	if err := j.Compute(t.Context(), slow, 1, func(int) {}); err != nil {
		t.Errorf("a worker that was overtaken: %v", err)
	}
	if err := worker(t, j, &scorertest.Fake{}, 0, 1).Run(t.Context()); err != nil || output(t, j) != expected(t, 300) {
		t.Errorf("%v, or another output than expected", err)
	}
	left, err := filepath.Glob(filepath.Join(j.Folder(), ".part-*"))
	if err != nil || left != nil {
		t.Errorf("%q are left, %v", left, err)
	}
}

// TestSample scores rows from all over the job for a limited time, and at least some.
func TestSample(t *testing.T) {
	j := submit(t, spec(t, input(t, 1000)))
	var passages []string
	fake := &scorertest.Fake{Fault: func(req *crossrank.Request) error {
		for _, p := range req.Pairs {
			passages = append(passages, p.Passage)
		}
		return nil
	}}
	s, err := j.Sample(t.Context(), fake, time.Hour)
	if err != nil || s.Rows != 1000 || s.Time <= 0 || len(passages) != 1000 {
		t.Errorf("with enough time: %+v, %v, want all of 1000 rows", s, err)
	}
	passages = nil
	fake.Delay = 20 * time.Millisecond
	if s, err = j.Sample(t.Context(), fake, time.Nanosecond); err != nil || s.Rows != firstSample || s.Time < fake.Delay {
		t.Errorf("without time: %+v, %v, want %d rows", s, err, firstSample)
	}
	if len(passages) != firstSample || passages[firstSample-1] != fmt.Sprintf("passage %d", firstSample-1) {
		t.Errorf("sampled %q", passages)
	}
	down := &scorertest.Fake{Fault: func(*crossrank.Request) error { return crossrank.Errorf(crossrank.Unavailable, "down") }}
	if _, err := j.Sample(t.Context(), down, time.Hour); err == nil || !strings.Contains(err.Error(), "down") {
		t.Errorf("a scorer that fails: %v", err)
	}
}

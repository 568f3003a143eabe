package scoring

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"hash/fnv"
	"math/rand/v2"
	"os"
	"path/filepath"
	"reflect"
	"slices"
	"strings"
	"sync/atomic"
	"testing"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/rows"
)

// hashing scores a pair by its texts, and fails after a number of requests.
type hashing struct {
	left atomic.Int64 // requests until it fails; below 0 it never does
	busy atomic.Int64
	most atomic.Int64 // requests at once
}

func newHashing(requests int64) *hashing {
	h := new(hashing)
	h.left.Store(requests)
	return h
}

var errDown = crossrank.Errorf(crossrank.Unavailable, "the server is down")

func (h *hashing) Score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	h.most.Store(max(h.most.Load(), h.busy.Add(1)))
	defer h.busy.Add(-1)
	if h.left.Add(-1) == -1 {
		return nil, errDown
	}
	resp := &crossrank.Response{}
	for _, p := range req.Pairs {
		sum := fnv.New32a()
		fmt.Fprintf(sum, "%q %q", p.Query, p.Passage)
		resp.Scores = append(resp.Scores, float32(sum.Sum32()%1000)/1000)
	}
	return resp, ctx.Err()
}

// write writes a CSV file of n rows, every 50th of which cannot be read.
func write(t *testing.T, name string, n int) string {
	t.Helper()
	var text strings.Builder
	text.WriteString("id,query,passage\n")
	for i := range n {
		if i%50 == 49 {
			text.WriteString("too,many,values,here\n")
			continue
		}
		fmt.Fprintf(&text, "%d,query %d,\"a passage, number %d\nof two lines\"\n", i, i/7, i)
	}
	path := filepath.Join(t.TempDir(), name)
	if err := os.WriteFile(path, []byte(text.String()), 0o666); err != nil {
		t.Fatal(err)
	}
	return path
}

func read(t *testing.T, path string) []byte {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return b
}

func options(t *testing.T, kind rows.Kind, inputs ...string) Options {
	opts := Options{Query: "query", Passage: "passage", KeepAll: true, OutputKind: kind, GroupRows: 100, InFlight: 3}
	opts.Output = filepath.Join(t.TempDir(), "out."+kind.String())
	opts.Rejects = opts.Output + ".rejects"
	for _, name := range inputs {
		opts.Inputs = append(opts.Inputs, Input{Name: name})
	}
	return opts
}

// A run that fails at any request, with whatever a kill left behind the last commit, is resumed to
// the bytes of a run that did not fail.
func TestResume(t *testing.T) {
	first, second := write(t, "a.csv", 1000), write(t, "b.csv", 333)
	for _, name := range []string{"csv", "jsonl", "csv.gz", "jsonl.zst", "parquet"} {
		for _, rank := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s, ranked %v", name, rank), func(t *testing.T) {
				kind, _ := rows.ParseKind(name)
				opts := options(t, kind, first, second)
				opts.Rank = rank
				done, err := Run(t.Context(), newHashing(-1), opts)
				if err != nil || done.Rows != 1333 || done.Rejected != 26 {
					t.Fatalf("%+v, %v", done, err)
				}
				want, wantRejects := read(t, opts.Output), read(t, opts.Rejects)

				random := rand.New(rand.NewPCG(1, 2))
				opts.Output += ".again"
				opts.Rejects = opts.Output + ".rejects"
				opts.Resume = true
				for runs := 0; ; runs++ {
					done, err := Run(t.Context(), newHashing(random.Int64N(8)), opts)
					if err == nil {
						if runs == 0 {
							t.Error("no run failed")
						}
						break
					}
					if !errors.Is(err, errDown) || !done.Resumable || done.Rows > 1333 {
						t.Fatalf("%+v, %v", done, err)
					}
					for _, file := range []string{".part", ".journal", ".rejects"} {
						tear(t, opts.Output+file, random)
					}
				}
				if !bytes.Equal(read(t, opts.Output), want) || !bytes.Equal(read(t, opts.Rejects), wantRejects) {
					t.Error("the resumed run wrote other bytes")
				}
				left, _ := filepath.Glob(opts.Output + ".*")
				if !slices.Equal(left, []string{opts.Rejects}) {
					t.Errorf("files are left: %q", left)
				}
				if _, err := Run(t.Context(), newHashing(0), opts); !errors.Is(err, ErrComplete) {
					t.Errorf("resuming what is complete: %v", err)
				}
			})
		}
	}
}

// tear appends half of a line to a file, as a process leaves that is killed while it writes.
func tear(t *testing.T, path string, random *rand.Rand) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	torn := []byte(`{"place":{"input":0,"mark":{"row":100},"rows":100},"bytes":9`)
	if _, err := f.Write(torn[:random.IntN(len(torn))]); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
}

// Whatever the scores or the bytes of the output depend on is refused by name when it changes.
func TestResumeRefusesOtherSettings(t *testing.T) {
	input := write(t, "a.csv", 1000)
	for _, c := range []struct {
		want   string
		change func(*Options)
	}{
		{`model was "one" and is "two"`, func(o *Options) { o.Settings = []Setting{{"model", "two"}} }},
		{`raw was "false" and is "true"`, func(o *Options) { o.Request.Raw = true }},
		{`max length was "0" and is "64"`, func(o *Options) { o.Request.MaxLength = 64 }},
		{`instruction was "" and is "be brief"`, func(o *Options) { o.Request.Instruction = "be brief" }},
		{`passage column was "passage" and is "id"`, func(o *Options) { o.Passage = "id" }},
		{`kept columns was "*" and is "id"`, func(o *Options) { o.KeepAll, o.Keep = false, []string{"id"} }},
		{`output format was "csv" and is "jsonl"`, func(o *Options) { o.OutputKind = rows.Kind{Format: rows.JSONL} }},
		{`input 1 was `, func(o *Options) {
			b := read(t, input)
			b[len(b)-3] ^= 1
			if err := os.WriteFile(input, b, 0o666); err != nil {
				t.Fatal(err)
			}
		}},
		{`number of inputs was "1" and is "2"`, func(o *Options) { o.Inputs = append(o.Inputs, Input{Name: write(t, "b.csv", 5)}) }},
	} {
		opts := options(t, rows.Kind{Format: rows.CSV}, input)
		opts.Settings = []Setting{{"model", "one"}}
		if _, err := Run(t.Context(), newHashing(2), opts); !errors.Is(err, errDown) {
			t.Fatal(err)
		}
		part := read(t, opts.Output+".part")
		if _, err := Run(t.Context(), newHashing(-1), opts); err == nil || !strings.Contains(err.Error(), "unfinished run") {
			t.Errorf("beginning again over an unfinished run: %v", err)
		}
		opts.Resume = true
		c.change(&opts)
		if _, err := Run(t.Context(), newHashing(-1), opts); err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("got %v, want %s", err, c.want)
		}
		if !bytes.Equal(read(t, opts.Output+".part"), part) {
			t.Errorf("%s: the refused run changed the output", c.want)
		}
	}
}

func TestFailures(t *testing.T) {
	bad := write(t, "a.csv", 100)
	opts := options(t, rows.Kind{Format: rows.CSV}, bad)
	opts.Rejects, opts.Output = "", ""
	var out bytes.Buffer
	opts.Stdout = &out
	_, err := Run(t.Context(), newHashing(-1), opts)
	if err == nil || !strings.Contains(err.Error(), "a.csv:100: the row has 4 values, the header 3 columns") {
		t.Errorf("a row that cannot be read: %v", err)
	}
	if n := strings.Count(out.String(), "of two lines"); n != 49 {
		t.Errorf("%d rows before it are written, want 49", n)
	}

	opts = options(t, rows.Kind{Format: rows.CSV}, bad)
	opts.Query = "question"
	if _, err := Run(t.Context(), newHashing(-1), opts); err == nil || !strings.Contains(err.Error(), `no column "question"; its columns are "id", "query", "passage"`) {
		t.Errorf("a column that is missing: %v", err)
	}

	opts = options(t, rows.Kind{Format: rows.CSV}, bad)
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if done, err := Run(ctx, newHashing(-1), opts); !errors.Is(err, context.Canceled) || !done.Resumable {
		t.Errorf("cancelled: %+v, %v", done, err)
	}

	if err := os.Truncate(opts.Output+".part", 0); err != nil {
		t.Fatal(err)
	}
	opts.Resume = true
	if _, err := Run(t.Context(), newHashing(-1), opts); err == nil || !strings.Contains(err.Error(), "it has 0 bytes, but 23 were complete") {
		t.Errorf("an output that was cut meanwhile: %v", err)
	}
}

// Ranked rows are those of each query, the best first, with their ranks.
func TestRank(t *testing.T) {
	var out bytes.Buffer
	opts := Options{Query: "query", Passage: "passage", KeepAll: true, OutputKind: rows.Kind{Format: rows.CSV}, Stdout: &out, Rank: true, Top: 2}
	opts.Inputs = []Input{{Name: "in.csv", Open: strings.NewReader("query,passage\na,1\na,2\na,3\nb,1\na,1\n")}}
	if _, err := Run(t.Context(), byLength{}, opts); err != nil {
		t.Fatal(err)
	}
	if want := "query,passage,rank,score\na,3,1,3\na,2,2,2\nb,1,1,1\na,1,1,1\n"; out.String() != want {
		t.Errorf("got %q, want %q", &out, want)
	}
}

// byLength scores a passage by the number that it is.
type byLength struct{}

func (byLength) Score(_ context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	resp := &crossrank.Response{}
	for _, p := range req.Pairs {
		resp.Scores = append(resp.Scores, float32(p.Passage[0]-'0'))
	}
	return resp, nil
}

// Requests in flight are bounded, and their answers stay in order.
func TestInFlight(t *testing.T) {
	h := newHashing(-1)
	opts := options(t, rows.Kind{Format: rows.CSV}, write(t, "a.csv", 20_000))
	if _, err := Run(t.Context(), h, opts); err != nil {
		t.Fatal(err)
	}
	if h.most.Load() > 3 {
		t.Errorf("%d requests at once, want 3 at most", h.most.Load())
	}
	r, err := rows.Open(opts.Output, rows.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer r.Close()
	for i := range 20_000 {
		if i%50 == 49 {
			continue
		}
		row, err := r.Next()
		if err != nil {
			t.Fatal(err)
		}
		if id, err := row.Text("id"); id != fmt.Sprint(i) {
			t.Fatalf("row %d has the id %s, %v", i, id, err)
		}
	}
}

func FuzzJournal(f *testing.F) {
	f.Add([]byte("{\"crossrank_journal\":1,\"settings\":[{\"name\":\"model\",\"value\":\"m\"}]}\n{\"place\":{\"input\":0,\"mark\":{\"row\":1,\"line\":2,\"byte\":3},\"rows\":1},\"bytes\":10}\n{\"pla"))
	f.Add([]byte("{\"crossrank_journal\":2}\n"))
	f.Add([]byte("{\"crossrank_journal\":1}\n{\"bytes\":-1}\n{\"bytes\":5,\"group\":{\"rows\":1,\"bytes\":5,\"footer\":\"AA==\"}}\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		h, err := readJournal(bytes.NewReader(data))
		if err != nil || h == nil {
			return
		}
		if h.size > int64(len(data)) || h.last.Bytes < 0 || h.last.Place.Rows < 0 {
			t.Fatalf("%+v", h)
		}
		again, err := readJournal(bytes.NewReader(data[:h.size]))
		if err != nil || again == nil || !reflect.DeepEqual(again, h) {
			t.Fatalf("cut to %d bytes, it says %+v, %v, want %+v", h.size, again, err, h)
		}
	})
}

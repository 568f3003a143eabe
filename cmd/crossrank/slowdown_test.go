package main

import (
	"context"
	"math/rand/v2"
	"path/filepath"
	"strings"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/load"
	"github.com/crossrank/crossrank/internal/results"
)

// jittery answers in about the time that its process takes for a request; requests vary by 5 %
// either way.
type jittery struct {
	takes time.Duration
	rng   *rand.Rand
}

func (s *jittery) Score(_ context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	time.Sleep(time.Duration(float64(s.takes) * (0.95 + 0.1*s.rng.Float64())))
	return &crossrank.Response{Scores: make([]float32, len(req.Pairs))}, nil
}

// measured puts eight processes of a server under load and writes what they met. Each process is
// off by up to 1 % either way, and all are slower by a part.
func measured(t *testing.T, name string, seed uint64, slower float64) string {
	t.Helper()
	rng := rand.New(rand.NewPCG(seed, 0))
	path := filepath.Join(t.TempDir(), name)
	w, err := results.Create(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	write := func(err error) {
		if err != nil {
			t.Fatal(err)
		}
	}
	write(w.Run(results.Run{Name: "planted", Loop: "closed"}))
	for repeat := range 8 {
		write(w.Configuration(results.Configuration{Index: repeat, Batch: 2, Concurrency: 1, Requests: 100, Repeat: repeat, Process: repeat}))
		s := &jittery{takes: time.Duration(20e6 * (1 + slower) * (0.99 + 0.02*rng.Float64())), rng: rng}
		synctest.Test(t, func(t *testing.T) {
			res, err := load.Run(t.Context(), s, load.Config{
				Pairs: []crossrank.Pair{{Query: "q", Passage: "p"}}, Batch: 2, Requests: 100,
				Record: func(r results.Request) error {
					r.Configuration = repeat
					return w.Request(r)
				},
			})
			write(err)
			write(w.ConfigurationEnd(results.ConfigurationEnd{Configuration: repeat, Began: res.Began, Elapsed: res.Elapsed, Complete: true}))
		})
	}
	write(w.End(results.End{Time: time.Now(), Complete: true}))
	write(w.Close())
	return path
}

// From the load to the exit code: a server that is 5 % slower is found to be, and two measurements
// of one server are not found to differ apart.
func TestAPlantedSlowdownIsFound(t *testing.T) {
	before := measured(t, "before.jsonl", 1, 0)
	for _, c := range []struct {
		what  string
		after string
		exit  int
		says  string
	}{
		{"5 % slower", measured(t, "slower.jsonl", 2, 0.05), 1, "% worse"},
		{"5 % faster", measured(t, "faster.jsonl", 3, -0.05), 0, "% better"},
		{"the same", measured(t, "same.jsonl", 4, 0), 0, "~"},
		{"the same again", measured(t, "again.jsonl", 5, 0), 0, "~"},
	} {
		var out, errs strings.Builder
		exit := run(t.Context(), []string{"compare", before, c.after}, strings.NewReader(""), &out, &errs)
		if exit != c.exit || !strings.Contains(out.String(), c.says) {
			t.Errorf("%s: exit %d, want %d and %q; it says\n%s%s", c.what, exit, c.exit, c.says, &out, &errs)
		}
		if c.says == "~" && (strings.Contains(out.String(), "worse") || strings.Contains(out.String(), "better")) {
			t.Errorf("%s: a difference is reported\n%s", c.what, &out)
		}
	}
}

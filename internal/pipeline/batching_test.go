package pipeline

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crossrank/crossrank/internal/batch"
)

// TestBatchingOptions sends requests while the engine is busy with a first one of 4 tokens, and
// notes the lengths in the batches that follow.
func TestBatchingOptions(t *testing.T) {
	for _, c := range []struct {
		name     string
		opts     Options
		requests [][]int
		want     string
		takes    time.Duration // until the last answer
	}{
		{"what waits makes one batch, the longest first", Options{}, [][]int{{5, 9}, {7}}, "[[4] [9 7 5]]", 2 * time.Second},
		{"up to a number of pairs", Options{Options: batch.Options{MaxPairs: 2}}, [][]int{{5, 9}, {7}}, "[[4] [9 5] [7]]", 3 * time.Second},
		{"up to a number of tokens", Options{Options: batch.Options{MaxTokens: 15}}, [][]int{{5, 9}, {7}}, "[[4] [9 5] [7]]", 3 * time.Second},
		{"of one request only", Options{Options: batch.Options{Enabled: new(false)}}, [][]int{{5, 9}, {7}}, "[[4] [9 5] [7]]", 3 * time.Second},
		{"in the order in which they came", Options{Options: batch.Options{LengthAware: new(false)}}, [][]int{{5, 9}, {7}}, "[[4] [5 9 7]]", 2 * time.Second},
		{"dealt by length", Options{Options: batch.Options{MaxPairs: 2}}, [][]int{{5, 9, 6, 8}}, "[[4] [9 8] [6 5]]", 3 * time.Second},
		{"dealt as they came", Options{Options: batch.Options{MaxPairs: 2, LengthAware: new(false)}}, [][]int{{5, 9, 6, 8}}, "[[4] [5 9] [6 8]]", 3 * time.Second},
		{"waiting for more", Options{Options: batch.Options{Timeout: 5 * time.Second}}, [][]int{{5, 9}, {7}}, "[[9 7 5 4]]", 6 * time.Second},
		{"waiting for more until it is full", Options{Options: batch.Options{Timeout: 5 * time.Second, MaxPairs: 3}}, [][]int{{5, 9}, {7}},
			"[[9 5 4] [7]]", 6 * time.Second},
	} {
		t.Run(c.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				m := &machine{takes: time.Second}
				p := open(t, new(words), m, c.opts)
				defer p.Close()
				start := time.Now()
				answers := []<-chan answer{later(p, t.Context(), requestOf(4))}
				for _, tokens := range c.requests {
					answers = append(answers, later(p, t.Context(), requestOf(tokens...)))
				}
				for i, a := range answers {
					if a := <-a; a.err != nil {
						t.Errorf("request %d: %v", i, a.err)
					}
				}
				if got := fmt.Sprint(m.batches); got != c.want {
					t.Errorf("got batches %v, want %v", got, c.want)
				}
				if took := time.Since(start); took != c.takes {
					t.Errorf("it took %v, want %v", took, c.takes)
				}
			})
		})
	}
}

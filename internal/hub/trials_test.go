package hub

import (
	"context"
	"flag"
	"io"
	"math/rand/v2"
	"net/http"
	"os"
	"path/filepath"
	"sync/atomic"
	"testing"

	"github.com/crossrank/crossrank/internal/hubtest"
)

var trials = flag.Int("trials", 250, "pulls with random faults; -short runs a tenth of them")

// TestTrials pulls again and again with random faults, cancels at random, and looks at the cache
// each time: no reader ever sees a file that is not whole.
func TestTrials(t *testing.T) {
	n := *trials
	if testing.Short() {
		n /= 10
	}
	const workers = 4
	pulled := make([]int, workers)
	t.Run("", func(t *testing.T) {
		for worker := range workers {
			t.Run("", func(t *testing.T) {
				t.Parallel()
				rng := rand.New(rand.NewPCG(1, uint64(worker)))
				hub, e, _ := start(t)
				for range n / workers {
					e.CacheDir = filepath.Join(t.TempDir(), "hub")
					if trial(t, rng, hub, e) {
						pulled[worker]++
					}
					if err := os.RemoveAll(e.CacheDir); err != nil {
						t.Fatal(err)
					}
				}
			})
		}
	})
	total := 0
	for _, n := range pulled {
		total += n
	}
	t.Logf("%d of %d pulls succeeded under faults", total, n)
	if n >= 200 && (total < n/20 || total > n*19/20) {
		t.Error("the faults are too hard or too mild to show anything")
	}
}

// trial pulls under faults, looks, and then pulls without them. It reports whether the first pull
// succeeded.
func trial(t *testing.T, rng *rand.Rand, hub *hubtest.Server, e Environment) bool {
	t.Helper()
	n := Name{Repo: someModel, Revision: "main"}
	seed := rng.Uint64()
	var requests atomic.Uint64
	hub.Handle(func(w http.ResponseWriter, r *http.Request, next http.Handler) {
		one := rand.New(rand.NewPCG(seed, requests.Add(1)))
		randomFault(one, w, r, next)
	})
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	p := newPuller(t, e, Options{Progress: func(now Progress) {
		if rng.IntN(120) == 0 {
			cancel()
		}
	}})
	if rng.IntN(4) == 0 {
		var room atomic.Int64
		room.Store(rng.Int64N(50_000))
		p.wrap = func(w io.Writer) io.Writer { return full{w, &room} }
	}
	_, err := p.Pull(ctx, n)
	if err := checkCache(e.CacheDir); err != nil {
		t.Fatalf("after the faults of seed %d: %v", seed, err)
	}
	hub.Handle(nil)
	q := newPuller(t, e, Options{})
	defer q.Close()
	s, again := q.Pull(t.Context(), n)
	if again != nil {
		t.Fatalf("after the faults of seed %d: %v", seed, again)
	}
	checkSnapshot(t, s, someFiles(), append([]string{}, neededOfSome...))
	p.Close()
	return err == nil
}

func randomFault(rng *rand.Rand, w http.ResponseWriter, r *http.Request, next http.Handler) {
	switch rng.IntN(14) {
	case 0:
		panic(http.ErrAbortHandler)
	case 1:
		w.WriteHeader(500 + rng.IntN(5))
	case 2:
		w.Header().Set("Retry-After", "1")
		w.WriteHeader(http.StatusTooManyRequests)
	case 3, 4, 5:
		next.ServeHTTP(&breaking{ResponseWriter: w, left: rng.IntN(30_000)}, r)
	case 6:
		next.ServeHTTP(changing{w}, r)
	case 7:
		r.Header.Del("Range")
		next.ServeHTTP(w, r)
	case 8:
		next.ServeHTTP(unsized{w}, r)
		w.Write(make([]byte, rng.IntN(3000)))
	default:
		next.ServeHTTP(w, r)
	}
}

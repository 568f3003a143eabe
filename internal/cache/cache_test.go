package cache

import (
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"math/rand/v2"
	"runtime"
	"slices"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/crossrank/crossrank/internal/state"
)

func key(n int) string { return string(AppendKey(nil, []int32{int32(n), 7}, 1)) }

func publish(t *Table, key string, score float32) {
	t.Publish([]byte(key), score, time.Time{}, time.Time{})
}

// ask claims a key and gives it up at once.
func ask(t *Table, key string) (score float32, hit bool) {
	flights := make([]Flight, 1)
	score, _, role := t.Claim(&flights[0], key, 0)
	t.Abandon(flights)
	return score, role == Hit
}

func TestForgetsTheLeastRecentlyUsed(t *testing.T) {
	table := New(Options{MaxBytes: 3 * size(len(key(0)))})
	for n := range 3 {
		publish(table, key(n), float32(n))
	}
	ask(table, key(0))
	publish(table, key(1), 1) // again
	publish(table, key(3), 3)
	publish(table, string(make([]byte, 1000)), 9) // larger than all there is
	for n, want := range []bool{true, true, false, true} {
		if score, hit := ask(table, key(n)); hit != want || hit && score != float32(n) {
			t.Errorf("key %d: got score %v and hit %v, want hit %v", n, score, hit, want)
		}
	}
	want := state.Cache{Hits: 4, Misses: 1, Evictions: 1, Scores: 3, Bytes: 3 * size(len(key(0))), MaxBytes: 3 * size(len(key(0)))}
	if got := table.State(); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}

func TestFlights(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		table := New(Options{Coalesce: true})
		flights := []Flight{{Cost: 5}, {Cost: 5}}
		claim := func(f *Flight, key string) (*Flight, Role) {
			_, other, role := table.Claim(f, key, 5)
			return other, role
		}
		for n := range flights {
			if _, role := claim(&flights[n], key(n)); role != Lead {
				t.Fatalf("the first who asks for key %d gets role %d", n, role)
			}
		}
		follower := func(n int) *Flight {
			f, role := claim(new(Flight), key(n))
			if role != Follow || f != &flights[n] {
				t.Fatalf("the second who asks for key %d gets role %d", n, role)
			}
			return f
		}
		zero, one := follower(0), follower(1)
		if _, _, role := table.Claim(new(Flight), key(0), 4); role != Lead {
			t.Errorf("who must not wait gets role %d", role)
		}

		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		if _, _, err := zero.Wait(ctx); !errors.Is(err, context.DeadlineExceeded) {
			t.Errorf("who waits too long gets %v", err)
		}
		started, ended := time.Now(), time.Now().Add(time.Second)
		table.Publish([]byte(key(0)), 42, started, ended)
		table.Abandon(flights)
		if l, ok, err := zero.Wait(t.Context()); !ok || err != nil || (l != Computed{42, started, ended}) {
			t.Errorf("who waited for what was computed gets %+v, %v and %v", l, ok, err)
		}
		if _, ok, err := one.Wait(t.Context()); ok || err != nil {
			t.Errorf("waiting for what was abandoned gave %v and %v", ok, err)
		}
		if len(table.flights) > 0 {
			t.Errorf("%d flights are left", len(table.flights))
		}
		want := state.Cache{Misses: 3, Coalesced: 2}
		if got := table.State(); got != want {
			t.Errorf("got %+v, want %+v, with nothing kept", got, want)
		}
	})
}

// TestRandomClaims has callers ask, compute, leave and give up at random, and wants each score to
// be its key's.
func TestRandomClaims(t *testing.T) {
	for _, opts := range []Options{{Coalesce: true}, {MaxBytes: 2000}, {MaxBytes: 2000, Coalesce: true}} {
		table := New(opts)
		var callers sync.WaitGroup
		for c := range 8 {
			callers.Go(func() {
				rng := rand.New(rand.NewPCG(1, uint64(c)))
				for range 2000 {
					n := rng.IntN(30)
					flights := make([]Flight, 1)
					score, other, role := table.Claim(&flights[0], key(n), rng.Int64N(10)-1)
					switch {
					case role == Lead && rng.IntN(3) > 0:
						publish(table, key(n), float32(n))
					case role == Follow:
						ctx, cancel := context.WithTimeout(context.Background(), time.Duration(rng.IntN(2000))*time.Microsecond)
						l, ok, err := other.Wait(ctx)
						cancel()
						if score = l.Score; ok && err == nil && score != float32(n) {
							t.Errorf("who followed key %d was given %v", n, score)
						}
					case role == Hit && score != float32(n):
						t.Errorf("key %d has the score %v", n, score)
					}
					table.Abandon(flights)
				}
			})
		}
		callers.Wait()
		if s := table.State(); len(table.flights) > 0 || s.Bytes > opts.MaxBytes || s.Hits+s.Coalesced+s.Misses != 16_000 {
			t.Errorf("%+v: %d flights are left, and %+v", opts, len(table.flights), s)
		}
	}
}

// TestMemory fills a table many times over, and weighs it.
func TestMemory(t *testing.T) {
	for _, tokens := range []int{4, 60, 500} {
		const most = 8 << 20
		before := heap()
		table := New(Options{MaxBytes: most})
		rng := rand.New(rand.NewPCG(2, 3))
		ids := make([]int32, tokens)
		var k []byte
		for n := 0; table.state.Evictions <= 3*int64(len(table.entries)); n++ {
			for i := range ids {
				ids[i] = rng.Int32N(30_000)
			}
			k = AppendKey(k[:0], ids, 3)
			table.Publish(k, float32(n), time.Time{}, time.Time{})
			if s := table.State(); s.Bytes > most {
				t.Fatalf("after %d scores: %+v", n, s)
			}
		}
		s, took := table.State(), heap()-before
		if s.Bytes < most*9/10 || took > most {
			t.Errorf("with keys of %d tokens it takes %d bytes of memory, and says %+v", tokens, took, s)
		}
		t.Logf("%d tokens: %d scores, %d bytes counted, %d on the heap", tokens, s.Scores, s.Bytes, took)
		runtime.KeepAlive(table)
	}
}

func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// FuzzKey reads keys back: what can be read back is had from one sequence only.
func FuzzKey(f *testing.F) {
	for _, seed := range []string{"", "\x00", "abcd", "\x00\x00\x00\x80\xff\xff\xff\xff\xff\xff\xff\x7f"} {
		f.Add([]byte(seed), 2)
	}
	f.Fuzz(func(t *testing.T, data []byte, split int) {
		split = max(0, split)
		var ids []int32
		for ; len(data) >= 4; data = data[4:] {
			ids = append(ids, int32(binary.LittleEndian.Uint32(data)))
		}
		k := AppendKey([]byte("before"), ids, split)[len("before"):]
		first, n := binary.Uvarint(k)
		var got []int32
		for k = k[n:]; len(k) > 0; k = k[n:] {
			var id uint64
			if id, n = binary.Uvarint(k); n < 1 {
				t.Fatalf("the key of %v cannot be read", ids)
			}
			got = append(got, int32(uint32(id)))
		}
		if int(first) != split || !slices.Equal(got, ids) {
			t.Errorf("the key of %v at %d reads %v at %d", ids, split, got, first)
		}
	})
}

// TestKeysDiffer holds sequences apart that are nearly the same.
func TestKeysDiffer(t *testing.T) {
	seen := map[string]string{}
	for _, ids := range [][]int32{{}, {0}, {0, 0}, {1}, {128}, {0, 1}, {1, 0}, {16384}, {-1}, {127, 1}, {1 << 30}} {
		for split := range 3 {
			k, name := string(AppendKey(nil, ids, split)), fmt.Sprint(ids, split)
			if was, ok := seen[k]; ok {
				t.Errorf("%s and %s have one key", was, name)
			}
			seen[k] = name
		}
	}
}

// BenchmarkClaim asks for keys of 100 tokens.
func BenchmarkClaim(b *testing.B) {
	keys := make([]string, 10_000)
	for n := range keys {
		ids := make([]int32, 100)
		ids[50] = int32(n)
		keys[n] = string(AppendKey(nil, ids, 10))
	}
	b.Run("role=hit", func(b *testing.B) {
		table := New(Options{MaxBytes: 1 << 30})
		for _, k := range keys {
			publish(table, k, 1)
		}
		b.ReportAllocs()
		b.RunParallel(func(pb *testing.PB) {
			for n := 0; pb.Next(); n++ {
				table.Claim(nil, keys[n%len(keys)], 0)
			}
		})
	})
	b.Run("role=lead", func(b *testing.B) {
		table := New(Options{Coalesce: true})
		flights := make([]Flight, 1)
		b.ReportAllocs()
		for n := 0; b.Loop(); n++ {
			flights[0] = Flight{}
			table.Claim(&flights[0], keys[n%len(keys)], 0)
			table.Abandon(flights)
		}
	})
}

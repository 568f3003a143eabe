package scoring

import (
	"context"
	"errors"
	"io"
	"slices"
	"testing"
	"testing/synctest"
	"time"
)

// counting reads 0, 1, 2 … n-1 and then gives end.
func counting(n int, end error) func() (int, error) {
	next := 0
	return func() (int, error) {
		if next == n {
			return 0, end
		}
		next++
		return next - 1, nil
	}
}

func TestChunksKeepOrderAndBound(t *testing.T) {
	broken := errors.New("broken")
	for _, test := range []struct {
		name string
		n    int
		end  error
		want error
	}{
		{"an empty input has no chunk", 0, io.EOF, nil},
		{"one item", 1, io.EOF, nil},
		{"exactly one chunk", chunkSize, io.EOF, nil},
		{"many chunks and a rest", 5*chunkSize + 3, io.EOF, nil},
		{"an error at once", 0, broken, broken},
		{"an error after some items comes after them", chunkSize + 7, broken, broken},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []int
			var gotErr error
			for chunk, err := range Chunks(t.Context(), counting(test.n, test.end)) {
				if gotErr != nil {
					t.Fatalf("a chunk of %d after the error %v", len(chunk), gotErr)
				}
				if len(chunk) > chunkSize || len(chunk) == 0 == (err == nil) {
					t.Fatalf("a chunk of %d items with error %v", len(chunk), err)
				}
				got, gotErr = append(got, chunk...), err
			}
			if gotErr != test.want {
				t.Errorf("error %v, want %v", gotErr, test.want)
			}
			if len(got) != test.n || !slices.IsSorted(got) {
				t.Errorf("got %d items, want %d in order: %v", len(got), test.n, got)
			}
		})
	}
}

func TestChunksDoNotWaitForMore(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		slow := func() (int, error) {
			time.Sleep(time.Second)
			return 1, nil
		}
		start := time.Now()
		for chunk := range Chunks(t.Context(), slow) {
			if len(chunk) != 1 || time.Since(start) != time.Second {
				t.Errorf("got %d items after %v, want 1 after 1s", len(chunk), time.Since(start))
			}
			break
		}
		time.Sleep(2 * time.Second) // the read that was under way ends, and the reader with it
	})
}

func TestChunksGatherWhileTheCallerWorks(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		var sizes []int
		for chunk := range Chunks(t.Context(), counting(3*chunkSize, io.EOF)) {
			sizes = append(sizes, len(chunk))
			time.Sleep(time.Second)
			synctest.Wait()
		}
		if len(sizes) > 4 {
			t.Errorf("%d items came in chunks of %v, want at most one that is not full before the last", 3*chunkSize, sizes)
		}
	})
}

func TestChunksEndWithTheContext(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		unblock := make(chan struct{})
		blocked := func() (int, error) { <-unblock; return 0, io.EOF }
		var got error
		for _, err := range Chunks(ctx, blocked) {
			got = err
		}
		if !errors.Is(got, context.DeadlineExceeded) {
			t.Errorf("error %v, want %v", got, context.DeadlineExceeded)
		}
		close(unblock)
	})
}

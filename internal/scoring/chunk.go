package scoring

import (
	"context"
	"io"
	"iter"
)

// chunkSize is the max number of items that are processed together: enough to keep every core busy,
// few enough for a steady flow of answers.
const chunkSize = 128

// Chunks groups what read returns, up to io.EOF, into slices of at most chunkSize. A chunk holds
// what was read while the last one was processed: a fast source gives full chunks, a slow one gives
// each item without delay, and at most two chunks are in memory. An error, of read or ctx, comes
// last, alone, after everything that was read before it.
//
// Reading runs in its own goroutine, because a blocked read of a terminal or pipe cannot be
// cancelled. After the loop, the goroutine ends with the read that it is in.
func Chunks[T any](ctx context.Context, read func() (T, error)) iter.Seq2[[]T, error] {
	return func(yield func([]T, error) bool) {
		left := make(chan struct{})
		defer close(left)
		source := startReading(read, left)

		for {
			select {
			case <-ctx.Done():
				yield(nil, ctx.Err())
				return
			case first, ok := <-source:
				if !ok {
					return
				}
				chunk, err := gather(make([]T, 0, chunkSize), first, source)
				if len(chunk) > 0 && !yield(chunk, nil) {
					return
				}
				if err != nil {
					yield(nil, err)
					return
				}
			}
		}
	}
}

// item is what one read gave.
type item[T any] struct {
	value T
	err   error
}

// startReading reads into a channel until the end, an error, or left is closed.
func startReading[T any](read func() (T, error), left <-chan struct{}) <-chan item[T] {
	source := make(chan item[T], chunkSize)
	go func() {
		defer close(source)
		for {
			value, err := read()
			if err == io.EOF || isClosed(left) {
				return
			}
			select {
			case source <- item[T]{value, err}:
			case <-left:
				return
			}
			if err != nil {
				return
			}
		}
	}()
	return source
}

func isClosed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}

// gather fills chunk with first and with what waits in source, stopping at an error.
func gather[T any](chunk []T, first item[T], source <-chan item[T]) ([]T, error) {
	next, ok := first, true
	for ok {
		if next.err != nil {
			return chunk, next.err
		}
		chunk = append(chunk, next.value)
		if len(chunk) == chunkSize {
			return chunk, nil
		}
		select {
		case next, ok = <-source:
		default:
			return chunk, nil
		}
	}
	return chunk, nil
}

package native

import (
	"errors"
	"slices"
	"sync"
	"testing"

	"github.com/crossrank/crossrank/internal/network/sample"
)

// TestReplicasShareTheWeights has an engine and its replicas compute at once, and outlive each
// other.
func TestReplicasShareTheWeights(t *testing.T) {
	first := open(t, 1)
	replicas := []*Engine{first.Replica(1, nil), first.Replica(2, nil)}
	for i, r := range replicas {
		defer r.Close()
		if r.model != first.model {
			t.Errorf("replica %d has weights of its own", i)
		}
		if got := r.Threads(); got != i+1 {
			t.Errorf("replica %d: got %d threads, want %d", i, got, i+1)
		}
	}
	seqs := sample.Sequences(7, small(), 12, 40, 3, 25)
	want := logits(t, first, seqs)
	var together sync.WaitGroup
	for i, e := range append(replicas, first) {
		together.Go(func() {
			for range 3 {
				got := make([]float32, len(seqs))
				if err := e.Logits(seqs, got); err != nil || !slices.Equal(got, want) {
					t.Errorf("engine %d: got %v, %v, want %v as from the first alone", i, got, err, want)
				}
			}
		})
	}
	together.Wait()

	if err := first.Close(); err != nil {
		t.Fatal(err)
	}
	if err := first.Logits(seqs, make([]float32, len(seqs))); !errors.Is(err, ErrClosed) {
		t.Errorf("the first, closed: got error %v, want ErrClosed", err)
	}
	if got := logits(t, replicas[0], seqs); !slices.Equal(got, want) {
		t.Errorf("once the first is closed: got %v, want %v", got, want)
	}
}

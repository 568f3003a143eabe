package webgpu

import (
	"cmp"
	"fmt"
	"slices"

	"github.com/crossrank/crossrank/internal/network"
)

// compareTiles computes a batch with the tile that was chosen for many rows and then with the one
// for few. What is compared with plain Go are few rows, so if the two have other scores, the latter
// is used for all. It comes second, so that its results cannot be taken for those of the other one.
func (s *session) compareTiles() error {
	if !slices.ContainsFunc(s.steps, func(st step) bool { return st.few != nil }) {
		return nil
	}
	few, many := newInput(s), newInput(s)
	for i := range fewRows + 1 {
		q := network.Sequence{IDs: []int32{int32(i % s.m.n.Embeddings.Tokens.Rows)}}
		if !many.fits(q) {
			return nil // all batches are of few rows
		}
		if many.add(q); i < fewRows {
			few.add(q)
		}
	}
	var got, want [fewRows + 1]float32
	if err := cmp.Or(s.compute(many, got[:], nil), s.compute(few, want[:], nil)); err != nil {
		return fmt.Errorf("computing %d tokens on %s: %w", fewRows+1, s.adapter.name, err)
	}
	if slices.Compare(got[:fewRows], want[:fewRows]) != 0 {
		s.useSmallTile()
	}
	return nil
}

func (s *session) useSmallTile() {
	for i := range s.steps {
		if few := s.steps[i].few; few != nil {
			s.steps[i] = *few
		}
	}
	t := s.m.tuned
	t.how = fmt.Sprintf("those of %v have other scores on this device", t.tile)
	t.tile = s.smallTile()
}

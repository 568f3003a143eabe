package native

import (
	"slices"

	"github.com/crossrank/crossrank/internal/network"
)

// shortestPrefix is the fewest tokens that are worth sharing.
const shortestPrefix = 8

// sharer finds what the sequences of a batch share. Its memory is reused by the next batch.
type sharer struct {
	inputs []input
	wanted []wanted
	of     []int   // for each input its place in wanted, or -1
	fills  []input // that compute the prefixes which are missing
	none   []float32
}

// wanted is the beginning of some sequences of a batch.
type wanted struct {
	ids    []int32
	uses   int
	prefix *prefix // nil: none, the sequences are computed whole
	from   int     // tokens of it that are used
}

// share makes the inputs of a batch, once the prefixes that they need have been computed.
func (e *Engine) share(seqs []network.Sequence) ([]input, error) {
	s := &e.sharer
	s.inputs = s.inputs[:0]
	for _, q := range seqs {
		s.inputs = append(s.inputs, input{Sequence: q})
	}
	if e.prefixes == nil {
		return s.inputs, nil
	}
	s.find(seqs)
	e.lookUp()
	if err := e.fill(); err != nil {
		return nil, err
	}
	saved := 0
	for i := range s.inputs {
		if at := s.of[i]; at >= 0 {
			s.inputs[i].prefix, s.inputs[i].from = s.wanted[at].prefix, s.wanted[at].from
			saved += s.wanted[at].from
		}
	}
	for i := range s.fills {
		saved -= s.fills[i].Rows()
	}
	e.prefixes.count(saved)
	return s.inputs, nil
}

// find lists the beginnings of the sequences: the query's side of each. The last token is none of
// it, since the head reads its row.
func (s *sharer) find(seqs []network.Sequence) {
	s.wanted, s.of = s.wanted[:0], s.of[:0]
	for _, q := range seqs {
		ids := q.IDs[:min(q.TypeBoundary, len(q.IDs)-1)]
		if len(ids) < shortestPrefix {
			s.of = append(s.of, -1)
			continue
		}
		at := slices.IndexFunc(s.wanted, func(w wanted) bool { return slices.Equal(w.ids, ids) })
		if at < 0 {
			at = len(s.wanted)
			s.wanted = append(s.wanted, wanted{ids: ids})
		}
		s.wanted[at].uses++
		s.of = append(s.of, at)
	}
}

// lookUp finds a prefix for each beginning, and lists those that are to be computed. What a single
// sequence wants is computed if nothing like it is kept, so that the next query finds its system
// message and instruction; but once a batch, since a batch of many queries would keep them all.
func (e *Engine) lookUp() {
	s, room, alone := &e.sharer, e.prefixes.most, false
	s.fills = s.fills[:0]
	for i := range s.wanted {
		w := &s.wanted[i]
		var near *prefix
		near, w.from = e.prefixes.find(w.ids)
		w.prefix = near
		if w.from == len(w.ids) || w.uses == 1 && (alone || 2*w.from >= len(w.ids)) {
			continue
		}
		bytes := e.model.prefixBytes(len(w.ids))
		if room -= bytes; room < 0 {
			continue
		}
		alone = alone || w.uses == 1
		w.prefix = e.model.newPrefix(w.ids)
		if w.from > 0 {
			e.model.copyPrefix(w.prefix, near, w.from)
		}
		s.fills = append(s.fills, input{Sequence: network.Sequence{IDs: w.ids}, prefix: near, from: w.from, fill: w.prefix})
		w.from = len(w.ids)
	}
	for i := range s.wanted {
		if w := &s.wanted[i]; w.from == 0 {
			w.prefix = nil
		}
	}
}

// fill computes the prefixes that are missing, and keeps them for later batches.
func (e *Engine) fill() error {
	s := &e.sharer
	if len(s.fills) == 0 {
		return nil
	}
	s.none = slices.Grow(s.none[:0], len(s.fills))[:len(s.fills)]
	err := e.run(s.fills, s.none)
	for i := range s.fills {
		if err == nil {
			e.prefixes.add(s.fills[i].fill)
		}
	}
	return err
}

// forget drops what a batch refers to.
func (s *sharer) forget() {
	clear(s.inputs)
	clear(s.wanted)
	clear(s.fills)
}

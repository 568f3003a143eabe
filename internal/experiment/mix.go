package experiment

import (
	"fmt"
	"math"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/definition"
	"github.com/crossrank/crossrank/internal/load"
	"github.com/crossrank/crossrank/internal/results"
)

// mixture is a mix whose requests can be made.
type mixture struct {
	words  string          // description for the results
	counts []int           // documents of each request
	at     []time.Duration // when each was sent; nil if that is not recorded
	make   func(pairs []crossrank.Pair) ([][]crossrank.Pair, error)
}

// mixtureOf reads the file of a mix, if it has one, or draws how many documents its requests have.
func mixtureOf(m definition.Mix) (*mixture, error) {
	if m.File == "" {
		drawn := load.Mix{
			Documents: load.Distribution(m.Documents), QueryWords: load.Distribution(m.QueryWords),
			DocumentWords: load.Distribution(m.DocumentWords), Seed: uint64(m.Seed),
		}
		return &mixture{words: drawn.String(), counts: drawn.Counts(), make: drawn.Requests}, nil
	}
	r, err := load.ReadRequests(m.File)
	if err != nil {
		return nil, err
	}
	counts := r.Counts()
	words := fmt.Sprintf("%d requests of %s, %s", len(counts), results.PublicPath(m.File), r.Hash)
	return &mixture{words: words, counts: counts, at: r.At, make: r.Requests}, nil
}

// mean is the mean number of documents of a request, rounded.
func (m *mixture) mean() int {
	total := 0
	for _, n := range m.counts {
		total += n
	}
	return max(1, int(math.Round(float64(total)/float64(len(m.counts)))))
}

// checkMixes returns an error for a mix whose requests cannot be made or sent, before anything is
// started.
func checkMixes(sw definition.Sweep, pairs []crossrank.Pair) error {
	for _, v := range sw.Variants {
		e := v.Settings.Experiment
		if !e.Mix.Given() {
			continue
		}
		m, err := mixtureOf(e.Mix)
		if err != nil {
			return fmt.Errorf("experiment.mix: %w", err)
		}
		if e.Arrival.Process == "replay" && e.Arrival.Trace == "" && m.at == nil {
			return fmt.Errorf(`experiment.arrival: the requests of %s do not say when they were sent ("at"); a replay then needs a trace`, e.Mix.File)
		}
		if _, err := m.make(pairs); err != nil {
			return fmt.Errorf("experiment.mix: %w", err)
		}
	}
	return nil
}

// mixOf makes the requests of a configuration, if it has a mix. Recorded is when those of a file
// were sent.
func mixOf(c configuration, pairs []crossrank.Pair) (requests [][]crossrank.Pair, recorded []time.Duration, err error) {
	if !c.settings.Experiment.Mix.Given() {
		return nil, nil, nil
	}
	m, err := mixtureOf(c.settings.Experiment.Mix)
	if err != nil {
		return nil, nil, fmt.Errorf("experiment.mix: %w", err)
	}
	requests, err = m.make(pairs)
	return requests, m.at, err
}

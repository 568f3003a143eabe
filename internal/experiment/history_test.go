package experiment

import (
	"slices"
	"testing"
	"time"

	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/state"
)

func TestSamplesOfAConfiguration(t *testing.T) {
	start := time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
	at := func(ms int) time.Time { return start.Add(time.Duration(ms) * time.Millisecond) }
	var samples []results.Sample // intervals of half a second that end at 500, 1000, … 3000
	for ms := 500; ms <= 3000; ms += 500 {
		samples = append(samples, results.Sample{Sample: state.Sample{Time: at(ms), IntervalS: 0.5}})
	}
	for _, test := range []struct {
		name         string
		began, ended int
		want         []int
	}{
		{"only intervals wholly inside", 700, 2600, []int{1500, 2000, 2500}},
		{"edges count as inside", 1000, 2000, []int{1500, 2000}},
		{"too short for one inside: those that touch", 900, 1300, []int{1000, 1500}},
		{"within one interval", 1100, 1200, []int{1500}},
		{"after the last sample", 3100, 3200, nil},
	} {
		t.Run(test.name, func(t *testing.T) {
			var got []int
			for _, s := range within(samples, at(test.began), at(test.ended)) {
				got = append(got, int(s.Time.Sub(start).Milliseconds()))
			}
			if !slices.Equal(got, test.want) {
				t.Errorf("got samples that end at %v, want %v", got, test.want)
			}
		})
	}
}

//go:build race

package pipeline

// raceEnabled says that the race detector is on, under which sync.Pool drops items at random.
const raceEnabled = true

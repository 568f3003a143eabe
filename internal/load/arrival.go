package load

import (
	"bufio"
	"fmt"
	"math"
	"math/rand/v2"
	"os"
	"strconv"
	"strings"
	"time"
)

// Arrivals says when the requests of an open loop are sent. The same Arrivals give the same
// schedule on every machine.
type Arrivals struct {
	// Process is constant, poisson, gamma or replay.
	Process string

	// Rate is requests per second. A replay without one keeps the speed of its trace.
	Rate float64

	// RampTo, if it is not 0, is the rate at the end of the schedule's duration, which it needs. The
	// rate moves there evenly. A replay has none.
	RampTo float64

	// Shape is k of the gamma process, whose gaps have a standard deviation of 1/√k of their mean:
	// 1 is a Poisson process, less is burstier, more is steadier.
	Shape float64

	// Seed chooses the gaps of a random process.
	Seed uint64

	// Trace is when the requests of a replay are sent, counted from the first; [ReadTrace] reads
	// it.
	Trace []time.Duration
}

// maxSchedule bounds a schedule, which is kept in memory.
const maxSchedule = 10_000_000

// Schedule returns when each request is due, counted from the beginning: n requests, or those
// within the duration d, or the fewer of them if both are given.
func (a Arrivals) Schedule(n int, d time.Duration) ([]time.Duration, error) {
	if n <= 0 && d <= 0 {
		return nil, fmt.Errorf("a schedule needs a number of requests or a duration")
	}
	next, err := a.times()
	if err != nil {
		return nil, err
	}
	if a.RampTo > 0 {
		if d <= 0 || a.Process == "replay" {
			return nil, fmt.Errorf("a ramp of the rate needs a duration, and arrivals that are no replay")
		}
		next = a.ramped(next, d)
	}
	var schedule []time.Duration
	for i := 0; n <= 0 || i < n; i++ {
		seconds := next(i)
		if d > 0 && seconds >= d.Seconds() {
			break
		}
		if seconds > math.MaxInt64/1e9/2 {
			return nil, fmt.Errorf("at %g requests per second, request %d would be sent after centuries", a.Rate, i)
		}
		at := time.Duration(seconds * 1e9)
		if i == maxSchedule {
			return nil, fmt.Errorf("a schedule of more than %d requests is too long", maxSchedule)
		}
		schedule = append(schedule, at)
	}
	if len(schedule) == 0 {
		return nil, fmt.Errorf("no request would be sent within %v at this rate", d)
	}
	return schedule, nil
}

// times returns a function that is called with 0, 1, 2, … and returns when those requests are due,
// in seconds.
func (a Arrivals) times() (func(i int) float64, error) {
	if a.Process == "replay" {
		return a.replay()
	}
	if !(a.Rate > 0) {
		return nil, fmt.Errorf("%s arrivals need a rate above 0", a.Process)
	}
	rng := rand.New(rand.NewPCG(a.Seed, 0x5eed))
	gap := func() float64 { return rng.ExpFloat64() / a.Rate }
	switch a.Process {
	case "constant":
		return func(i int) float64 { return float64(i) / a.Rate }, nil
	case "poisson":
	case "gamma":
		if !(a.Shape > 0) {
			return nil, fmt.Errorf("gamma arrivals need a shape above 0")
		}
		gap = func() float64 { return gamma(rng, a.Shape) / (a.Shape * a.Rate) }
	default:
		return nil, fmt.Errorf("arrivals are constant, poisson, gamma or replay, not %q", a.Process)
	}
	at := 0.0
	return func(int) float64 {
		at += gap()
		return at
	}, nil
}

// replay goes through the trace again and again; one mean gap separates its last request and its
// first.
func (a Arrivals) replay() (func(i int) float64, error) {
	n := len(a.Trace)
	if n < 2 {
		return nil, fmt.Errorf("a trace of %d requests cannot be replayed; it needs 2 at least", n)
	}
	first, span := a.Trace[0], (a.Trace[n-1] - a.Trace[0]).Seconds()
	if span <= 0 {
		return nil, fmt.Errorf("a trace whose requests are all sent at once cannot be replayed")
	}
	period, faster := span*float64(n)/float64(n-1), 1.0
	if a.Rate > 0 {
		faster = a.Rate * period / float64(n)
	}
	return func(i int) float64 {
		return (float64(i/n)*period + (a.Trace[i%n] - first).Seconds()) / faster
	}, nil
}

// gamma draws from the gamma distribution of shape k and scale 1: Marsaglia and Tsang, "A Simple
// Method for Generating Gamma Variables", 2000. For k < 1 it draws from that of k+1 and multiplies
// by U^(1/k).
func gamma(rng *rand.Rand, k float64) float64 {
	if k < 1 {
		return gamma(rng, k+1) * math.Pow(1-rng.Float64(), 1/k)
	}
	d := k - 1.0/3
	c := 1 / math.Sqrt(9*d)
	for {
		x := rng.NormFloat64()
		v := 1 + c*x
		if v <= 0 {
			continue
		}
		v *= v * v
		if math.Log(1-rng.Float64()) < x*x/2+d-d*v+d*math.Log(v) {
			return d * v
		}
	}
}

// ReadTrace reads when the requests of a trace were sent: one time per line, in seconds from any
// beginning, never decreasing. Empty lines and lines that begin with # are skipped.
func ReadTrace(path string) ([]time.Duration, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading a trace: %w", err)
	}
	defer f.Close()
	var trace []time.Duration
	in := bufio.NewScanner(f)
	for n := 1; in.Scan(); n++ {
		line := strings.TrimSpace(in.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		seconds, err := strconv.ParseFloat(line, 64)
		if err != nil || !(math.Abs(seconds) < 1e9) {
			return nil, fmt.Errorf("%s:%d: %q is not a time in seconds", path, n, line)
		}
		at := time.Duration(seconds * 1e9)
		if len(trace) > 0 && at < trace[len(trace)-1] {
			return nil, fmt.Errorf("%s:%d: %v is before the time of the line above; sort the times", path, n, at)
		}
		if trace = append(trace, at); len(trace) > maxSchedule {
			return nil, fmt.Errorf("%s:%d: a trace of more than %d requests is too long", path, n, maxSchedule)
		}
	}
	if err := in.Err(); err != nil {
		return nil, fmt.Errorf("reading the trace %s: %w", path, err)
	}
	return trace, nil
}

package native

import (
	"fmt"
	"math"
	"runtime"
	"sync"
	"syscall"
	"testing"
	"time"
	"unsafe"

	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/network/sample"
)

// simulation computes a plan for many cores on one: its workers run one after another, each alone
// from one wait to the next, and each such stretch is timed in CPU time. On cores of their own they
// would run at once, so a pass takes as long as the slowest worker of each stretch. Waits
// themselves, and what cores take from each other, are not in these times.
type simulation struct {
	turns     []chan struct{} // of one team's workers
	stretches [][]time.Duration
}

// runner is one worker of a simulation, where it waits for the others.
type runner struct {
	*simulation
	index, stretch int
	started        time.Duration
}

// begin waits for the worker's turn.
func (r *runner) begin() {
	<-r.turns[r.index]
	r.started = threadTime()
}

// end times the stretch, keeps the least of all rounds, and gives the turn to the next worker.
func (r *runner) end() {
	took := threadTime() - r.started
	times := &r.stretches[r.index]
	if r.stretch == len(*times) {
		*times = append(*times, took)
	}
	(*times)[r.stretch] = min((*times)[r.stretch], took)
	r.stretch++
	r.turns[(r.index+1)%len(r.turns)] <- struct{}{}
}

func (r *runner) wait() {
	r.end()
	r.begin()
}

// time is that of a pass.
func (s *simulation) time() time.Duration {
	var sum time.Duration
	for i := range s.stretches[0] {
		most := time.Duration(0)
		for _, times := range s.stretches {
			most = max(most, times[i])
		}
		sum += most
	}
	return sum
}

// threadTime is the CPU time of the calling thread.
func threadTime() time.Duration {
	const clockThread = 3 // CLOCK_THREAD_CPUTIME_ID
	var t syscall.Timespec
	if _, _, err := syscall.Syscall(syscall.SYS_CLOCK_GETTIME, clockThread, uintptr(unsafe.Pointer(&t)), 0); err != 0 {
		panic(err)
	}
	return time.Duration(t.Nano())
}

// newSimulations makes those of a plan's teams.
func newSimulations(p plan) []*simulation {
	teams := make([]*simulation, p.teams)
	for i := range teams {
		s := &simulation{stretches: make([][]time.Duration, p.size)}
		for range p.size {
			s.turns = append(s.turns, make(chan struct{}, 1))
		}
		teams[i] = s
	}
	return teams
}

// round computes a batch once. It keeps the least times of all rounds.
func round(e *Engine, seqs []network.Sequence, out []float32, p plan, teams []*simulation) {
	e.sort(inputsOf(seqs))
	e.assign(inputsOf(seqs), p)
	for team, s := range teams {
		members := e.workers[team*p.size:][:p.size]
		s.turns[0] <- struct{}{}
		var wg sync.WaitGroup
		for i, w := range members {
			wg.Go(func() {
				runtime.LockOSThread()
				r := &runner{simulation: s, index: i}
				r.begin()
				e.model.forward(w.pass.scratch, w.workspace, e.partOf(p, i, r), w.pass.seqs, w.pass.logits)
				r.end()
			})
		}
		wg.Wait()
		<-s.turns[0]
		members[0].collect(out)
	}
}

// slowest is the time of the slowest team.
func slowest(teams []*simulation) time.Duration {
	most := time.Duration(0)
	for _, s := range teams {
		most = max(most, s.time())
	}
	return most
}

// TestSimulation: what is timed is the real computation.
func TestSimulation(t *testing.T) {
	e := open(t, 6)
	seqs := sample.Sequences(1, small(), 80, 3, 120, 41)
	want, got := logits(t, e, seqs), make([]float32, len(seqs))
	for _, p := range []plan{{1, 6, 1}, {2, 3, 1}, {3, 2, 1}, {4, 1, 1}} {
		teams := newSimulations(p)
		for range 2 {
			round(e, seqs, got, p, teams)
			for i := range got {
				if got[i] != want[i] {
					t.Errorf("%+v: logit %d is %g, want %g", p, i, got[i], want[i])
				}
			}
		}
		if slowest(teams) <= 0 {
			t.Errorf("%+v took no time", p)
		}
	}
}

// BenchmarkManyCores simulates MiniLM-L-6 on many cores. It reports the part of linear speed: the
// time of one core, over the cores and the time that they take.
func BenchmarkManyCores(b *testing.B) {
	n := sample.Network(42, miniLM)
	pairs := make([]int, 32)
	for i := range pairs {
		pairs[i] = 40 + (i*37%32)*80/31
	}
	for _, load := range []struct {
		name    string
		lengths []int
	}{{"pairs=32", pairs}, {"pairs=1/tokens=80", []int{80}}, {"pairs=4", []int{80, 60, 100, 90}}} {
		seqs := sample.Sequences(1, n, load.lengths...)
		for _, precision := range Precisions {
			one := start(b, n, Options{Threads: 1, Precision: precision})
			for _, cores := range []int{2, 4, 8, 16, 32, 64, 128} {
				b.Run(fmt.Sprintf("%s/precision=%s/cores=%d/tier=%s", load.name, precision, cores, one.Tier()), func(b *testing.B) {
					e := many(b, one, cores)
					p := e.plan(inputsOf(seqs))
					alone, teams := newSimulations(plan{1, 1, 1}), newSimulations(p)
					out := make([]float32, len(seqs))
					for b.Loop() {
						round(one, seqs, out, plan{1, 1, 1}, alone)
						round(e, seqs, out, p, teams)
					}
					linear := slowest(alone).Seconds() / float64(cores)
					b.ReportMetric(linear/slowest(teams).Seconds(), "of-linear")
					b.ReportMetric(e.planner.predict(inputsOf(seqs), e.order, plan{1, 1, 1})/float64(cores)/e.planner.predict(inputsOf(seqs), e.order, p), "predicted")
					b.ReportMetric(float64(p.teams), "teams")
					b.ReportMetric(float64(p.size), "cores/team")
					b.ReportMetric(float64(p.columns), "columns")
					b.ReportMetric(math.Round(slowest(teams).Seconds()*1e6)/1e3, "ms/batch")
				})
			}
			one.Close()
		}
	}
}

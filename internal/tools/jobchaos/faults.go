package main

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"time"
)

// faults measures a job without faults, then one with them, then one without them again, and
// compares the bytes of each with those of a single process.
func (h *harness) faults(ctx context.Context) (err error) {
	const words = 24 // so many that no pair comes twice, and the cache of scores has no use
	if err := h.pairs(h.rows, words); err != nil {
		return err
	}
	h.say("one process scores %d pairs", h.rows)
	single, err := h.start(exec.Command(h.program, "score", "-m", h.path("model"), "-i", h.path("pairs.jsonl"),
		"-o", h.path("single.jsonl")), "single.log")
	if err != nil {
		return err
	}
	if err := single.wait(ctx); err != nil {
		return err
	}
	output, err := os.Stat(h.path("single.jsonl"))
	if err != nil {
		return err
	}
	net, err := newNetwork(ctx, workers)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, net.close()) }()
	disk, err := newDisk(h.path("disk"), 3*output.Size()+64<<20) // three jobs at most, and what the killed leave
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, disk.close()) }()

	r := &faultRecord{Workers: workers, Network: net.String(), Bytes: output.Size(), Single: single.cpu().Seconds()}
	h.record.Faults = r
	var calm [2]outcome
	if calm[0], err = h.job(ctx, net, disk, "before", nil); err != nil {
		return err
	}
	events := h.plan(r, disk.mounted, calm[0].took)
	faulty, err := h.job(ctx, net, disk, "faults", events)
	if err != nil {
		return err
	}
	if calm[1], err = h.job(ctx, net, disk, "after", nil); err != nil {
		return err
	}
	r.Calm, r.CalmCPU = mean(calm, func(o outcome) time.Duration { return o.took }), mean(calm, func(o outcome) time.Duration { return o.cpu })
	r.CalmAlive = mean(calm, func(o outcome) time.Duration { return o.alive })
	r.Seconds, r.CPU, r.Alive = faulty.took.Seconds(), faulty.cpu.Seconds(), faulty.alive.Seconds()
	r.Left = faulty.left
	h.say("%s", r)
	return nil
}

func mean(of [2]outcome, value func(outcome) time.Duration) float64 {
	return (value(of[0]) + value(of[1])).Seconds() / 2
}

// outcome is what a job came to.
type outcome struct {
	took, alive, cpu time.Duration
	left             int // temporary files in the folder at the end
}

// job runs a job under events and compares its output.
func (h *harness) job(ctx context.Context, net network, disk *disk, name string, events []event) (o outcome, err error) {
	f := &fleet{h: h, net: net, disk: disk, folder: filepath.Join(disk.dir, name)}
	if _, err := h.submit(ctx, f.folder, 1); err != nil {
		return o, err
	}
	h.say("%d workers in %s: %s", workers, net, name)
	if o.took, err = f.run(ctx, events); err != nil {
		return o, err
	}
	o.alive, o.cpu = f.alive, f.cpu
	left, err := filepath.Glob(filepath.Join(f.folder, ".part-*"))
	if err != nil {
		return o, err
	}
	o.left = len(left)
	h.say("complete after %v, %v of working workers, %v of CPU", o.took.Round(time.Millisecond), o.alive.Round(time.Millisecond), o.cpu)
	return o, errors.Join(same(f.folder, h.path("single.jsonl")), os.RemoveAll(f.folder))
}

// plan spreads the faults over the time that the job takes without them. It counts in r what really
// happens: a job may be complete before its last fault.
func (h *harness) plan(r *faultRecord, canFill bool, calm time.Duration) []event {
	random := rand.New(rand.NewPCG(h.seed, uint64(h.kills)))
	var events []event
	for range h.kills { // over about the time that the job takes with them
		events = append(events, event{time.Duration(random.Int64N(int64(calm * 4 / 3))), func(f *fleet) error { return r.kill(f, random) }})
	}
	if h.partition > 0 {
		i, at := random.IntN(workers), calm/5
		events = append(events,
			event{at, func(f *fleet) error { return f.cut(i) }},
			event{at + h.partition, func(f *fleet) error { r.Partition = h.partition.Seconds(); return f.heal(i) }})
	}
	if h.full > 0 && canFill {
		at := calm * 3 / 5
		events = append(events,
			event{at, (*fleet).fill},
			event{at + h.full, func(f *fleet) error { r.Full = h.full.Seconds(); return f.free() }})
	}
	slices.SortStableFunc(events, func(a, b event) int { return int(a.at - b.at) })
	return events
}

// kill kills the queue, one time of four, or a worker.
func (r *faultRecord) kill(f *fleet, random *rand.Rand) error {
	if random.IntN(4) == 0 {
		lose := random.IntN(2) == 0
		r.QueueKills++
		if lose {
			r.QueuesLost++
		}
		return f.killQueue(lose)
	}
	first, down := random.IntN(workers), time.Duration(random.Int64N(int64(2*time.Second)))
	for i := range workers {
		if f.killWorker((first+i)%workers, down) {
			r.WorkerKills++
			return nil
		}
	}
	return nil // all are dead already
}

// same compares the parts of a job, in their order, with a file.
func same(folder, file string) (err error) {
	names, err := filepath.Glob(filepath.Join(folder, "part-*.jsonl")) // sorted
	if err != nil {
		return err
	}
	want, err := os.Open(file)
	if err != nil {
		return err
	}
	defer want.Close()
	expected := bufio.NewReaderSize(want, 1<<20)
	for _, name := range names {
		part, err := os.ReadFile(name)
		if err != nil {
			return err
		}
		here := make([]byte, len(part))
		if _, err := io.ReadFull(expected, here); err != nil || string(here) != string(part) {
			return fmt.Errorf("%s differs from the output of one process (%v)", filepath.Base(name), err)
		}
	}
	if _, err := expected.ReadByte(); err != io.EOF {
		return errors.New("the output ends before that of one process")
	}
	return nil
}

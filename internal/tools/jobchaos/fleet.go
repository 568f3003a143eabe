package main

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"os"
	"time"
)

// workers is how many workers share a job.
const workers = 3

// fleet is a queue and the workers of one job. It is for one goroutine.
type fleet struct {
	h      *harness
	net    network
	disk   *disk
	folder string
	addr   string // of the queue
	queue  *process
	list   [workers]*worker
	full   bool // the disk is

	alive time.Duration // summed over workers that run, are connected and can store
	cpu   time.Duration // of processes that have ended
}

// worker is one place of the fleet.
type worker struct {
	*process
	cut  bool
	back time.Time // when a killed worker starts again; zero for others
}

// event is something that happens to a fleet.
type event struct {
	at time.Duration // after the start
	do func(*fleet) error
}

// run starts everything and lets it work until the job is complete. The events must be in order.
func (f *fleet) run(ctx context.Context, events []event) (took time.Duration, err error) {
	defer func() { err = errors.Join(err, f.stop()) }()
	if err := os.RemoveAll(f.h.path("queue")); err != nil {
		return 0, err
	}
	if err := f.startQueue(f.net.listen()); err != nil {
		return 0, err
	}
	for i := range f.list {
		f.list[i] = &worker{}
		if err := f.startWorker(i); err != nil {
			return 0, err
		}
	}
	began := time.Now()
	for last := began; ; {
		if err := ctx.Err(); err != nil {
			return 0, context.Cause(ctx)
		}
		time.Sleep(10 * time.Millisecond)
		now := time.Now()
		f.alive += time.Duration(f.working()) * now.Sub(last)
		last = now
		for len(events) > 0 && now.Sub(began) >= events[0].at {
			if err := events[0].do(f); err != nil {
				return 0, err
			}
			events = events[1:]
		}
		if done, err := f.check(now); err != nil || done {
			return now.Sub(began), err
		}
	}
}

// working counts the workers that can work.
func (f *fleet) working() (n int) {
	for _, w := range f.list {
		if w.back.IsZero() && w.running() && !w.cut && !f.full {
			n++
		}
	}
	return n
}

// check starts workers again whose time has come, and reports whether all have ended by themselves.
func (f *fleet) check(now time.Time) (done bool, err error) {
	done = true
	for i, w := range f.list {
		switch {
		case !w.back.IsZero() && now.After(w.back):
			if err := f.startWorker(i); err != nil {
				return false, err
			}
			done = false
		case !w.back.IsZero(), w.running():
			done = false
		case w.err != nil:
			return false, fmt.Errorf("worker %d ended with %w: %s", i, w.err, w.tail())
		}
	}
	return done, nil
}

func (f *fleet) startQueue(listen string) error {
	p, address, err := f.h.queue(listen)
	if err != nil {
		return err
	}
	u, err := url.Parse(address)
	if err != nil {
		return err
	}
	f.queue, f.addr = p, u.Host
	return nil
}

func (f *fleet) startWorker(i int) error {
	addr, err := f.net.connect(i, f.addr)
	if err != nil {
		return err
	}
	cmd := f.net.command(i, f.h.program, "job", "work", f.folder, "--queue", "nats://"+addr, "--threads", "1")
	cmd.Env = append(os.Environ(), token)
	f.list[i].process, err = f.h.start(cmd, fmt.Sprintf("worker%d.log", i))
	f.list[i].back = time.Time{}
	return err
}

// killWorker kills a worker, which starts again after a time. It reports false if it does not run.
func (f *fleet) killWorker(i int, down time.Duration) bool {
	w := f.list[i]
	if !w.back.IsZero() || !w.running() {
		return false
	}
	w.kill()
	f.cpu += w.cpu()
	w.back = time.Now().Add(down)
	return true
}

// killQueue kills the queue and starts it again at its address, with or without what it stored.
func (f *fleet) killQueue(lose bool) error {
	f.queue.kill()
	if lose {
		if err := os.RemoveAll(f.h.path("queue")); err != nil {
			return err
		}
	}
	return f.startQueue(f.addr)
}

// cut cuts a worker off from the queue.
func (f *fleet) cut(i int) error {
	f.h.say("worker %d is cut off", i)
	f.list[i].cut = true
	return f.net.cut(i)
}

// heal connects a worker again, unless it is connected.
func (f *fleet) heal(i int) error {
	if !f.list[i].cut {
		return nil
	}
	f.h.say("worker %d is connected again", i)
	f.list[i].cut = false
	return f.net.heal(i)
}

// fill fills the disk.
func (f *fleet) fill() error {
	f.h.say("the disk is full")
	f.full = true
	return f.disk.fill()
}

// free gives the disk space again, unless it has some.
func (f *fleet) free() error {
	if !f.full {
		return nil
	}
	f.h.say("the disk has space again")
	f.full = false
	return f.disk.free()
}

// stop ends what still runs, and the faults.
func (f *fleet) stop() error {
	err := f.free()
	for i, w := range f.list {
		if w == nil || w.process == nil {
			continue
		}
		if w.back.IsZero() {
			w.kill()
			f.cpu += w.cpu()
		}
		err = errors.Join(err, f.heal(i))
	}
	if f.queue != nil {
		f.queue.kill()
	}
	return err
}

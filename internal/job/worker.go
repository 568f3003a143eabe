package job

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"sync"
	"time"

	"github.com/crossrank/crossrank"
)

// Worker computes the shards that its source gives.
type Worker struct {
	Job      *Job
	Scorer   crossrank.Scorer
	Source   Source
	Parallel int // shards at once, so that one is read while another is scored
	Cores    int // that it uses, for the cost of the job
	Log      *slog.Logger

	// Patience is how long the storage or the scorer may fail before the worker gives up.
	Patience time.Duration

	mu      sync.Mutex
	started time.Time
	rows    int64 // scored
	parts   int   // stored
	held    map[*Held]bool
	failed  []string
	trouble time.Time // since when no shard has succeeded; zero if the last one did
}

// Held is a shard that a worker holds.
type Held struct {
	Shard   int       `json:"shard"`
	Rows    int       `json:"rows"` // of it
	Done    int       `json:"done"` // of these
	Started time.Time `json:"started"`
}

// Failures are the shards that cannot be computed.
type Failures struct{ Reasons []string }

// Error names the first ones.
func (e *Failures) Error() string {
	n := len(e.Reasons)
	if n == 1 {
		return "1 shard failed: " + e.Reasons[0]
	}
	return fmt.Sprintf("%d shards failed; the first: %s", n, e.Reasons[0])
}

// ErrCanceled ends a worker whose job was canceled.
var ErrCanceled = errors.New("the job was canceled; submit it again to continue it")

// Run works until the source is empty. Its error is a [*Failures] if shards are left that cannot be
// computed, or what keeps this worker from going on.
func (w *Worker) Run(ctx context.Context) error {
	ctx, stop := context.WithCancelCause(ctx)
	defer stop(nil)
	w.mu.Lock()
	w.started, w.held = time.Now(), map[*Held]bool{}
	w.mu.Unlock()
	w.clean(ctx)
	var loops sync.WaitGroup
	for range max(1, w.Parallel) {
		loops.Go(func() {
			if err := w.loop(ctx); err != nil {
				stop(err)
			}
		})
	}
	loops.Wait()
	if err := context.Cause(ctx); err != nil {
		return err
	}
	w.clean(ctx)
	if len(w.failed) > 0 {
		return &Failures{w.failed}
	}
	return nil
}

// clean removes what killed workers have left. It is no reason to fail.
func (w *Worker) clean(ctx context.Context) {
	n, err := w.Job.clean(ctx)
	if err != nil && ctx.Err() == nil {
		w.Log.Warn("temporary files of killed workers may be left", "error", err)
	}
	if n > 0 {
		w.Log.Info("removed temporary files of killed workers", "files", n)
	}
}

func (w *Worker) loop(ctx context.Context) error {
	for {
		canceled, err := w.Job.Canceled(ctx)
		if err == nil && canceled {
			return ErrCanceled
		}
		if err != nil { // the storage fails, and the next shard would too
			if err := w.wait(ctx, err); err != nil {
				return err
			}
			continue
		}
		task, err := w.Source.Next(ctx)
		if err == io.EOF {
			return nil
		}
		if err != nil {
			return err
		}
		if err := w.work(ctx, task); err != nil {
			return err
		}
	}
}

// work computes a shard and ends its task.
func (w *Worker) work(ctx context.Context, task Task) error {
	shard := task.Shard()
	held := &Held{Shard: shard, Rows: w.Job.Shards[shard].Rows, Started: time.Now()}
	w.hold(held)
	stop := renew(task)
	err := w.Job.Compute(ctx, w.Scorer, shard, func(n int) { w.progress(held, n) })
	stop()
	w.drop(held, err == nil)

	_, wrong := errors.AsType[*ShardError](err)
	_, changed := errors.AsType[*ChangedError](err)
	switch {
	case err == nil:
		return w.end(task.Done(ctx))
	case ctx.Err() != nil:
		_ = task.Release(context.WithoutCancel(ctx), 0) // else it is found later
		return context.Cause(ctx)
	case changed:
		_ = task.Release(ctx, 0)
		return err
	case wrong:
		return w.fail(ctx, task, err)
	}
	if err := w.end(task.Release(ctx, time.Second)); err != nil {
		return err
	}
	return w.wait(ctx, err)
}

// end logs that the end of a task was not recorded. Then the shard comes again, and is found to be
// finished.
func (w *Worker) end(err error) error {
	if err != nil {
		w.Log.Warn("the queue did not hear of the end of a shard", "error", err)
	}
	return nil
}

// fail ends the task of a shard that cannot be computed.
func (w *Worker) fail(ctx context.Context, task Task, reason error) error {
	text := fmt.Sprintf("shard %d: %v", task.Shard(), reason)
	final, err := task.Failed(ctx, text)
	if err != nil {
		return w.end(err)
	}
	if !final {
		w.Log.Warn("a shard failed and is tried again", "shard", task.Shard(), "error", reason)
		return nil
	}
	w.Log.Error("a shard failed for good", "shard", task.Shard(), "error", reason)
	w.mu.Lock()
	defer w.mu.Unlock()
	w.failed = append(w.failed, text)
	return nil
}

// wait waits after an error that may pass. It gives up when nothing has succeeded for too long.
func (w *Worker) wait(ctx context.Context, err error) error {
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	w.mu.Lock()
	if w.trouble.IsZero() {
		w.trouble = time.Now()
	}
	since := time.Since(w.trouble)
	w.mu.Unlock()
	if since > w.Patience {
		return fmt.Errorf("giving up after %v: %w", since.Round(time.Second), err)
	}
	pause := min(max(since, time.Second), 30*time.Second)
	w.Log.Warn("a shard could not be computed now, waiting", "error", err, "wait", pause.Round(time.Second).String())
	select {
	case <-time.After(pause):
		return nil
	case <-ctx.Done():
		return context.Cause(ctx)
	}
}

// renew renews a task until stop is called.
func renew(t Task) (stop func()) {
	if t.Interval() == 0 {
		return func() {}
	}
	quit, ended := make(chan struct{}), make(chan struct{})
	go func() {
		defer close(ended)
		tick := time.NewTicker(t.Interval())
		defer tick.Stop()
		for {
			select {
			case <-quit:
				return
			case <-tick.C:
				_ = t.Renew() // a lost one is repaired by the next, or by another worker
			}
		}
	}()
	return func() {
		close(quit)
		<-ended
	}
}

func (w *Worker) hold(h *Held) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.held[h] = true
}

func (w *Worker) drop(h *Held, ok bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.held, h)
	if ok {
		w.parts++
		w.trouble = time.Time{}
	}
}

func (w *Worker) progress(h *Held, n int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	h.Done += n
	w.rows += int64(n)
}

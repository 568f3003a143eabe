// Package job scores inputs of any size with any number of workers.
//
// A job is a folder, of a file system that all workers reach or of S3-compatible storage. [Submit]
// writes its manifest: the inputs, cut into shards of rows, and the model with the hash of its
// weights. A [Worker] takes shards from a [Source], scores them and stores the output of each under
// the shard's name, whole. The parts in their order are the output of the job, with the bytes that
// one process would have written.
//
// The manifest and the parts are the truth. A shard is finished when its part is there; the source,
// such as a queue, only says who does what. So a job survives the loss of every process, and of the
// queue, and a worker continues it at any time.
package job

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"strconv"
	"strings"
	"time"

	"github.com/crossrank/crossrank/internal/rows"
	"github.com/crossrank/crossrank/internal/storage"
)

// Job is a job that was submitted. It is safe for concurrent use.
type Job struct {
	Manifest
	folder storage.Folder
	kind   rows.Kind // of the parts
}

const (
	manifestName = "manifest.json"
	canceledName = "canceled"
)

// Open reads the manifest of the job in a folder.
func Open(ctx context.Context, folder string) (*Job, error) {
	f, err := storage.Open(folder)
	if err != nil {
		return nil, err
	}
	j, err := read(ctx, f)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("%s holds no job: %w; submit one first", f, err)
	}
	return j, err
}

func read(ctx context.Context, f storage.Folder) (*Job, error) {
	text, err := storage.Get(ctx, f, manifestName)
	if err != nil {
		return nil, err
	}
	j := &Job{folder: f}
	if err := j.parse(text); err != nil {
		return nil, fmt.Errorf("%s: %w", storage.Join(f, manifestName), err)
	}
	if j.kind, err = rows.ParseKind(j.Format); err != nil {
		return nil, fmt.Errorf("%s: %w", storage.Join(f, manifestName), err)
	}
	return j, nil
}

// Folder is the name of the job's folder.
func (j *Job) Folder() string { return j.folder.String() }

// Part is the name of a shard's output.
func (j *Job) Part(shard int) string { return fmt.Sprintf("part-%06d.%s", shard, j.kind) }

// shardOf is the shard whose output a file is; ok is false for other files.
func (j *Job) shardOf(name string) (shard int, ok bool) {
	number, found := strings.CutPrefix(name, "part-")
	number, suffix := strings.CutSuffix(number, "."+j.kind.String())
	shard, err := strconv.Atoi(number)
	return shard, found && suffix && err == nil && shard >= 0 && shard < len(j.Shards) && j.Part(shard) == name
}

// Unfinished lists the shards without output, in ascending order.
func (j *Job) Unfinished(ctx context.Context) ([]int, error) {
	done := make([]bool, len(j.Shards))
	for f, err := range j.folder.List(ctx) {
		if err != nil {
			return nil, err
		}
		if shard, ok := j.shardOf(f.Name); ok {
			done[shard] = true
		}
	}
	var open []int
	for shard, ok := range done {
		if !ok {
			open = append(open, shard)
		}
	}
	return open, nil
}

// finished reports whether a shard has its output.
func (j *Job) finished(ctx context.Context, shard int) (bool, error) {
	_, err := j.folder.Stat(ctx, j.Part(shard))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// clean removes what killed workers have left of finished shards. Nobody holds a finished shard: a
// worker that still computes one has lost it to another, and will find its part there.
func (j *Job) clean(ctx context.Context) (int, error) {
	return j.folder.Clean(ctx, func(name string) bool {
		shard, ok := j.shardOf(name)
		if !ok {
			return false
		}
		done, err := j.finished(ctx, shard)
		return err == nil && done
	})
}

// Cancel has the workers of the job end before their next shard. What is finished stays.
func (j *Job) Cancel(ctx context.Context) error {
	return storage.Put(ctx, j.folder, canceledName, []byte(time.Now().UTC().Format(time.RFC3339)+"\n"))
}

// Canceled reports whether the job was canceled.
func (j *Job) Canceled(ctx context.Context) (bool, error) {
	_, err := j.folder.Stat(ctx, canceledName)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}

// revive undoes Cancel.
func (j *Job) revive(ctx context.Context) error {
	err := j.folder.Remove(ctx, canceledName)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	return err
}

// write stores the manifest.
func (j *Job) write(ctx context.Context) error {
	text, err := json.Marshal(j.Manifest)
	if err != nil {
		return err
	}
	if err := j.folder.Make(); err != nil {
		return err
	}
	return storage.Put(ctx, j.folder, manifestName, append(text, '\n'))
}

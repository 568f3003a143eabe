package job

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"io/fs"
	"path/filepath"
	"reflect"
	"strings"
	"time"

	"github.com/crossrank/crossrank/internal/rows"
	"github.com/crossrank/crossrank/internal/storage"
)

// Spec is what a job is submitted with: a [Manifest] without what is found out.
type Spec struct {
	Folder         string
	Model          Model
	Inputs         []string
	Query, Passage string // columns
	Keep           []string
	Kind           rows.Kind // of the output
	ShardRows      int
	RedeliverAfter time.Duration
	Progress       func(rows int64, done float64) // called after each shard; may be nil
}

// Submit reads the inputs once, which finds every row that cannot be scored, and writes the
// manifest. A job that is there already and is the same continues, also if it was canceled; another
// one is an error.
func Submit(ctx context.Context, s Spec) (j *Job, err error) {
	folder, err := storage.Open(s.Folder)
	if err != nil {
		return nil, err
	}
	old, err := read(ctx, folder)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	if old == nil {
		if err := empty(ctx, folder); err != nil {
			return nil, err
		}
	}
	j = &Job{folder: folder, kind: s.Kind, Manifest: Manifest{
		Version: manifestVersion, ID: newID(), Created: time.Now().UTC(), Model: s.Model,
		Query: s.Query, Text: s.Passage, Keep: s.Keep, Format: s.Kind.String(),
		RedeliverMS: s.RedeliverAfter.Milliseconds(), ShardRows: s.ShardRows,
	}}
	for _, path := range s.Inputs {
		if err := j.plan(ctx, path, s.Progress); err != nil {
			return nil, err
		}
	}
	if len(j.Shards) == 0 {
		return nil, fmt.Errorf("%s: there is no row to score", strings.Join(s.Inputs, ", "))
	}
	if old == nil {
		return j, j.write(ctx)
	}
	if !old.same(&j.Manifest) {
		return nil, fmt.Errorf("%s holds another job; give a new folder", folder)
	}
	return old, old.revive(ctx)
}

// empty refuses a folder with parts of something else.
func empty(ctx context.Context, f storage.Folder) error {
	for file, err := range f.List(ctx) {
		switch {
		case errors.Is(err, fs.ErrNotExist):
			return nil
		case err != nil:
			return err
		case strings.HasPrefix(file.Name, "part-"):
			return fmt.Errorf("%s holds %s and no manifest; give a new folder", f, file.Name)
		}
	}
	return nil
}

// same reports whether two manifests are of one job.
func (m *Manifest) same(other *Manifest) bool {
	a, b := *m, *other
	b.ID, b.Created = a.ID, a.Created
	return reflect.DeepEqual(a, b)
}

func newID() string {
	var b [8]byte
	_, _ = rand.Read(b[:]) // never fails
	return hex.EncodeToString(b[:])
}

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// sum adds the texts of a pair to a checksum.
func sum(crc uint32, query, passage string) uint32 {
	crc = crc32.Update(crc, castagnoli, []byte(query))
	crc = crc32.Update(crc, castagnoli, []byte{0})
	crc = crc32.Update(crc, castagnoli, []byte(passage))
	return crc32.Update(crc, castagnoli, []byte{0})
}

// plan cuts an input into shards.
func (j *Job) plan(ctx context.Context, path string, progress func(int64, float64)) error {
	if !strings.Contains(path, "://") {
		var err error
		if path, err = filepath.Abs(path); err != nil {
			return err
		}
	}
	folder, name, err := storage.Locate(path)
	if err != nil {
		return err
	}
	info, err := folder.Stat(ctx, name)
	if err != nil {
		return fmt.Errorf("opening the input: %w", err)
	}
	j.Inputs = append(j.Inputs, Input{path, info.Size, info.Version})
	r, err := j.open(ctx, len(j.Inputs)-1, rows.Mark{})
	if err != nil {
		return err
	}
	defer r.Close()
	for {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		shard := Shard{Input: len(j.Inputs) - 1, Start: r.Mark(), First: j.Rows}
		for shard.Rows < j.ShardRows {
			query, passage, _, err := j.pair(r)
			if err == io.EOF {
				break
			}
			if err != nil {
				return err
			}
			shard.Rows++
			shard.Sum = sum(shard.Sum, query, passage)
		}
		if shard.Rows == 0 {
			return nil
		}
		j.Shards = append(j.Shards, shard)
		j.Rows += int64(shard.Rows)
		if done, known := r.Fraction(); progress != nil && known {
			progress(j.Rows, done)
		}
	}
}

package job

import (
	"context"
	"errors"
	"fmt"
	"io"

	"github.com/crossrank/crossrank/internal/rows"
	"github.com/crossrank/crossrank/internal/storage"
)

// reader reads rows of an input.
type reader struct {
	*rows.Reader
	file io.Closer
}

func (r *reader) Close() error { return errors.Join(r.Reader.Close(), r.file.Close()) }

// open reads an input from a mark on.
func (j *Job) open(ctx context.Context, input int, start rows.Mark) (*reader, error) {
	in := j.Inputs[input]
	folder, name, err := storage.Locate(in.Path)
	if err != nil {
		return nil, err
	}
	file, err := folder.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	if file.Size() != in.Size || file.Version() != in.Version {
		return nil, errors.Join(j.changed(input, "its size or version differs"), file.Close())
	}
	r, err := rows.NewReader(file, in.Path, rows.Options{Start: start, Size: file.Size()})
	if err != nil {
		return nil, errors.Join(err, file.Close())
	}
	read := &reader{r, file}
	if err := r.Choose(append([]string{j.Query, j.Text}, j.Keep...)...); err != nil {
		return nil, errors.Join(err, read.Close())
	}
	return read, nil
}

// pair reads the texts of the next row.
func (j *Job) pair(r *reader) (query, passage string, row *rows.Row, err error) {
	if row, err = r.Next(); err != nil {
		return "", "", nil, err
	}
	if query, err = row.Text(j.Query); err != nil {
		return "", "", nil, err
	}
	passage, err = row.Text(j.Text)
	return query, passage, row, err
}

// ChangedError says that an input is no longer what the job was submitted with. No worker can
// continue the job.
type ChangedError struct{ Path, Why string }

// Error says what to do.
func (e *ChangedError) Error() string {
	return fmt.Sprintf("%s has changed since the job was submitted (%s); put the old file back, or submit a new job to a new folder", e.Path, e.Why)
}

func (j *Job) changed(input int, why string) error { return &ChangedError{j.Inputs[input].Path, why} }

package scoring

import (
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"time"

	"github.com/crossrank/crossrank/internal/outfile"
	"github.com/crossrank/crossrank/internal/rows"
)

// output is where rows go, in groups, with the journal of it.
type output struct {
	path      string // of the file in the end; empty if it cannot be resumed
	file      io.Writer
	part      *os.File      // that grows; nil if it cannot be resumed
	direct    *outfile.File // that is no regular file; nil elsewhere
	journal   *journal
	groups    []rows.Group
	writer    *rows.Writer
	rejects   *rejects // nil if there is no file for them
	bytes     int64
	broken    bool // a write failed, so what the file has is unknown
	committed record
	at        time.Time // of the last commit
}

// commitEvery is the time between commits where groups may end anywhere: what a kill costs at most.
const commitEvery = 200 * time.Millisecond

// openOutput opens the output, and what there is of it already if a run is to be resumed.
func openOutput(opts Options, in *inputs) (*output, error) {
	if opts.Output == "" {
		o := &output{file: opts.Stdout}
		return o, o.openRejects(opts)
	}
	path := opts.Output
	info, err := os.Stat(path)
	switch {
	case err == nil && info.IsDir():
		return nil, fmt.Errorf("writing %s: it is a directory; name a file", path)
	case err == nil && !info.Mode().IsRegular():
		return openDirect(opts, "the output is no regular file")
	case in.pipes:
		return openDirect(opts, "an input is no regular file, and cannot be read again")
	case err == nil:
		if path, err = filepath.EvalSymlinks(path); err != nil {
			return nil, fmt.Errorf("writing %s: %w", opts.Output, err)
		}
	}
	o := &output{path: path}
	all, err := settings(opts, in)
	if err != nil {
		return nil, err
	}
	if err := o.open(opts, all); err != nil {
		return nil, errors.Join(err, o.close())
	}
	o.file = o.part
	return o, nil
}

// openDirect opens an output that cannot be resumed.
func openDirect(opts Options, why string) (*output, error) {
	if opts.Resume {
		return nil, fmt.Errorf("%s cannot be resumed: %s", opts.Output, why)
	}
	f, err := outfile.Create(opts.Output)
	if err != nil {
		return nil, err
	}
	o := &output{file: f, direct: f}
	return o, o.openRejects(opts)
}

func (o *output) partPath() string    { return o.path + ".part" }
func (o *output) journalPath() string { return o.path + ".journal" }

// open opens the parts of an output that can be resumed.
func (o *output) open(opts Options, settings []Setting) error {
	old, err := o.history()
	switch {
	case err != nil:
		return err
	case old != nil && !opts.Resume:
		return fmt.Errorf("%s has the first %d rows of an unfinished run; resume it, or remove %s to begin again",
			o.partPath(), old.last.Place.Rows, o.journalPath())
	case old != nil:
		if err := old.compare(settings); err != nil {
			return fmt.Errorf("resuming %s with other settings would mix scores; remove %s to begin again: %w", opts.Output, o.journalPath(), err)
		}
		if old.last.Done {
			return o.complete(old)
		}
		return o.resume(opts, old)
	}
	if opts.Resume {
		if _, err := os.Stat(o.path); err == nil {
			return fmt.Errorf("%s: %w", opts.Output, ErrComplete)
		}
	}
	if o.part, err = os.OpenFile(o.partPath(), os.O_RDWR|os.O_CREATE|os.O_TRUNC, 0o666); err != nil {
		return err
	}
	if o.journal, err = createJournal(o.journalPath(), settings); err != nil {
		return err
	}
	return o.openRejects(opts)
}

// ErrComplete is the error of resuming a run that has nothing left to do.
var ErrComplete = errors.New("the output is there, and no run of it is unfinished")

// history reads the journal, if there is one.
func (o *output) history() (*history, error) {
	f, err := os.Open(o.journalPath())
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, err
	}
	defer f.Close()
	h, err := readJournal(f)
	if err != nil {
		return nil, fmt.Errorf("reading %s: %w; remove it to begin again", o.journalPath(), err)
	}
	return h, nil
}

// resume goes on after the last record of a journal.
func (o *output) resume(opts Options, old *history) (err error) {
	if o.part, err = os.OpenFile(o.partPath(), os.O_RDWR|os.O_CREATE, 0o666); err != nil {
		return err
	}
	if err := cutTo(o.part, old.last.Bytes); err != nil {
		return fmt.Errorf("resuming %s: %w", o.partPath(), err)
	}
	if o.journal, err = continueJournal(o.journalPath(), old); err != nil {
		return err
	}
	o.committed, o.groups, o.bytes = old.last, old.groups, old.last.Bytes
	return o.openRejects(opts)
}

// cutTo cuts a file to a size, which it must have at least, and goes to its end.
func cutTo(f *os.File, size int64) error {
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if info.Size() < size {
		return fmt.Errorf("it has %d bytes, but %d were complete: it was changed; remove its journal to begin again", info.Size(), size)
	}
	return errors.Join(f.Truncate(size), seekEnd(f))
}

// complete does what a finished run was killed before.
func (o *output) complete(old *history) error {
	if info, err := os.Stat(o.partPath()); err == nil && info.Size() == old.last.Bytes {
		if err := os.Rename(o.partPath(), o.path); err != nil {
			return err
		}
	}
	o.committed = old.last
	return os.Remove(o.journalPath())
}

// begin begins to write rows.
func (o *output) begin(opts Options, columns []rows.Column) (err error) {
	done := o.groups
	if !opts.OutputKind.Grouped() && o.bytes > 0 {
		done = []rows.Group{{Bytes: o.bytes}}
	}
	o.at = time.Now()
	o.writer, err = rows.NewWriter(&counter{o}, opts.OutputKind, columns, opts.GroupRows, done)
	return err
}

// counter counts the bytes of the output.
type counter struct{ o *output }

func (c *counter) Write(p []byte) (int, error) {
	n, err := c.o.file.Write(p)
	c.o.bytes += int64(n)
	return n, err
}

// flush writes the rows so far, and commits them now and then. The next row is at the place. Rows
// stay with the writer where groups have a size.
func (o *output) flush(next place, now bool) (err error) {
	defer func() { o.broken = o.broken || err != nil }()
	var group *rows.Group
	switch {
	case o.writer.Full():
		g, err := o.writer.EndGroup()
		if err != nil {
			return err
		}
		group, now = &g, true
	case o.writer.Kind().Grouped():
		return nil
	default:
		if _, err := o.writer.EndGroup(); err != nil {
			return err
		}
	}
	if o.part == nil || !now && time.Since(o.at) < commitEvery {
		return o.rejects.flush()
	}
	return o.commit(record{Place: next, Group: group})
}

// commit makes what is written last.
func (o *output) commit(r record) error {
	if err := o.rejects.sync(); err != nil {
		return err
	}
	if err := o.part.Sync(); err != nil {
		return err
	}
	r.Bytes = o.bytes
	if o.rejects != nil {
		r.Rejected, r.RejectBytes = o.rejects.count, o.rejects.bytes
	}
	if err := o.journal.append(r); err != nil {
		return err
	}
	o.committed, o.at = r, time.Now()
	return nil
}

// suspend commits what can be, and closes the files, after an error.
func (o *output) suspend(next place) error {
	if o.broken {
		return o.close()
	}
	return errors.Join(o.flush(next, true), o.close())
}

// finish ends the output, whose rows are all written.
func (o *output) finish(end place) error {
	if err := o.writer.Close(); err != nil {
		return err
	}
	switch {
	case o.direct != nil:
		return errors.Join(o.direct.Commit(), o.close())
	case o.part == nil:
		return o.close()
	}
	if err := o.commit(record{Place: end, Done: true}); err != nil {
		return err
	}
	if err := o.close(); err != nil {
		return err
	}
	if err := os.Rename(o.partPath(), o.path); err != nil {
		return err
	}
	return os.Remove(o.journalPath())
}

// close closes the files.
func (o *output) close() error {
	var errs []error
	if o.rejects != nil {
		errs = append(errs, o.rejects.flush(), o.rejects.file.Close())
	}
	if o.direct != nil {
		errs = append(errs, o.direct.Close())
	}
	if o.part != nil {
		errs = append(errs, o.part.Close())
	}
	if o.journal != nil {
		errs = append(errs, o.journal.file.Close())
	}
	return errors.Join(errs...)
}

package scoring

import (
	"bufio"
	"encoding/json"
	"fmt"
	"os"

	"github.com/crossrank/crossrank/internal/rows"
)

// rejects is the file of rows that cannot be read.
type rejects struct {
	file  *os.File
	text  *bufio.Writer
	bytes int64
	count int64
}

// reject is a line of it.
type reject struct {
	File  string `json:"file"`
	Line  int    `json:"line,omitempty"`
	Row   int64  `json:"row"`
	Error string `json:"error"`
	Raw   string `json:"raw,omitempty"`
}

// openRejects opens the file of rejects, if there is to be one, where the last commit left it.
func (o *output) openRejects(opts Options) error {
	if opts.Rejects == "" {
		return nil
	}
	f, err := os.OpenFile(opts.Rejects, os.O_RDWR|os.O_CREATE, 0o666)
	if err != nil {
		return fmt.Errorf("opening the file of rejects: %w", err)
	}
	if info, err := f.Stat(); err == nil && info.Mode().IsRegular() {
		if err := cutTo(f, o.committed.RejectBytes); err != nil {
			return fmt.Errorf("the file of rejects %s: %w", opts.Rejects, err)
		}
	}
	o.rejects = &rejects{file: f, text: bufio.NewWriter(f), bytes: o.committed.RejectBytes, count: o.committed.Rejected}
	return nil
}

func (r *rejects) add(wrong *rows.RowError) error {
	line, err := json.Marshal(reject{wrong.At.File, wrong.At.Line, wrong.At.Row, wrong.Err.Error(), string(wrong.Raw)})
	if err != nil {
		return err
	}
	n, err := r.text.Write(append(line, '\n'))
	r.bytes += int64(n)
	r.count++
	return err
}

func (r *rejects) flush() error {
	if r == nil {
		return nil
	}
	return r.text.Flush()
}

func (r *rejects) sync() error {
	if r == nil {
		return nil
	}
	if err := r.text.Flush(); err != nil {
		return err
	}
	if info, err := r.file.Stat(); err != nil || !info.Mode().IsRegular() {
		return err
	}
	return r.file.Sync()
}

package scoring

import (
	"bufio"
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"

	"github.com/crossrank/crossrank/internal/rows"
)

// record says that a part of the output is complete on the disk.
type record struct {
	Place       place       `json:"place"`                  // in the inputs, of the first row that is not in the output
	Bytes       int64       `json:"bytes"`                  // of the output
	Rejected    int64       `json:"rejected,omitempty"`     // rows
	RejectBytes int64       `json:"reject_bytes,omitempty"` // of the file of rejects
	Group       *rows.Group `json:"group,omitempty"`        // that ended with this record, if the format has groups
	Done        bool        `json:"done,omitempty"`         // all rows are in the output
}

// head is the first line of a journal.
type head struct {
	Version  int       `json:"crossrank_journal"`
	Settings []Setting `json:"settings"`
}

const journalVersion = 1

// journal is the file that says how far a run is. Its first line has the settings, each further one
// is a record. What a killed process left of a last line is no line.
type journal struct {
	path string
	file *os.File
}

// history is what a journal says.
type history struct {
	settings []Setting
	last     record
	groups   []rows.Group
	size     int64 // of the lines that are complete
}

// readJournal reads a journal. Records after one that is damaged are not there.
func readJournal(r io.Reader) (*history, error) {
	lines := bufio.NewReader(r)
	line, err := lines.ReadBytes('\n')
	if err != nil {
		return nil, nil // it was killed before anything was done
	}
	var first head
	if err := json.Unmarshal(line, &first); err != nil {
		return nil, fmt.Errorf("its first line is damaged: %w", err)
	}
	if first.Version != journalVersion {
		return nil, fmt.Errorf("it is of version %d of the format; this program knows %d", first.Version, journalVersion)
	}
	h := &history{settings: first.Settings, size: int64(len(line))}
	for {
		line, err := lines.ReadBytes('\n')
		if err == io.EOF {
			return h, nil
		}
		if err != nil {
			return nil, err
		}
		var next record
		if json.Unmarshal(line, &next) != nil || !follows(next, h.last) {
			return h, nil
		}
		h.last, h.size = next, h.size+int64(len(line))
		if next.Group != nil {
			h.groups = append(h.groups, *next.Group)
		}
	}
}

// follows reports whether a record can come after another.
func follows(next, last record) bool {
	return next.Place.Rows >= last.Place.Rows && next.Bytes >= last.Bytes && next.Place.Input >= last.Place.Input &&
		next.Rejected >= last.Rejected && next.RejectBytes >= last.RejectBytes &&
		next.Place.Mark.Row >= 0 && next.Place.Mark.Line >= 0 && next.Place.Mark.Byte >= 0
}

// compare refuses to go on with other settings.
func (h *history) compare(now []Setting) error {
	old := map[string]string{}
	for _, s := range h.settings {
		old[s.Name] = s.Value
	}
	var errs []error
	for _, s := range now {
		if was, ok := old[s.Name]; !ok || was != s.Value {
			errs = append(errs, fmt.Errorf("%s was %q and is %q", s.Name, was, s.Value))
		}
	}
	return errors.Join(errs...)
}

// createJournal begins a journal.
func createJournal(path string, settings []Setting) (*journal, error) {
	f, err := os.OpenFile(path, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o666)
	if err != nil {
		return nil, err
	}
	j := &journal{path, f}
	if err := j.append(head{journalVersion, settings}); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return j, nil
}

// continueJournal opens a journal to append to its complete lines.
func continueJournal(path string, h *history) (*journal, error) {
	f, err := os.OpenFile(path, os.O_WRONLY, 0)
	if err != nil {
		return nil, err
	}
	if err := errors.Join(f.Truncate(h.size), seekEnd(f)); err != nil {
		return nil, errors.Join(err, f.Close())
	}
	return &journal{path, f}, nil
}

func seekEnd(f *os.File) error {
	_, err := f.Seek(0, io.SeekEnd)
	return err
}

// append writes a line and waits until it is on the disk.
func (j *journal) append(v any) error {
	line, err := json.Marshal(v)
	if err != nil {
		return err
	}
	if _, err := j.file.Write(append(bytes.TrimSpace(line), '\n')); err != nil {
		return fmt.Errorf("writing %s: %w", j.path, err)
	}
	return j.file.Sync()
}

package results

import (
	"bufio"
	"bytes"
	"compress/gzip"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"github.com/crossrank/crossrank/internal/keypath"
)

// maxLine bounds a line; the longest is the run's, with a settings file of up to 1 MiB in it.
const maxLine = 8 << 20

// Results is the content of a results file.
type Results struct {
	Run            Run
	Configurations []*Measured
	SLOResults     []SLOResult // one per objective that was searched for
	Quality        []Quality
	Evaluation     *Evaluation // nil if nothing was ranked
	Rankings       []Ranking   // of the Evaluation
	Partial        []string    // why the run is not complete; empty if it is
	Skipped        int         // lines of kinds that this program does not know
}

// Measured is a configuration with its records.
type Measured struct {
	Configuration Configuration
	Requests      []Request         // in the order in which they ended
	Samples       []Sample          // in the order of time
	End           *ConfigurationEnd // nil if the run was cut off before
}

// Elapsed is the time that rates are counted over: from the moment that the first request was due
// to the end of the last one. In a closed loop the first is due when the measured part begins. A
// random schedule of an open loop begins with a gap, in which nothing is due and nothing can be
// answered; it does not count.
func (m *Measured) Elapsed() time.Duration {
	first, last := time.Duration(0), time.Duration(0)
	for i := range m.Requests {
		r := &m.Requests[i]
		last = max(last, r.Finished)
		if m.Configuration.Arrival != "" && (i == 0 || r.Intended < first) {
			first = r.Intended
		}
	}
	if m.End != nil {
		last = max(last, m.End.Elapsed)
	}
	return last - first
}

// ReadFile reads the results file at path, which may be compressed by gzip.
func ReadFile(path string) (*Results, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, fmt.Errorf("reading results: %w", err)
	}
	defer f.Close()
	in := bufio.NewReader(f)
	if head, _ := in.Peek(2); !bytes.Equal(head, []byte{0x1f, 0x8b}) { // the magic number of gzip, by RFC 1952
		return Read(path, in)
	}
	unpacked, err := gzip.NewReader(in)
	if err != nil {
		return nil, fmt.Errorf("%s: decompressing results: %w", path, err)
	}
	return Read(path, unpacked)
}

// Read reads results. Errors have the name and the line. A file that ends in the middle of a line,
// or without an end, comes from a run that was killed: it is read as far as it goes and marked
// partial.
func Read(name string, r io.Reader) (*Results, error) {
	rd := &reader{results: &Results{}}
	unended, cut := false, false
	in := bufio.NewScanner(r)
	in.Buffer(nil, maxLine)
	in.Split(func(data []byte, atEOF bool) (int, []byte, error) {
		if i := bytes.IndexByte(data, '\n'); i >= 0 {
			return i + 1, data[:i], nil
		}
		unended = atEOF && len(data) > 0
		if unended {
			return len(data), data, nil
		}
		return 0, nil, nil
	})
	n := 1
	for ; in.Scan(); n++ {
		line := bytes.TrimSpace(in.Bytes())
		switch {
		case len(line) == 0:
		case unended && n > 1 && !json.Valid(line):
			cut = true
		default:
			if err := rd.line(line); err != nil {
				return nil, fmt.Errorf("%s:%d: %w", name, n, err)
			}
		}
	}
	if err := in.Err(); errors.Is(err, bufio.ErrTooLong) {
		return nil, fmt.Errorf("%s:%d: the line is over %d bytes", name, n, maxLine)
	} else if err != nil {
		return nil, fmt.Errorf("reading results: %w", err)
	}
	if !rd.begun {
		return nil, fmt.Errorf("%s: the file is empty, not results", name)
	}
	rd.completeness(cut)
	return rd.results, nil
}

// completeness notes why the run is not complete, if it is not.
func (rd *reader) completeness(cut bool) {
	res := rd.results
	why := func(format string, args ...any) { res.Partial = append(res.Partial, fmt.Sprintf(format, args...)) }
	for _, m := range res.Configurations {
		switch {
		case m.End == nil:
			why("%s was cut off", m.Configuration.Name())
		case !m.End.Complete:
			why("%s: %s", m.Configuration.Name(), orUnknown(m.End.Reason))
		}
	}
	switch {
	case cut:
		why("the results file ends in the middle of a line: the run was killed")
	case rd.end == nil:
		why("the results file has no end: the run was killed")
	case !rd.end.Complete:
		why("%s", orUnknown(rd.end.Reason))
	case len(res.Configurations) == 0:
		why("no configuration was measured")
	}
}

func orUnknown(reason string) string {
	if reason == "" {
		return "stopped, the reason is not known"
	}
	return reason
}

// Name says which configuration it is, by the settings that differ between configurations.
func (p *Configuration) Name() string {
	name := fmt.Sprintf("batch=%d, concurrency=%s", p.Batch, p.Workers())
	switch {
	case p.Search == "" && len(p.Objectives) > 0:
		name = fmt.Sprintf("batch=%d, search with %s arrivals for P%g within %s ms", p.Batch, p.Arrival, p.Percent, listed(p.Objectives))
	case p.Arrival != "":
		name = fmt.Sprintf("batch=%d, %s at %s", p.Batch, p.Arrival, p.Rates())
	}
	if p.Mix != "" {
		name = strings.Replace(name, "batch=", "documents=about ", 1)
	}
	for _, s := range p.Set {
		name += fmt.Sprintf(", %s=%s", s.Short(), s.Value)
	}
	if p.Search != "" {
		name += ", " + p.Search
	}
	if p.Attempt > 0 {
		name += fmt.Sprintf(", attempt %d", p.Attempt+1)
	}
	if p.Repeat > 0 {
		name += fmt.Sprintf(", repeat %d", p.Repeat+1)
	}
	return name
}

// Workers says how many workers a closed loop has.
func (p *Configuration) Workers() string { return ramp(fmt.Sprint(p.Concurrency), p.RampTo) }

// Rates says how many requests per second an open loop sends.
func (p *Configuration) Rates() string { return ramp(fmt.Sprintf("%.4g", p.Rate), p.RampTo) + "/s" }

// ramp says from where to where the load moves, if it does.
func ramp(from string, to float64) string {
	if to == 0 {
		return from
	}
	return fmt.Sprintf("%s to %.4g", from, to)
}

// listed joins numbers with commas.
func listed(xs []float64) string {
	words := make([]string, len(xs))
	for i, x := range xs {
		words[i] = fmt.Sprint(x)
	}
	return strings.Join(words, ", ")
}

// Short is the last part of the key.
func (s Setting) Short() string { return keypath.Last(s.Key) }

package results

import (
	"encoding/json"
	"errors"
	"fmt"
)

// reader puts lines in their places.
type reader struct {
	results *Results
	begun   bool
	end     *End
}

func (rd *reader) line(line []byte) error {
	var head struct{ Kind string }
	if err := json.Unmarshal(line, &head); err != nil {
		return fmt.Errorf("not a line of results: %w", err)
	}
	switch {
	case !rd.begun && head.Kind != kindRun:
		return fmt.Errorf("the first line is of kind %q, not %q; this is not a results file", head.Kind, kindRun)
	case rd.end != nil:
		return fmt.Errorf("a line of kind %q after the end", head.Kind)
	}
	var err error
	switch head.Kind {
	case kindRun:
		err = rd.run(line)
	case kindConfiguration:
		err = rd.configuration(line)
	case kindRequest:
		err = rd.request(line)
	case kindSample:
		err = rd.sample(line)
	case kindConfigurationEnd:
		err = rd.configurationEnd(line)
	case kindSLOResult:
		err = rd.sloResult(line)
	case kindQuality:
		err = rd.quality(line)
	case kindEvaluation:
		err = rd.evaluation(line)
	case kindRanking:
		err = rd.ranking(line)
	case kindEnd:
		rd.end = new(End)
		err = json.Unmarshal(line, rd.end)
	case "":
		err = errors.New("no kind")
	default:
		rd.results.Skipped++
	}
	if err != nil && head.Kind != "" {
		return fmt.Errorf("%s: %w", head.Kind, err)
	}
	return err
}

func (rd *reader) run(line []byte) error {
	if rd.begun {
		return errors.New("a second one in the file")
	}
	rd.begun = true
	run := &rd.results.Run
	// The format comes first: a later one may have fields of other types.
	var head struct{ Format int }
	if err := json.Unmarshal(line, &head); err != nil {
		return err
	}
	if head.Format < 1 {
		return fmt.Errorf("format is %d; formats begin with 1", head.Format)
	}
	if head.Format > Format {
		return fmt.Errorf("the file has format %d, but this program reads up to %d; use the crossrank that wrote it", head.Format, Format)
	}
	return json.Unmarshal(line, run)
}

func (rd *reader) configuration(line []byte) error {
	var p Configuration
	if err := json.Unmarshal(line, &p); err != nil {
		return err
	}
	if want := len(rd.results.Configurations); p.Index != want {
		return fmt.Errorf("index is %d, but the next configuration is %d", p.Index, want)
	}
	if p.Batch < 1 || p.Concurrency < 1 || p.Requests < 0 || p.Warmup < 0 {
		return errors.New("batch and concurrency must be at least 1, requests and warmup at least 0")
	}
	rd.results.Configurations = append(rd.results.Configurations, &Measured{Configuration: p})
	return nil
}

func (rd *reader) request(line []byte) error {
	var r Request
	if err := json.Unmarshal(line, &r); err != nil {
		return err
	}
	m, err := rd.at(r.Configuration)
	if err != nil {
		return err
	}
	if err := r.check(); err != nil {
		return err
	}
	m.Requests = append(m.Requests, r)
	return nil
}

func (r *Request) check() error {
	switch {
	case r.Code == "":
		return errors.New("no code")
	case r.Pairs < 1:
		return fmt.Errorf("pairs is %d", r.Pairs)
	case r.Intended < 0 || r.Started < r.Intended || r.Finished < r.Started:
		return fmt.Errorf("its times run backwards: intended %v, started %v, finished %v", r.Intended, r.Started, r.Finished)
	case r.Tokens < 0 || r.TruncatedTokens < 0 || r.PaddedTokens < 0:
		return errors.New("a count of tokens is negative")
	case r.Tokenize < 0 || r.Queue < 0 || r.Compute < 0 || r.Total < 0:
		return errors.New("a time of the server is negative")
	}
	return nil
}

func (rd *reader) sample(line []byte) error {
	var s Sample
	if err := json.Unmarshal(line, &s); err != nil {
		return err
	}
	m, err := rd.at(s.Configuration)
	if err != nil {
		return err
	}
	if s.Time.IsZero() || s.IntervalS <= 0 {
		return errors.New("time is missing, or interval_s is not above 0")
	}
	m.Samples = append(m.Samples, s)
	return nil
}

func (rd *reader) configurationEnd(line []byte) error {
	var e ConfigurationEnd
	if err := json.Unmarshal(line, &e); err != nil {
		return err
	}
	m, err := rd.at(e.Configuration)
	if err != nil {
		return err
	}
	if m.End != nil {
		return fmt.Errorf("configuration %d ends twice", e.Configuration)
	}
	if e.Elapsed < 0 || e.Abandoned < 0 {
		return errors.New("elapsed_ns or abandoned is negative")
	}
	m.End = &e
	return nil
}

func (rd *reader) sloResult(line []byte) error {
	var r SLOResult
	if err := json.Unmarshal(line, &r); err != nil {
		return err
	}
	rd.results.SLOResults = append(rd.results.SLOResults, r)
	_, err := rd.at(r.Configuration)
	return err
}

func (rd *reader) quality(line []byte) error {
	var q Quality
	if err := json.Unmarshal(line, &q); err != nil {
		return err
	}
	rd.results.Quality = append(rd.results.Quality, q)
	_, err := rd.at(q.Configuration)
	return err
}

// at returns the configuration with an index. Its first line comes before its others; samples may
// come after its end.
func (rd *reader) at(index int) (*Measured, error) {
	if index < 0 || index >= len(rd.results.Configurations) {
		return nil, fmt.Errorf("there is no configuration %d before this line", index)
	}
	return rd.results.Configurations[index], nil
}

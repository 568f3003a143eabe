package experiment

import (
	"errors"
	"fmt"
	"io/fs"

	"github.com/crossrank/crossrank/internal/machine"
	"github.com/crossrank/crossrank/internal/results"
)

// earlier reads the results of an earlier run, if there are any. Those that are not comparable with
// new ones are an error.
func (r *runner) earlier() (*results.Results, error) {
	old, err := results.ReadFile(r.path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading the results of an earlier run: %w", err)
	}
	for _, c := range []struct {
		what      string
		same      bool
		was, isNo any
	}{
		{"instruction", old.Run.Data.Instruction == r.base.Data.Instruction, old.Run.Data.Instruction, r.base.Data.Instruction},
		{"data", old.Run.Data == Provenance(r.data, r.base.Data), old.Run.Data.Name, Provenance(r.data, r.base.Data).Name},
		{"machine", old.Run.Machine == results.Machine(machine.Here()), old.Run.Machine.CPU, machine.Here().CPU},
		{"target", r.base.Target.Address == "" || r.base.Target.Address == old.Run.Target, old.Run.Target, r.base.Target.Address},
		{"version", old.Run.Version == r.opts.Version, old.Run.Version, r.opts.Version},
	} {
		if !c.same {
			return nil, fmt.Errorf("%s was measured with another %s (%v, now %v), which is not comparable; measure everything again",
				r.path, c.what, c.was, c.isNo)
		}
	}
	return old, nil
}

// copyKept writes what is kept of the earlier results.
func (r *runner) copyKept(w *results.Writer) error {
	if r.old == nil {
		return nil
	}
	renumbered := map[int]int{}
	var errs []error
	for _, m := range r.old.Configurations {
		if !r.keep[m.Configuration.Key] {
			continue
		}
		was := m.Configuration.Index
		p := r.number(m.Configuration)
		renumbered[was] = p.Index
		errs = append(errs, w.Configuration(p))
		for _, req := range m.Requests {
			req.Configuration = p.Index
			errs = append(errs, w.Request(req))
		}
		for _, s := range m.Samples {
			s.Configuration = p.Index
			errs = append(errs, w.Sample(s))
		}
		end := *m.End
		end.Configuration = p.Index
		errs = append(errs, w.ConfigurationEnd(end))
	}
	for _, f := range r.old.SLOResults {
		if r.keep[f.Key] {
			f.Configuration = renumbered[f.Configuration]
			errs = append(errs, w.SLOResult(f))
		}
	}
	return errors.Join(errs...)
}

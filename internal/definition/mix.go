package definition

import (
	"slices"

	"github.com/crossrank/crossrank/internal/keypath"
	"github.com/crossrank/crossrank/internal/strictyaml"
)

// Mix makes requests of many sizes, each with its own query. It replaces
// batch_sizes and needs documents or a file.
type Mix struct {
	// Documents is how many documents a request has.
	Documents Distribution `yaml:"documents,omitempty" json:"documents,omitzero"`

	// QueryWords is how many words a query has: queries of the data are cut to it, or joined.
	// Default: as they are.
	QueryWords Distribution `yaml:"query_words,omitempty" json:"query_words,omitzero"`

	// DocumentWords is how many words a document has, in the same way. Default: as they are.
	DocumentWords Distribution `yaml:"document_words,omitempty" json:"document_words,omitzero"`

	// Seed chooses the random numbers. Default: 0.
	Seed int64 `yaml:"seed,omitempty" json:"seed,omitempty" min:"0"`

	// File holds requests as JSON Lines, {"query": "…", "documents": ["…"]}, or {"documents": 10}
	// whose texts come from the data. Either may have "at", a time in seconds, for replay arrivals
	// without a trace. Default: empty.
	File string `yaml:"file,omitempty" json:"file,omitempty" check:"filled"`
}

// Distribution is a distribution of whole numbers from 1.
type Distribution struct {
	// Distribution is its kind: constant has a value; uniform a min and a max, both included;
	// log_normal a mean and a std_dev, and may have a min and a max; list has values, and may have
	// a weight for each. Default: empty, none.
	Distribution string `yaml:"distribution,omitempty" json:"distribution,omitempty" oneof:"constant,uniform,log_normal,list"`

	Value   int       `yaml:"value,omitempty" json:"value,omitempty" min:"1" max:"65536"`
	Min     int       `yaml:"min,omitempty" json:"min,omitempty" min:"1" max:"65536"`
	Max     int       `yaml:"max,omitempty" json:"max,omitempty" min:"1" max:"65536"`
	Mean    float64   `yaml:"mean,omitempty" json:"mean,omitempty" min:"1" max:"65536"`
	StdDev  float64   `yaml:"std_dev,omitempty" json:"std_dev,omitempty" min:"0" max:"65536"`
	Values  []int     `yaml:"values,omitempty" json:"values,omitempty" min:"1" max:"65536"`
	Weights []float64 `yaml:"weights,omitempty" json:"weights,omitempty" min:"0" max:"1000000000"`
}

// given reports whether any key of d has a value.
func (d Distribution) given() bool {
	return d.Distribution != "" || d.Value > 0 || d.Min > 0 || d.Max > 0 || d.Mean > 0 || d.StdDev > 0 || d.Values != nil || d.Weights != nil
}

// Given reports whether there is a mix.
func (m Mix) Given() bool {
	return m.File != "" || m.drawn()
}

// drawn reports whether anything about requests is drawn from a distribution.
func (m Mix) drawn() bool {
	return m.Documents.given() || m.QueryWords.given() || m.DocumentWords.given()
}

// faults reports contradictions in a mix.
func (m Mix) faults(add strictyaml.Report) {
	const at = "experiment.mix"
	switch {
	case !m.Given():
		return
	case m.File != "" && m.drawn():
		add(at+".file", "holds the requests, so nothing is drawn; leave out documents, query_words and document_words")
	case m.File == "" && !m.Documents.given():
		add(at, "needs documents, the number of documents per request, or a file of requests")
	}
	m.Documents.faults(at+".documents", add)
	m.QueryWords.faults(at+".query_words", add)
	m.DocumentWords.faults(at+".document_words", add)
}

// keysOfKind lists the keys that each kind of distribution uses.
var keysOfKind = map[string][]string{
	"constant":   {"value"},
	"uniform":    {"min", "max"},
	"log_normal": {"mean", "std_dev", "min", "max"},
	"list":       {"values", "weights"},
}

// faults reports what a distribution lacks, and keys that its kind does not use.
func (d Distribution) faults(at string, add strictyaml.Report) {
	if !d.given() {
		return
	}
	uses := keysOfKind[d.Distribution]
	if uses == nil {
		add(at, "needs a distribution: constant, uniform, log_normal or list")
		return
	}
	for _, k := range []struct {
		key   string
		given bool
	}{
		{"value", d.Value > 0}, {"min", d.Min > 0}, {"max", d.Max > 0}, {"mean", d.Mean > 0},
		{"std_dev", d.StdDev > 0}, {"values", len(d.Values) > 0}, {"weights", len(d.Weights) > 0},
	} {
		if k.given && !slices.Contains(uses, k.key) {
			add(keypath.Join(at, k.key), "has no effect on %s; leave it out", d.Distribution)
		}
	}
	d.keyFaults(at, add)
}

// keyFaults reports the keys that a kind needs, and values that contradict each other.
func (d Distribution) keyFaults(at string, add strictyaml.Report) {
	switch kind := d.Distribution; {
	case kind == "constant" && d.Value == 0:
		add(at, "constant needs a value")
	case kind == "uniform" && (d.Min == 0 || d.Max == 0):
		add(at, "uniform needs a min and a max")
	case kind == "log_normal" && (d.Mean == 0 || d.StdDev == 0):
		add(at, "log_normal needs a mean and a std_dev above 0")
	case kind == "list" && len(d.Values) == 0:
		add(at, "list needs values")
	case d.Min > d.Max && d.Max > 0:
		add(keypath.Join(at, "min"), "is %d, but max is %d", d.Min, d.Max)
	case len(d.Weights) > 0:
		d.weightFaults(at, add)
	}
}

// weightFaults reports weights that do not fit the values.
func (d Distribution) weightFaults(at string, add strictyaml.Report) {
	total := 0.0
	for _, w := range d.Weights {
		total += w
	}
	if len(d.Weights) != len(d.Values) {
		add(at+".weights", "are %d for %d values; give one each", len(d.Weights), len(d.Values))
	} else if total <= 0 {
		add(at+".weights", "are all 0")
	}
}

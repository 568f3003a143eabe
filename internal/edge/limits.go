// Package edge holds what the HTTP and the gRPC edge must agree on: how much one request may hold, which model it may
// name, whose it is, and how much of an error its sender is told. Each edge translates its own wire; a rule that stood in both would
// soon be two rules.
package edge

import (
	"cmp"
	"math"
	"slices"
	"strconv"
	"strings"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/defaults"
)

// Limits bound one request. A zero field means its default, so that no limit is ever off by accident.
type Limits struct {
	Documents     int // pairs, or documents, of a request; default 1,000
	DocumentBytes int // bytes of one document; default 256 KiB
	QueryBytes    int // bytes of one query; default 64 KiB
}

// OrDefaults replaces zero fields by their defaults.
func (l Limits) OrDefaults() Limits {
	l.Documents = cmp.Or(l.Documents, defaults.Documents)
	l.DocumentBytes = cmp.Or(l.DocumentBytes, defaults.DocumentBytes)
	l.QueryBytes = cmp.Or(l.QueryBytes, defaults.QueryBytes)
	return l
}

// Check holds a request against the limits. A request without pairs, or with a length that no request can mean, is
// [crossrank.InvalidArgument]; one over a limit is [crossrank.TooLarge]. The message names the pair.
func (l Limits) Check(req *crossrank.Request) error {
	l = l.OrDefaults()
	if err := l.CheckCount(len(req.Pairs)); err != nil {
		return err
	}
	switch {
	case len(req.Pairs) == 0:
		return crossrank.Errorf(crossrank.InvalidArgument,
			"the request holds nothing to score; send at least one document")
	case req.MaxLength < 0 || req.MaxLength > math.MaxInt32:
		return crossrank.Errorf(crossrank.InvalidArgument,
			"max_length is %d; use 0 for the model's own, or a number of tokens", req.MaxLength)
	}
	for i := range req.Pairs {
		if n := len(req.Pairs[i].Passage); n > l.DocumentBytes {
			return crossrank.Errorf(crossrank.TooLarge,
				"document %d has %d bytes; at most %d are taken", i, n, l.DocumentBytes)
		}
		if n := len(req.Pairs[i].Query); n > l.QueryBytes {
			return crossrank.Errorf(crossrank.TooLarge,
				"the query of document %d has %d bytes; at most %d are taken", i, n, l.QueryBytes)
		}
	}
	return nil
}

// CheckCount refuses more documents than a request may have. It is for edges that would make something of each before
// they come to Check.
func (l Limits) CheckCount(documents int) error {
	if most := l.OrDefaults().Documents; documents > most {
		return crossrank.Errorf(crossrank.TooLarge, "the request has %d documents; at most %d are taken, split it", documents, most)
	}
	return nil
}

// CheckModel refuses a request for a model that is not among those served. An empty name means the first of them.
func CheckModel(asked string, served ...string) error {
	if asked == "" || slices.Contains(served, asked) {
		return nil
	}
	verb := "is"
	if len(served) > 1 {
		verb = "are"
	}
	names := make([]string, len(served))
	for i, name := range served {
		names[i] = strconv.Quote(name)
	}
	return crossrank.Errorf(crossrank.NotFound, "there is no model %q here; %s %s served",
		abridged(asked), strings.Join(names, ", "), verb)
}

// Names are those of models.
func Names(models []crossrank.Info) []string {
	names := make([]string, len(models))
	for i := range models {
		names[i] = models[i].Model
	}
	return names
}

// abridged keeps a caller's own text short where it is sent back or logged.
func abridged(s string) string {
	const most = 100
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}

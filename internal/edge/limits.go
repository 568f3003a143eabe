// Package edge holds the rules that the HTTP and the gRPC edge share: limits per request, names of
// models, API keys and callers, the budget of all requests, and what of an error its caller may
// see. Each edge translates only its own protocol.
package edge

import (
	"cmp"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/defaults"
)

// Limits limits one request. A zero field means its default, so no limit is off by accident.
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

// CheckCount refuses more documents than a request may have. Edges call it before they build
// anything of the documents.
func (l Limits) CheckCount(documents int) error {
	if most := l.OrDefaults().Documents; documents > most {
		return crossrank.Errorf(crossrank.TooLarge, "the request has %d documents; at most %d are taken, split it", documents, most)
	}
	return nil
}

// CheckTexts refuses a document, a query or an instruction that is too long; an instruction has the
// limit of a query. The message names the document. All other values of a request are checked by
// its scorer, see [crossrank.Request.Validate].
func (l Limits) CheckTexts(req *crossrank.Request) error {
	l = l.OrDefaults()
	if n := len(req.Instruction); n > l.QueryBytes {
		return crossrank.Errorf(crossrank.TooLarge, "the instruction has %d bytes; at most %d are taken", n, l.QueryBytes)
	}
	for i := range req.Pairs {
		if n := len(req.Pairs[i].Passage); n > l.DocumentBytes {
			return crossrank.Errorf(crossrank.TooLarge, "document %d has %d bytes; at most %d are taken", i, n, l.DocumentBytes)
		}
		if n := len(req.Pairs[i].Query); n > l.QueryBytes {
			return crossrank.Errorf(crossrank.TooLarge, "the query of document %d has %d bytes; at most %d are taken", i, n, l.QueryBytes)
		}
	}
	return nil
}

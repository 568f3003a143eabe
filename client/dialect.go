package client

import (
	"fmt"
	"slices"
	"strings"

	"github.com/crossrank/crossrank"
)

// Dialect is the API of a server. The text of a dialect, such as "tei", is its name in programs.
//
// A request that a dialect cannot express is refused with [crossrank.InvalidArgument] before
// anything is sent; no part of it is dropped. That includes pairs of several queries, where an API
// ranks documents for one: a measurement counts a request as one call, so it is never split into
// several.
type Dialect string

const (
	// Crossrank is this project's API, over gRPC and HTTP. It can express every request.
	Crossrank Dialect = "crossrank"
	// Inference is inference.InferenceService over gRPC, of the Python project that this one
	// follows.
	Inference Dialect = "inference"
	// Cohere is the second version of Cohere's API, POST /v2/rerank.
	Cohere Dialect = "cohere"
	// CohereV1 is the first version of Cohere's API, POST /v1/rerank.
	CohereV1 Dialect = "cohere-v1"
	// Jina is Jina's API, POST /v1/rerank, which many servers have.
	Jina Dialect = "jina"
	// TEI is the API of Text Embeddings Inference: POST /rerank, or /predict for several queries.
	TEI Dialect = "tei"
	// VLLM is vLLM's POST /v1/score.
	VLLM Dialect = "vllm"
	// LlamaCpp is POST /v1/rerank of llama.cpp's server.
	LlamaCpp Dialect = "llamacpp"
)

// Dialects lists all dialects.
func Dialects() []Dialect {
	return []Dialect{Crossrank, Inference, Cohere, CohereV1, Jina, TEI, VLLM, LlamaCpp}
}

// OneQuery reports whether all pairs of a request must have the same query.
func (d Dialect) OneQuery() bool { return d != Crossrank && d != "" && !vocabularies[d].queries }

// Logits reports whether raw scores can be requested.
func (d Dialect) Logits() bool { return d == Crossrank || d == "" || vocabularies[d].raw }

// vocabulary is what a dialect can express besides pairs of one query.
type vocabulary struct {
	queries    bool // a query for each pair
	model      bool // Model
	raw        bool // Raw
	maxLength  bool // MaxLength
	left       bool // TruncateLeft
	never      bool // TruncateNever
	maxPassage bool // MaxPassage
	priority   bool // Priority
}

var vocabularies = map[Dialect]vocabulary{
	Inference: {queries: true},
	Cohere:    {model: true, maxPassage: true, priority: true},
	CohereV1:  {model: true},
	Jina:      {model: true},
	TEI:       {queries: true, raw: true, left: true, never: true},
	VLLM:      {queries: true, model: true, raw: true, maxLength: true, never: true, priority: true},
	LlamaCpp:  {model: true, raw: true},
}

// check refuses what d cannot express. Model is the one of the client's options.
func (d Dialect) check(req *crossrank.Request, model string) error {
	v := vocabularies[d]
	for _, c := range []struct {
		asked, has bool
		what       string
	}{
		{req.Raw, v.raw, "raw scores"},
		{req.MaxLength > 0, v.maxLength, "a maximum length"},
		{req.Truncation == crossrank.TruncateLeft, v.left, "truncation from the left"},
		{req.Truncation == crossrank.TruncateNever, v.never, "refusing texts that are too long"},
		{req.MaxLength > 0 && req.Truncation == crossrank.TruncateNever, false, "a maximum length with refusal of longer texts"},
		{req.MaxPassage > 0, v.maxPassage, "a maximum length of passages"},
		{req.Windows.Aggregate != crossrank.NoWindows, false, "windows"},
		{req.Instruction != "", false, "an instruction"},
		{req.Priority != 0, v.priority, "a priority"},
	} {
		if c.asked && !c.has {
			return crossrank.Errorf(crossrank.InvalidArgument, "the dialect %s cannot express %s", d, c.what)
		}
	}
	if n := queries(req.Pairs); n > 1 && !v.queries {
		return crossrank.Errorf(crossrank.InvalidArgument, "the request's pairs have %d queries, but the dialect %s takes one query a "+
			"call; send a request for each query", n, d)
	}
	if req.Model != model && !v.model {
		return crossrank.Errorf(crossrank.NotFound, "the dialect %s cannot name a model, so %q cannot be requested", d, req.Model)
	}
	return nil
}

// queries counts the distinct queries of pairs.
func queries(pairs []crossrank.Pair) int {
	seen := map[string]struct{}{}
	for i, p := range pairs {
		if i == 0 || p.Query != pairs[i-1].Query {
			seen[p.Query] = struct{}{}
		}
	}
	return len(seen)
}

// fits refuses an unknown dialect, or one that does not exist over the protocol of the target.
func (d Dialect) fits(t target) error {
	switch {
	case !slices.Contains(Dialects(), d):
		var names []string
		for _, d := range Dialects() {
			names = append(names, string(d))
		}
		return fmt.Errorf("dialect is %q; use one of %s", d, strings.Join(names, ", "))
	case d == Inference && t.http():
		return fmt.Errorf("the dialect %s needs gRPC; dial grpc://host:port", d)
	case d != Crossrank && d != Inference && !t.http():
		return fmt.Errorf("the dialect %s needs HTTP; dial http://host:port", d)
	}
	return nil
}

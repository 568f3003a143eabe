package client

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"time"

	"github.com/crossrank/crossrank"
)

// foreign speaks to another maker's server over HTTP, in one of the dialects that files beside this one word.
type foreign struct {
	http    *overHTTP
	dialect Dialect
	model   string // for whom Options named one
}

// speech is what each of those dialects does its own way. A speech is used for one call.
type speech interface {
	// ask words a request that the dialect's vocabulary holds: the path, and the body for encoding/json.
	ask(req *crossrank.Request) (path string, body any)
	// read takes a good answer to that request apart. Scores may come in any order; whoever calls it puts them in place.
	read(reply []byte) (answered, error)
}

// answered is what an answer says, in any dialect; what it does not say is zero.
type answered struct {
	scores []placed
	kind   crossrank.ScoreType
	model  string
	tokens int
}

// placed is a score with its place in the request. Either is nil if the answer lacks it.
type placed struct {
	index *int
	score *float32
}

func (d Dialect) speech() speech {
	switch d {
	case Cohere:
		return cohereV2{}
	case CohereV1:
		return cohereV1{}
	case Jina:
		return jina{}
	case TEI:
		return new(tei)
	case VLLM:
		return vllm{}
	case LlamaCpp:
		return llamaCpp{}
	}
	panic("client: no speech for the dialect " + string(d))
}

func (f *foreign) score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	if err := f.dialect.check(req, f.model); err != nil {
		return nil, err
	}
	speech := f.dialect.speech()
	path, body := speech.ask(req)
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(body); err != nil {
		return nil, fmt.Errorf("encoding the request: %w", err)
	}
	reply, header, err := f.http.exchange(ctx, http.MethodPost, path, buf.Bytes())
	if err != nil {
		return nil, err
	}
	got, err := speech.read(reply)
	if err != nil {
		return nil, crossrank.Errorf(crossrank.Internal, "%s answered something else than the dialect %s: %w", f.http.base, f.dialect, err)
	}
	resp := &crossrank.Response{Model: cmp.Or(got.model, req.Model)}
	if resp.Scores, err = inOrder(got.scores, len(req.Pairs)); err != nil {
		return nil, crossrank.Errorf(crossrank.Internal, "%s: %w", f.http.base, err)
	}
	measured(header, resp)
	resp.Usage.Tokens = cmp.Or(got.tokens, resp.Usage.Tokens)
	// A crossrank server says in every dialect what its scores are. Others are known to give one kind, or what was asked for.
	resp.ScoreType = cmp.Or(crossrank.ScoreType(header.Get("X-Score-Type")), got.kind)
	if resp.ScoreType == "" && req.Raw {
		resp.ScoreType = crossrank.Logit
	} else if resp.ScoreType == "" {
		resp.ScoreType = kindOf(resp.Scores)
	}
	return resp, nil
}

// inOrder puts scores in the order of the request, in which there must be one for each of n pairs.
func inOrder(scores []placed, n int) ([]float32, error) {
	out := make([]float32, n)
	seen := make([]bool, n)
	for _, s := range scores {
		switch {
		case s.index == nil || s.score == nil:
			return nil, errors.New("a result of the answer lacks its index or its score")
		case *s.index < 0 || *s.index >= n:
			return nil, fmt.Errorf("the answer has a score for number %d of %d documents, counted from 0", *s.index, n)
		case seen[*s.index]:
			return nil, fmt.Errorf("the answer has two scores for document number %d, counted from 0", *s.index)
		}
		seen[*s.index], out[*s.index] = true, *s.score
	}
	if len(scores) < n {
		return nil, fmt.Errorf("the answer has %d scores for %d documents", len(scores), n)
	}
	return out, nil
}

// kindOf is what scores are whose server does not say: probabilities, unless one of them cannot be one.
func kindOf(scores []float32) crossrank.ScoreType {
	for _, s := range scores {
		if s < 0 || s > 1 {
			return crossrank.Logit
		}
	}
	return crossrank.Probability
}

// measured reads the headers in which Text Embeddings Inference tells what an answer cost. Times are in whole
// milliseconds and, but for the total, means over the texts.
func measured(h http.Header, resp *crossrank.Response) {
	number := func(name string) int64 {
		n, err := strconv.ParseUint(h.Get(name), 10, 40)
		if err != nil {
			return 0
		}
		return int64(n)
	}
	ms := func(name string) time.Duration { return time.Duration(number(name)) * time.Millisecond }
	resp.Usage.Tokens = int(number("X-Compute-Tokens"))
	resp.Timing = crossrank.Timing{
		Tokenize: ms("X-Tokenization-Time"), Queue: ms("X-Queue-Time"), Compute: ms("X-Inference-Time"), Total: ms("X-Total-Time"),
	}
}

func (f *foreign) history(context.Context, time.Time) (json.RawMessage, error) {
	return nil, crossrank.Errorf(crossrank.InvalidArgument, "%s: only a crossrank server tells its history, in its own dialect", f.http.base)
}

func (f *foreign) close() error { return f.http.close() }

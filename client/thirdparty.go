package client

import (
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

// thirdParty calls a third-party server over HTTP, in the dialect of one of the codecs.
type thirdParty struct {
	http    *overHTTP
	dialect Dialect
	model   string // from Options.Model
}

// codec translates to and from one of those dialects. A codec is used for one call.
type codec interface {
	// encode gives the path and the body, for encoding/json, of a request that the dialect can
	// express.
	encode(req *crossrank.Request) (path string, body any)
	// decode reads a successful reply to that request. Scores may be in any order.
	decode(reply []byte) (decoded, error)
}

// decoded is what a reply says, in any dialect. What it does not say is zero.
type decoded struct {
	scores    []indexedScore
	scoreType crossrank.ScoreType
	model     string
	tokens    int
}

// indexedScore is a score and its place in the request. A field that the reply lacks is nil.
type indexedScore struct {
	index *int
	score *float32
}

func (d Dialect) codec() codec {
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
	panic("client: no codec for the dialect " + string(d))
}

func (t *thirdParty) score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	if err := t.dialect.check(req, t.model); err != nil {
		return nil, err
	}
	codec := t.dialect.codec()
	path, body := codec.encode(req)
	reply, header, err := t.http.exchange(ctx, http.MethodPost, path, body)
	if err != nil {
		return nil, err
	}
	got, err := codec.decode(reply)
	if err != nil {
		return nil, crossrank.Errorf(crossrank.Internal,
			"%s: the reply does not fit the dialect %s: %w", t.http.base, t.dialect, jsonError(err))
	}
	resp := &crossrank.Response{Model: cmp.Or(got.model, req.Model)}
	if resp.Scores, err = inOrder(got.scores, len(req.Pairs)); err != nil {
		return nil, crossrank.Errorf(crossrank.Internal, "%s: %w", t.http.base, err)
	}
	readCost(header, resp)
	resp.Usage.Tokens = cmp.Or(got.tokens, resp.Usage.Tokens)
	resp.ScoreType = scoreType(header, got, req, resp.Scores)
	return resp, nil
}

// scoreType is the type of the scores in a reply. A crossrank server names it in every dialect. Of
// other servers, the dialect's type is known, or raw scores were asked for, or the values decide.
func scoreType(header http.Header, got decoded, req *crossrank.Request, scores []float32) crossrank.ScoreType {
	named := cmp.Or(crossrank.ScoreType(header.Get("X-Score-Type")), got.scoreType)
	switch {
	case named != "":
		return named
	case req.Raw:
		return crossrank.Logit
	}
	return guessScoreType(scores)
}

// inOrder puts scores in the order of the request. There must be one for each of its n pairs.
func inOrder(scores []indexedScore, n int) ([]float32, error) {
	out := make([]float32, n)
	seen := make([]bool, n)
	for _, s := range scores {
		switch {
		case s.index == nil || s.score == nil:
			return nil, errors.New("a result in the reply lacks its index or its score")
		case *s.index < 0 || *s.index >= n:
			return nil, fmt.Errorf("the reply scores document number %d of %d, counted from 0", *s.index, n)
		case seen[*s.index]:
			return nil, fmt.Errorf("the reply has two scores for document number %d, counted from 0", *s.index)
		}
		seen[*s.index], out[*s.index] = true, *s.score
	}
	if len(scores) < n {
		return nil, fmt.Errorf("the reply has %d scores for %d documents", len(scores), n)
	}
	return out, nil
}

// guessScoreType is the type of scores whose server does not name it: probabilities, unless one is
// out of range.
func guessScoreType(scores []float32) crossrank.ScoreType {
	for _, s := range scores {
		if s < 0 || s > 1 {
			return crossrank.Logit
		}
	}
	return crossrank.Probability
}

// readCost reads the cost of a reply from the headers of Text Embeddings Inference. Times are in
// whole milliseconds; all but the total are means over the texts.
func readCost(h http.Header, resp *crossrank.Response) {
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

func (t *thirdParty) history(context.Context, time.Time) (json.RawMessage, error) {
	return nil, crossrank.Errorf(crossrank.InvalidArgument, "%s: the dialect %s has no history; use the dialect crossrank, over HTTP",
		t.http.base, t.dialect)
}

func (t *thirdParty) close() error { return t.http.close() }

package httpapi

import (
	"slices"
	"time"

	"github.com/crossrank/crossrank"
)

// scored is the reply to POST /score. Its first six keys are vLLM's; the others complete a
// [crossrank.Response].
type scored struct {
	ID      string      `json:"id"`
	Object  string      `json:"object"`
	Created int64       `json:"created"` // Unix seconds
	Model   string      `json:"model"`
	Data    []score     `json:"data"`
	Usage   scoredUsage `json:"usage"`

	ScoreType crossrank.ScoreType `json:"score_type"`
	Timing    scoredTiming        `json:"timing"`
}

type score struct {
	Index  int     `json:"index"`
	Object string  `json:"object"`
	Score  float32 `json:"score"`

	Truncated int `json:"truncated,omitempty"` // tokens cut from the pair
}

type scoredUsage struct {
	PromptTokens    int `json:"prompt_tokens"`
	TotalTokens     int `json:"total_tokens"`
	CachedTokens    int `json:"cached_tokens,omitempty"` // part of total_tokens that was not computed
	TruncatedTokens int `json:"truncated_tokens"`
	PaddedTokens    int `json:"padded_tokens"`
}

type scoredTiming struct {
	Tokenize int64 `json:"tokenize_ns"`
	Queue    int64 `json:"queue_ns"`
	Compute  int64 `json:"compute_ns"`
	Total    int64 `json:"total_ns"`
}

// score is POST /score of vLLM: text_1 against text_2, one to many or pairwise, in the request's
// order. It is also SGLang's, whose keys differ.
func (a *API) score(x *exchange) error {
	o, err := a.readObject(x)
	if err != nil {
		return err
	}
	if isSGLangScore(o) {
		return a.sglangScore(x, o)
	}
	first, second := scoreKeys(o)
	topN := o.count("top_n")
	opts, err := a.pairing(o, first, second)
	if err != nil {
		return err
	}
	if opts.TopN = topN; topN > 0 && severalQueries(opts.Pairs) {
		return crossrank.Errorf(crossrank.InvalidArgument, "\"top_n\" is for the documents of one query; %q has several", first)
	}
	resp, err := a.scored(x, opts)
	if err != nil {
		return err
	}
	return x.reply(scoredReply(x.id, resp, topN))
}

func severalQueries(pairs []crossrank.Pair) bool {
	return slices.ContainsFunc(pairs, func(p crossrank.Pair) bool { return p.Query != pairs[0].Query })
}

// scoreKeys finds the names of the two sides of pairs. vLLM has several; the first that is there
// counts, or else the default.
func scoreKeys(o *object) (first, second string) {
	for _, keys := range [][2]string{{"text_1", "text_2"}, {"data_1", "data_2"}, {"queries", "documents"}, {"queries", "items"}} {
		if o.has(keys[0]) && o.has(keys[1]) {
			return keys[0], keys[1]
		}
	}
	return "text_1", "text_2"
}

// pairing reads two sides of pairs, one to many or pairwise.
func (a *API) pairing(o *object, first, second string) (*options, error) {
	queries, isList := o.textOrTexts(first, a.cfg.Limits.Documents)
	passages, _ := o.textOrTexts(second, a.cfg.Limits.Documents)
	opts := o.options()
	switch {
	case o.err != nil:
		return nil, o.err
	case len(queries) == 0:
		return nil, refuseEmpty("%q is empty; send at least one", first)
	case len(passages) == 0:
		return nil, refuseEmpty("%q is empty; send at least one", second)
	case isList && len(queries) > 1 && len(queries) != len(passages):
		return nil, crossrank.Errorf(crossrank.InvalidArgument, "%q has %d elements and %q has %d; "+
			"give one %s for all, or as many as there are in %s", first, len(queries), second, len(passages), first, second)
	}
	opts.Pairs = make([]crossrank.Pair, len(passages))
	for i, passage := range passages {
		query := queries[0]
		if len(queries) > 1 {
			query = queries[i]
		}
		opts.Pairs[i] = crossrank.Pair{Query: query, Passage: passage}
	}
	return opts, nil
}

// scored asks for scores with the model's activation, unless the caller wants another type.
func (a *API) scored(x *exchange, opts *options) (*crossrank.Response, error) {
	opts.Raw = opts.Raw || opts.probability
	resp, err := a.ask(x, opts)
	if err != nil {
		return nil, err
	}
	if opts.probability && resp.ScoreType == crossrank.Logit {
		for i, s := range resp.Scores {
			if s != crossrank.Omitted {
				resp.Scores[i] = crossrank.Sigmoid(s)
			}
		}
		resp.ScoreType = crossrank.Probability
	}
	setHeaders(x.w.Header(), resp, resp.ScoreType)
	return resp, nil
}

// tokensRead is the number of tokens of a request that the model read, for this request or for an
// earlier one. It does not depend on what was cached.
func tokensRead(resp *crossrank.Response) int { return resp.Usage.Tokens + resp.Usage.CachedTokens }

// scoredReply has the topN highest scores, or all, in the order of the request.
func scoredReply(id string, resp *crossrank.Response, topN int) *scored {
	out := &scored{
		ID:      "score-" + id,
		Object:  "list",
		Created: time.Now().Unix(),
		Model:   resp.Model,
		Usage: scoredUsage{
			PromptTokens:    tokensRead(resp),
			TotalTokens:     tokensRead(resp),
			CachedTokens:    resp.Usage.CachedTokens,
			TruncatedTokens: resp.Usage.TruncatedTokens,
			PaddedTokens:    resp.Usage.PaddedTokens,
		},
		ScoreType: resp.ScoreType,
		Timing: scoredTiming{
			Tokenize: resp.Timing.Tokenize.Nanoseconds(),
			Queue:    resp.Timing.Queue.Nanoseconds(),
			Compute:  resp.Timing.Compute.Nanoseconds(),
			Total:    resp.Timing.Total.Nanoseconds(),
		},
	}
	best := crossrank.Order(resp.Scores, topN)
	slices.SortFunc(best, func(a, b crossrank.Ranked) int { return a.Index - b.Index })
	out.Data = make([]score, len(best))
	for i, b := range best {
		out.Data[i] = score{Index: b.Index, Object: "score", Score: b.Score, Truncated: truncatedOf(resp, b.Index)}
	}
	return out
}

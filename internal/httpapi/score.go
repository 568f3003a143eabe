package httpapi

import (
	"net/http"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/edge"
)

// scored is the reply to POST /score. Its first six fields are vLLM's; the rest lets a client fill a whole
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
}

type scoredUsage struct {
	PromptTokens    int `json:"prompt_tokens"`
	TotalTokens     int `json:"total_tokens"`
	TruncatedTokens int `json:"truncated_tokens"`
	PaddedTokens    int `json:"padded_tokens"`
}

type scoredTiming struct {
	Tokenize int64 `json:"tokenize_ns"`
	Queue    int64 `json:"queue_ns"`
	Compute  int64 `json:"compute_ns"`
	Total    int64 `json:"total_ns"`
}

// score is POST /score as vLLM has it: text_1 against text_2, one to many or side by side, in the request's order.
func (a *API) score(w http.ResponseWriter, r *http.Request) error {
	body, err := a.readBody(w, r)
	if err != nil {
		return err
	}
	o, err := parseObject(body)
	if err != nil {
		return err
	}
	queries, isList := o.textOrTexts("text_1", a.cfg.Limits.Documents)
	passages, _ := o.textOrTexts("text_2", a.cfg.Limits.Documents)
	req := o.options()
	if o.has("use_activation") && !o.flag("use_activation") { // vLLM's word for raw scores
		req.Raw = true
	}
	model := o.text("model", false)
	switch {
	case o.err != nil:
		return o.err
	case len(queries) == 0:
		return refuseEmpty(`"text_1" is empty; send at least one`)
	case len(passages) == 0:
		return refuseEmpty(`"text_2" is empty; send at least one`)
	case isList && len(queries) > 1 && len(queries) != len(passages):
		return crossrank.Errorf(crossrank.InvalidArgument, `"text_1" has %d elements and "text_2" has %d; `+
			"give one text_1 for all, or as many as there are in text_2", len(queries), len(passages))
	}
	for i, passage := range passages {
		query := queries[0]
		if len(queries) > 1 {
			query = queries[i]
		}
		req.Pairs = append(req.Pairs, crossrank.Pair{Query: query, Passage: passage})
	}
	resp, err := a.ask(r.Context(), model, req)
	if err != nil {
		return err
	}
	setTimingHeaders(w.Header(), resp)
	return reply(w, http.StatusOK, scoredReply(w.Header().Get(edge.RequestIDHeader), resp))
}

func scoredReply(id string, resp *crossrank.Response) *scored {
	out := &scored{
		ID:      "score-" + id,
		Object:  "list",
		Created: time.Now().Unix(),
		Model:   resp.Model,
		Data:    make([]score, len(resp.Scores)),
		Usage: scoredUsage{
			PromptTokens:    resp.Usage.Tokens,
			TotalTokens:     resp.Usage.Tokens,
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
	for i, s := range resp.Scores {
		out.Data[i] = score{Index: i, Object: "score", Score: s}
	}
	return out
}

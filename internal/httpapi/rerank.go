package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/edge"
)

// ranked is one element of Text Embeddings Inference's reply to POST /rerank.
type ranked struct {
	Index int     `json:"index"`
	Score float32 `json:"score"`
	Text  *string `json:"text,omitempty"`
}

// rerank is POST /rerank as Text Embeddings Inference has it: the texts of one query, best first.
func (a *API) rerank(w http.ResponseWriter, r *http.Request) error {
	body, err := a.readBody(w, r)
	if err != nil {
		return err
	}
	o, err := parseObject(body)
	if err != nil {
		return err
	}
	query := o.text("query", true)
	texts := o.texts("texts", a.cfg.Limits.Documents)
	returnText := o.flag("return_text")
	req := o.options()
	model := o.text("model", false)
	switch {
	case o.err != nil:
		return o.err
	case len(texts) == 0:
		return refuseEmpty(`"texts" is empty; send at least one`)
	}
	for _, text := range texts {
		req.Pairs = append(req.Pairs, crossrank.Pair{Query: query, Passage: text})
	}

	// This dialect's probability is always the sigmoid, whatever the model's own activation is. The order is that of
	// the logits, which still differ where sigmoids have run together.
	raw := req.Raw
	req.Raw = true
	resp, err := a.ask(r.Context(), model, req)
	if err != nil {
		return err
	}
	out := make([]ranked, 0, len(texts))
	for _, best := range crossrank.Order(resp.Scores, 0) {
		item := ranked{Index: best.Index, Score: best.Score}
		if !raw && resp.ScoreType == crossrank.Logit {
			item.Score = crossrank.Sigmoid(best.Score)
		}
		if returnText {
			item.Text = &texts[best.Index]
		}
		out = append(out, item)
	}
	setTimingHeaders(w.Header(), resp)
	return reply(w, http.StatusOK, out)
}

// options reads the keys that say how pairs are to be read and scored; every dialect takes them.
func (o *object) options() *crossrank.Request {
	req := &crossrank.Request{Raw: o.flag("raw_scores"), MaxLength: o.count("max_length")}
	switch direction := o.text("truncation_direction", false); direction {
	case "", "right", "Right":
	case "left", "Left":
		req.Truncation = crossrank.TruncateLeft
	default:
		o.fail(`"truncation_direction" must be "right" or "left"`)
	}
	if o.has("truncate") && !o.flag("truncate") {
		req.Truncation = crossrank.TruncateNever
	}
	return req
}

// ask holds a request against the limits and has it scored.
func (a *API) ask(ctx context.Context, model string, req *crossrank.Request) (*crossrank.Response, error) {
	if err := edge.CheckModel(model, edge.Names(a.cfg.Models())...); err != nil {
		return nil, err
	}
	req.Model = model
	if err := a.cfg.Limits.Check(req); err != nil {
		return nil, err
	}
	return edge.Score(ctx, a.cfg.Scorer, req)
}

// setTimingHeaders tells the cost of an answer in the headers of Text Embeddings Inference, in whole milliseconds.
func setTimingHeaders(h http.Header, resp *crossrank.Response) {
	ms := func(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
	h.Set("X-Compute-Tokens", strconv.Itoa(resp.Usage.Tokens))
	h.Set("X-Total-Time", ms(resp.Timing.Total))
	h.Set("X-Tokenization-Time", ms(resp.Timing.Tokenize))
	h.Set("X-Queue-Time", ms(resp.Timing.Queue))
	h.Set("X-Inference-Time", ms(resp.Timing.Compute))
}

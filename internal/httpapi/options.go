package httpapi

import (
	"context"
	"net/http"
	"strconv"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/edge"
)

// options are the keys, common to all dialects, that say how pairs are read and scored.
type options struct {
	crossrank.Request

	probability bool // the sigmoid is requested, whatever the model's activation
	timeout     time.Duration
}

// options reads these keys, under every name that some dialect has for them.
func (o *object) options() *options {
	opts := &options{}
	opts.Model = o.text("model", false)
	opts.Instruction = o.instruction()
	opts.MaxLength = o.count("max_length")
	o.scoreType(opts)
	o.truncation(opts)
	o.windows(opts)
	opts.Priority = o.whole("priority", 0, 999)
	opts.timeout = time.Duration(o.whole("timeout_ms", 1, maxTimeout)) * time.Millisecond
	return opts
}

// scoreType reads whether logits or probabilities are requested.
func (o *object) scoreType(opts *options) {
	opts.Raw = o.flag("raw_scores")
	for _, activated := range []string{"use_activation", "activation", "softmax"} { // vLLM's names, also older ones
		if o.has(activated) && !o.flag(activated) {
			opts.Raw = true
		}
	}
	switch o.choice("score_type", string(crossrank.Logit), string(crossrank.Probability)) {
	case string(crossrank.Logit):
		opts.Raw = true
	case string(crossrank.Probability):
		opts.probability = true
		if opts.Raw {
			o.fail(`"score_type" is "probability", but raw scores are requested too`)
		}
	}
}

// truncation reads how texts that are too long are handled.
func (o *object) truncation(opts *options) {
	if name := o.oneOf("truncation_direction", "truncation_side"); name != "" {
		switch o.choice(name, "right", "left", "Right", "Left") {
		case "left", "Left":
			opts.Truncation = crossrank.TruncateLeft
		}
	}
	if o.has("max_tokens_per_query") { // vLLM's; queries have no limit of their own here
		o.fail(`"max_tokens_per_query" is not supported; shorten the query, or limit the pair with "max_length"`)
	}
	if name := o.oneOf("truncate", "truncation"); name != "" && !o.flag(name) {
		opts.Truncation = crossrank.TruncateNever
	}
	if n := o.whole("truncate_prompt_tokens", -1, maxCount); n > 0 { // vLLM's; −1 = the model's maximum
		if opts.MaxLength > 0 {
			o.fail(`"truncate_prompt_tokens" and "max_length" mean the same; give one`)
		}
		opts.MaxLength = n
	}
	if name := o.oneOf("max_tokens_per_doc", "max_doc_length"); name != "" {
		opts.MaxPassage = o.whole(name, 1, maxCount)
	}
}

// Maximums of numbers of tokens or documents, and of milliseconds.
const (
	maxCount   = 1<<31 - 1
	maxTimeout = 24 * 60 * 60 * 1000
)

// windows reads how long documents are split. Cohere's first version asks for windows with a number
// of chunks.
func (o *object) windows(opts *options) {
	w := &opts.Windows
	switch o.choice("windows", "best", "mean") {
	case "best":
		w.Aggregate = crossrank.BestWindow
	case "mean":
		w.Aggregate = crossrank.MeanWindow
	}
	if o.has("max_chunks_per_doc") {
		if w.Max = o.whole("max_chunks_per_doc", 1, maxCount); w.Max > 1 && w.Aggregate == crossrank.NoWindows {
			w.Aggregate = crossrank.BestWindow
		}
	}
	if name := o.oneOf("window_overlap", "overlap_tokens"); name != "" { // also SiliconFlow's name
		w.Overlap = o.whole(name, 1, maxCount)
		if w.Aggregate == crossrank.NoWindows && name == "window_overlap" {
			o.fail(`"window_overlap" needs "windows": "best" or "mean"`)
		}
	}
}

// TimeoutHeader is the header for a timeout in milliseconds, like the key timeout_ms of the body.
const TimeoutHeader = "X-Timeout-Ms"

// ask checks a request against the limits and scores it within its deadline.
func (a *API) ask(x *exchange, opts *options) (*crossrank.Response, error) {
	req := &opts.Request
	model, err := a.cfg.Resolve(req.Model)
	switch {
	case err == nil:
		req.Model = model
	case x.dialect.anyModel:
		req.Model = ""
	default:
		return nil, err
	}
	if err := a.cfg.Limits.CheckTexts(req); err != nil {
		return nil, err
	}
	timeout := opts.timeout
	if header := x.r.Header.Get(TimeoutHeader); header != "" {
		ms, err := strconv.Atoi(header)
		if err != nil || ms < 1 || ms > maxTimeout {
			return nil, crossrank.Errorf(crossrank.InvalidArgument, "the header %s must be a number of milliseconds from 1 to %d",
				TimeoutHeader, maxTimeout)
		}
		if d := time.Duration(ms) * time.Millisecond; timeout == 0 || d < timeout {
			timeout = d
		}
	}
	ctx := crossrank.WithCaller(x.r.Context(), x.caller)
	if timeout > 0 && timeout < a.cfg.Deadline {
		timed, cancel := context.WithDeadline(ctx, x.arrived.Add(timeout))
		defer cancel()
		ctx = timed
	}
	resp, err := edge.Score(ctx, a.cfg.Scorer, req)
	x.scored = err == nil
	return resp, err
}

// setHeaders reports the cost of a reply in the headers of Text Embeddings Inference, in whole
// milliseconds, and the type of its scores.
func setHeaders(h http.Header, resp *crossrank.Response, kind crossrank.ScoreType) {
	ms := func(d time.Duration) string { return strconv.FormatInt(d.Milliseconds(), 10) }
	h.Set("X-Compute-Tokens", strconv.Itoa(resp.Usage.Tokens))
	h.Set("X-Total-Time", ms(resp.Timing.Total))
	h.Set("X-Tokenization-Time", ms(resp.Timing.Tokenize))
	h.Set("X-Queue-Time", ms(resp.Timing.Queue))
	h.Set("X-Inference-Time", ms(resp.Timing.Compute))
	h.Set("X-Score-Type", string(kind))
}

// truncatedOf is the number of tokens cut from pair i.
func truncatedOf(resp *crossrank.Response, i int) int {
	if i < len(resp.Truncated) {
		return resp.Truncated[i]
	}
	return 0
}

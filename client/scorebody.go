package client

import (
	"math"
	"time"

	"github.com/crossrank/crossrank"
)

// scoreRequest has vLLM's keys and those that crossrank adds.
type scoreRequest struct {
	Model     string   `json:"model,omitempty"`
	Text1     any      `json:"text_1"` // one query for all pairs, or one per pair
	Text2     []string `json:"text_2"`
	Raw       bool     `json:"raw_scores,omitempty"`
	MaxLength int      `json:"max_length,omitempty"`
	Direction string   `json:"truncation_direction,omitempty"`
	Truncate  *bool    `json:"truncate,omitempty"`
	Priority  int      `json:"priority,omitempty"`

	Instruction string `json:"instruction,omitempty"`

	MaxPassage int    `json:"max_tokens_per_doc,omitempty"`
	Windows    string `json:"windows,omitempty"`
	Overlap    int    `json:"window_overlap,omitempty"`
	MaxWindows int    `json:"max_chunks_per_doc,omitempty"`

	TopN int `json:"top_n,omitempty"`
}

type scoreReply struct {
	Model string `json:"model"`
	Data  []struct {
		Index     int      `json:"index"`
		Score     *float32 `json:"score"`
		Truncated int      `json:"truncated"`
	} `json:"data"`
	Usage struct {
		Total     int `json:"total_tokens"`
		Cached    int `json:"cached_tokens"`
		Truncated int `json:"truncated_tokens"`
		Padded    int `json:"padded_tokens"`
	} `json:"usage"`
	ScoreType crossrank.ScoreType `json:"score_type"`
	Timing    struct {
		Tokenize time.Duration `json:"tokenize_ns"`
		Queue    time.Duration `json:"queue_ns"`
		Compute  time.Duration `json:"compute_ns"`
		Total    time.Duration `json:"total_ns"`
	} `json:"timing"`
}

// bodyOf makes the body of a request. A query that all pairs share is written once.
func bodyOf(req *crossrank.Request) *scoreRequest {
	body := &scoreRequest{Model: req.Model, Raw: req.Raw, MaxLength: min(req.MaxLength, math.MaxInt32), Priority: min(req.Priority, 999)}
	switch req.Truncation {
	case crossrank.TruncateLeft:
		body.Direction = "left"
	case crossrank.TruncateNever:
		body.Truncate = new(bool)
	}
	body.Instruction = req.Instruction
	body.MaxPassage = min(req.MaxPassage, math.MaxInt32)
	if w := req.Windows; w.Aggregate != crossrank.NoWindows {
		body.Windows, body.Overlap, body.MaxWindows = aggregates[w.Aggregate], min(w.Overlap, math.MaxInt32), min(w.Max, math.MaxInt32)
	}
	queries := make([]string, len(req.Pairs))
	passages := make([]string, len(req.Pairs))
	shared := true
	for i, p := range req.Pairs {
		queries[i], passages[i] = p.Query, p.Passage
		shared = shared && p.Query == req.Pairs[0].Query
	}
	if isRanking(req) {
		body.TopN = req.TopN
	}
	body.Text1, body.Text2 = queries, passages
	if shared {
		body.Text1 = queries[0]
	}
	return body
}

// aggregates names the ways to aggregate windows.
var aggregates = map[crossrank.Aggregate]string{crossrank.BestWindow: "best", crossrank.MeanWindow: "mean"}

package client

import (
	"encoding/json"

	"github.com/crossrank/crossrank"
)

// vllm is vLLM's POST /v1/score, for one query with several passages or for pairs. Scores have the
// model's activation.
type vllm struct{}

func (vllm) encode(req *crossrank.Request) (string, any) {
	body := struct {
		Model      string   `json:"model,omitempty"`
		Text1      any      `json:"text_1"` // one query for all, or a list
		Text2      []string `json:"text_2"`
		Truncate   *int     `json:"truncate_prompt_tokens,omitempty"` // without it, texts that are too long are refused
		Activation *bool    `json:"use_activation,omitempty"`
		Priority   int      `json:"priority,omitempty"`
	}{Model: req.Model, Text1: req.Pairs[0].Query, Text2: passages(req.Pairs), Priority: req.Priority}
	if queries(req.Pairs) > 1 {
		list := make([]string, len(req.Pairs))
		for i, p := range req.Pairs {
			list[i] = p.Query
		}
		body.Text1 = list
	}
	switch {
	case req.MaxLength > 0:
		body.Truncate = new(req.MaxLength)
	case req.Truncation != crossrank.TruncateNever:
		body.Truncate = new(-1) // the model's own maximum
	}
	if req.Raw {
		body.Activation = new(false)
	}
	return "/v1/score", body
}

func (vllm) decode(reply []byte) (decoded, error) {
	var out struct {
		Model string `json:"model"`
		Data  []struct {
			Index *int     `json:"index"`
			Score *float32 `json:"score"`
		} `json:"data"`
		Usage struct {
			Prompt int `json:"prompt_tokens"`
			Total  int `json:"total_tokens"`
		} `json:"usage"`
	}
	if err := json.Unmarshal(reply, &out); err != nil {
		return decoded{}, err
	}
	a := decoded{model: out.Model, tokens: max(out.Usage.Prompt, out.Usage.Total, 0)}
	for _, d := range out.Data {
		a.scores = append(a.scores, indexedScore{d.Index, d.Score})
	}
	return a, nil
}

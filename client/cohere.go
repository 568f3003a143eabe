package client

import (
	"encoding/json"

	"github.com/crossrank/crossrank"
)

// cohereV2 is Cohere's POST /v2/rerank. Scores are from 0 to 1.
type cohereV2 struct{}

func (cohereV2) encode(req *crossrank.Request) (string, any) {
	return "/v2/rerank", struct {
		Model      string   `json:"model,omitempty"`
		Query      string   `json:"query"`
		Documents  []string `json:"documents"`
		MaxPassage int      `json:"max_tokens_per_doc,omitempty"`
		Priority   int      `json:"priority,omitempty"`
	}{req.Model, req.Pairs[0].Query, passages(req.Pairs), req.MaxPassage, min(req.Priority, 999)}
}

func (cohereV2) decode(reply []byte) (decoded, error) { return readReranked(reply) }

// cohereV1 is Cohere's POST /v1/rerank. The reply repeats the documents unless asked not to.
type cohereV1 struct{}

func (cohereV1) encode(req *crossrank.Request) (string, any) { return jina{}.encode(req) }

func (cohereV1) decode(reply []byte) (decoded, error) { return readReranked(reply) }

// passages returns the passages of pairs.
func passages(pairs []crossrank.Pair) []string {
	out := make([]string, len(pairs))
	for i, p := range pairs {
		out[i] = p.Passage
	}
	return out
}

// reranked is what the replies of servers that take "documents" have in common: results with
// "relevance_score", sorted or not, and the number of tokens read, in one of three places.
type reranked struct {
	Model   string `json:"model"`
	Results []struct {
		Index *int     `json:"index"`
		Score *float32 `json:"relevance_score"`
	} `json:"results"`
	Usage struct {
		Prompt int `json:"prompt_tokens"`
		Total  int `json:"total_tokens"`
	} `json:"usage"`
	Meta struct {
		Tokens struct {
			Input float64 `json:"input_tokens"` // not necessarily an integer in Cohere's schema
		} `json:"tokens"`
	} `json:"meta"`
}

// readReranked reads such a reply. It does not name the type of its scores.
func readReranked(reply []byte) (decoded, error) {
	var out reranked
	if err := json.Unmarshal(reply, &out); err != nil {
		return decoded{}, err
	}
	a := decoded{model: out.Model, tokens: max(out.Usage.Prompt, out.Usage.Total, int(out.Meta.Tokens.Input), 0)}
	for _, r := range out.Results {
		a.scores = append(a.scores, indexedScore{r.Index, r.Score})
	}
	return a, nil
}

package client

import "github.com/crossrank/crossrank"

// llamaCpp is POST /v1/rerank of llama.cpp's server. It always returns logits. It ignores
// raw_scores, which other servers with the same route understand.
type llamaCpp struct{}

func (llamaCpp) encode(req *crossrank.Request) (string, any) {
	return "/v1/rerank", struct {
		Model     string   `json:"model,omitempty"`
		Query     string   `json:"query"`
		Documents []string `json:"documents"`
		Raw       bool     `json:"raw_scores,omitempty"`
	}{req.Model, req.Pairs[0].Query, passages(req.Pairs), req.Raw}
}

func (llamaCpp) decode(reply []byte) (decoded, error) {
	a, err := readReranked(reply)
	a.scoreType = crossrank.Logit
	return a, err
}

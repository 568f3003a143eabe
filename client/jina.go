package client

import "github.com/crossrank/crossrank"

// jina is Jina's POST /v1/rerank. The reply repeats the documents unless asked not to.
type jina struct{}

func (jina) encode(req *crossrank.Request) (string, any) {
	return "/v1/rerank", struct {
		Model           string   `json:"model,omitempty"`
		Query           string   `json:"query"`
		Documents       []string `json:"documents"`
		ReturnDocuments bool     `json:"return_documents"`
	}{req.Model, req.Pairs[0].Query, passages(req.Pairs), false}
}

func (jina) decode(reply []byte) (decoded, error) { return readReranked(reply) }

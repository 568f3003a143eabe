package httpapi

import "github.com/go-json-experiment/json/jsontext"

// deepinfraPath is the route of one model. Names may contain slashes.
const deepinfraPath = "/v1/inference/{id}"

// deepinfra is POST /v1/inference/{id} of DeepInfra: scores of queries and documents, one to many
// or pairwise, in the request's order.
func (a *API) deepinfra(x *exchange) error {
	o, err := a.readObject(x)
	if err != nil {
		return err
	}
	o.lax = true
	name, _ := jsontext.AppendQuote(nil, x.modelInPath()) // its error only reports replaced bytes
	o.set("model", string(name))
	opts, err := a.pairing(o, "queries", "documents")
	if err != nil {
		return err
	}
	if !opts.Raw {
		opts.probability = true
	}
	resp, err := a.scored(x, opts)
	if err != nil {
		return err
	}
	type status struct {
		Status  string `json:"status"`
		Runtime int64  `json:"runtime_ms"`
		Tokens  int    `json:"tokens_input"`
	}
	return x.reply(struct {
		Scores []float32 `json:"scores"`
		Tokens int       `json:"input_tokens"`
		ID     string    `json:"request_id"`
		Status status    `json:"inference_status"`
	}{resp.Scores, tokensRead(resp), x.id, status{"succeeded", resp.Timing.Total.Milliseconds(), tokensRead(resp)}})
}

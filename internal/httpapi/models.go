package httpapi

import (
	"strings"

	"github.com/crossrank/crossrank"
)

// modelList is the reply to GET /v1/models: "data" as in OpenAI's API and in vLLM, and "models" as
// in Cohere's.
type modelList struct {
	Object string        `json:"object"`
	Data   []listedModel `json:"data"`
	Models []cohereModel `json:"models"`
}

// listedModel is also the reply to GET /v1/models/{id}.
type listedModel struct {
	ID          string `json:"id"`
	Object      string `json:"object"`
	Created     int64  `json:"created"` // Unix seconds; the start of this server
	OwnedBy     string `json:"owned_by"`
	MaxModelLen int    `json:"max_model_len"`
	ModelType   string `json:"model_type"` // as in Xinference
}

// cohereModel is a model in Cohere's list.
type cohereModel struct {
	Name          string   `json:"name"`
	Endpoints     []string `json:"endpoints"`
	ContextLength int      `json:"context_length"`
}

func (a *API) listed(info crossrank.Info) listedModel {
	return listedModel{info.Model, "model", a.started.Unix(), "crossrank", info.MaxLength, "rerank"}
}

// models is GET /v1/models.
func (a *API) models(x *exchange) error {
	list := modelList{Object: "list"}
	for _, info := range a.cfg.Models() {
		list.Data = append(list.Data, a.listed(info))
		list.Models = append(list.Models, cohereModel{info.Model, []string{"rerank"}, info.MaxLength})
	}
	return x.reply(list)
}

// modelPath is the route of one model. Names may contain slashes.
const modelPath = "/v1/models/{id}"

// modelInPath is the name of the model in the path of a request to a route that ends with {id}.
func (x *exchange) modelInPath() string {
	return strings.TrimPrefix(x.r.URL.Path, strings.TrimSuffix(x.route, "{id}"))
}

// model is GET /v1/models/{id}.
func (a *API) model(x *exchange) error {
	info, err := a.infoOf(x.modelInPath())
	if err != nil {
		return err
	}
	return x.reply(a.listed(info))
}

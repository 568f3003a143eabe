package client

import (
	"cmp"
	"context"
	"encoding/json"
	"net/http"

	"github.com/crossrank/crossrank"
)

// info asks the server for its model, if the dialect can and the server answers. Else only the
// model's name is known, from the options.
func (t *thirdParty) info(ctx context.Context) (crossrank.Info, error) {
	info := crossrank.Info{Model: t.model}
	var path string
	var read func(*crossrank.Info, []byte)
	switch t.dialect {
	case TEI:
		path, read = "/info", readTEIInfo
	case VLLM, LlamaCpp:
		path, read = "/v1/models", t.readModels
	default:
		return info, nil
	}
	reply, _, err := t.http.exchange(ctx, http.MethodGet, path, nil)
	switch crossrank.CodeOf(err) {
	case crossrank.OK:
		read(&info, reply)
		return info, nil
	case crossrank.NotFound, crossrank.InvalidArgument:
		return info, nil
	}
	return crossrank.Info{}, err
}

// dtypes translates Text Embeddings Inference's number formats.
var dtypes = map[string]string{"float32": "fp32", "float16": "fp16", "bfloat16": "bf16"}

// readTEIInfo reads GET /info of Text Embeddings Inference. A crossrank server adds its own
// description.
func readTEIInfo(info *crossrank.Info, reply []byte) {
	var out struct {
		Model     string          `json:"model_id"`
		Revision  string          `json:"model_sha"`
		DType     string          `json:"model_dtype"`
		MaxLength int             `json:"max_input_length"`
		Version   string          `json:"version"`
		Crossrank *crossrank.Info `json:"crossrank"`
	}
	if json.Unmarshal(reply, &out) != nil {
		return
	}
	if out.Crossrank != nil {
		*info = *out.Crossrank
		return
	}
	info.Model = cmp.Or(out.Model, info.Model)
	if out.Revision != "" {
		info.Weights = "revision " + out.Revision
	}
	info.Quantization = cmp.Or(dtypes[out.DType], out.DType)
	info.MaxLength, info.Version = max(0, out.MaxLength), out.Version
}

// readModels reads the model list of OpenAI-like servers, for the model that the options name, or
// else the first.
func (t *thirdParty) readModels(info *crossrank.Info, reply []byte) {
	var out struct {
		Data []struct {
			ID        string `json:"id"`
			MaxLength int    `json:"max_model_len"` // vLLM's
			Meta      struct {
				Parameters int64 `json:"n_params"` // these are llama.cpp's
				Vocabulary int   `json:"n_vocab"`
				Hidden     int   `json:"n_embd"`
			} `json:"meta"`
		} `json:"data"`
	}
	if json.Unmarshal(reply, &out) != nil {
		return
	}
	for _, m := range out.Data {
		if t.model == "" || m.ID == t.model {
			info.Model, info.MaxLength = cmp.Or(m.ID, t.model), max(0, m.MaxLength)
			info.Parameters, info.VocabSize, info.Hidden = m.Meta.Parameters, m.Meta.Vocabulary, m.Meta.Hidden
			return
		}
	}
}

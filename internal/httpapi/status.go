package httpapi

import (
	"strconv"
	"strings"
	"time"

	"github.com/crossrank/crossrank"
)

// health is the successful reply to GET /health, /livez or /readyz.
type health struct {
	Status string `json:"status"`
}

// ready is GET /health and /readyz: whether requests are accepted now.
func (a *API) ready(x *exchange) error {
	if !a.cfg.Ready() {
		return crossrank.Errorf(crossrank.Unavailable, "the server does not accept requests now")
	}
	return a.live(x)
}

// live is GET /livez: whether the process runs.
func (a *API) live(x *exchange) error {
	return x.reply(health{Status: "ok"})
}

// serverInfo is the reply to GET /info: the keys of Text Embeddings Inference, and the project's
// own.
type serverInfo struct {
	ModelID               string    `json:"model_id"`
	ModelSHA              *string   `json:"model_sha"` // hash of the weights; null if random
	ModelDType            string    `json:"model_dtype"`
	ModelType             modelType `json:"model_type"`
	MaxConcurrentRequests int       `json:"max_concurrent_requests"`
	MaxInputLength        int       `json:"max_input_length"`
	MaxBatchTokens        int       `json:"max_batch_tokens"`
	MaxBatchRequests      *int      `json:"max_batch_requests"` // null: only tokens are limited
	MaxClientBatchSize    int       `json:"max_client_batch_size"`
	AutoTruncate          bool      `json:"auto_truncate"`
	TokenizationWorkers   int       `json:"tokenization_workers"`
	Version               string    `json:"version"`

	Crossrank crossrank.Info `json:"crossrank"`
}

type modelType struct {
	Reranker labels `json:"reranker"`
}

type labels struct {
	ID2Label map[string]string `json:"id2label"`
	Label2ID map[string]int    `json:"label2id"`
}

// dtypes translates names of precisions to those of Text Embeddings Inference.
var dtypes = map[string]string{"fp32": "float32", "fp16": "float16", "bf16": "bfloat16", "bf16-dot": "bfloat16"}

// info is GET /info, of the model named in the query, or else of the default model.
func (a *API) info(x *exchange) error {
	info, err := a.infoOf(x.r.URL.Query().Get("model"))
	if err != nil {
		return err
	}
	out := serverInfo{
		ModelID:    info.Model,
		ModelDType: info.Quantization,
		// A reranker has one score, whatever the labels in its config.
		ModelType: modelType{labels{
			ID2Label: map[string]string{"0": label},
			Label2ID: map[string]int{label: 0},
		}},
		MaxConcurrentRequests: a.cfg.Capacity.Connections,
		MaxInputLength:        info.MaxLength,
		MaxBatchTokens:        a.cfg.Capacity.BatchTokens,
		MaxClientBatchSize:    a.cfg.Limits.Documents,
		AutoTruncate:          true,
		TokenizationWorkers:   a.cfg.Capacity.Tokenizers,
		Version:               info.Version,
		Crossrank:             info,
	}
	if word, ok := dtypes[info.Quantization]; ok {
		out.ModelDType = word
	}
	if strings.HasPrefix(info.Weights, "sha256:") {
		out.ModelSHA = &info.Weights
	}
	return x.reply(out)
}

// infoOf finds a model by name; "" is the default model.
func (a *API) infoOf(name string) (crossrank.Info, error) {
	return a.cfg.Resolve.InfoOf(name, a.cfg.Info, a.cfg.Models)
}

// history is GET /api/history: the server's samples after "since", or all, at least "step" apart.
func (a *API) history(x *exchange) error {
	query := x.r.URL.Query()
	since, err := parseSince(query.Get("since"))
	if err != nil {
		return err
	}
	step, err := parseStep(query.Get("step"))
	if err != nil {
		return err
	}
	return x.reply(a.cfg.History(since, step))
}

// parseStep reads a duration in the syntax of Go, or a number of milliseconds; "" is 0.
func parseStep(s string) (time.Duration, error) {
	if s == "" {
		return 0, nil
	}
	if ms, err := strconv.ParseUint(s, 10, 31); err == nil {
		return time.Duration(ms) * time.Millisecond, nil
	}
	step, err := time.ParseDuration(s)
	if err != nil || step < 0 {
		return 0, crossrank.Errorf(crossrank.InvalidArgument,
			`"step" must be a duration as in 500ms, 5s or 1m, or a number of milliseconds`)
	}
	return step, nil
}

// parseSince reads a time in RFC 3339, or in milliseconds since 1970; "" is the zero time.
func parseSince(s string) (time.Time, error) {
	if s == "" {
		return time.Time{}, nil
	}
	if ms, err := strconv.ParseInt(s, 10, 64); err == nil {
		return time.UnixMilli(ms), nil
	}
	t, err := time.Parse(time.RFC3339, s)
	if err != nil {
		return time.Time{}, crossrank.Errorf(crossrank.InvalidArgument,
			`"since" must be a time as in 2006-01-02T15:04:05Z, or milliseconds since 1970`)
	}
	return t, nil
}

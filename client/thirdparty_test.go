package client

import (
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
)

// The suite of package scorertest runs over every dialect in the tests of the server. Here the
// third-party servers answer, in the shapes that they document.

var (
	oneQuery  = []crossrank.Pair{{Query: "q", Passage: "a"}, {Query: "q", Passage: "b"}, {Query: "q", Passage: "c"}}
	queryEach = []crossrank.Pair{{Query: "q", Passage: "a"}, {Query: "r", Passage: "b"}, {Query: "q", Passage: "c"}}
)

// exchangeOf is a request and what a third-party server answers to it.
type exchangeOf struct {
	name    string
	dialect Dialect
	req     crossrank.Request
	path    string
	sent    string // the body, as JSON

	status int // 0 for 200
	header http.Header
	reply  string

	want    crossrank.Response
	code    crossrank.Code
	retry   time.Duration
	message string // a part of it
}

func TestOtherMakersAnswers(t *testing.T) {
	scores := []float32{0.25, -1.5, 0.875} // of a, b and c; each a float32
	kinds := []float32{0.25, 0.125, 0.875}
	tests := []exchangeOf{
		{
			name: "Cohere's second version, best first", dialect: Cohere, req: crossrank.Request{Pairs: oneQuery, Model: "rerank-v3.5"},
			path: "/v2/rerank", sent: `{"model":"rerank-v3.5","query":"q","documents":["a","b","c"]}`,
			reply: `{"id":"07734bd2","results":[{"index":2,"relevance_score":0.875},{"index":0,"relevance_score":0.25},
				{"index":1,"relevance_score":0.125}],"meta":{"api_version":{"version":"2"},"billed_units":{"search_units":1}}}`,
			want: crossrank.Response{Scores: kinds, ScoreType: crossrank.Probability, Model: "rerank-v3.5"},
		},
		{
			name: "Cohere's second version, with limits and a count of tokens", dialect: Cohere,
			req:  crossrank.Request{Pairs: oneQuery, MaxPassage: 99, Priority: 5000},
			path: "/v2/rerank", sent: `{"query":"q","documents":["a","b","c"],"max_tokens_per_doc":99,"priority":999}`,
			reply: `{"results":[{"index":0,"relevance_score":0.25},{"index":1,"relevance_score":0.125},{"index":2,"relevance_score":0.875}],
				"meta":{"tokens":{"input_tokens":17.0}}}`,
			want: crossrank.Response{Scores: kinds, ScoreType: crossrank.Probability, Usage: crossrank.Usage{Tokens: 17}},
		},
		{
			name: "Cohere's first version, with the documents", dialect: CohereV1, req: crossrank.Request{Pairs: oneQuery, Model: "m"},
			path: "/v1/rerank", sent: `{"model":"m","query":"q","documents":["a","b","c"],"return_documents":false}`,
			reply: `{"id":"1","results":[{"document":{"text":"c"},"index":2,"relevance_score":0.875},
				{"document":{"text":"b"},"index":1,"relevance_score":0.125},{"document":{"text":"a"},"index":0,"relevance_score":0.25}],
				"meta":{"api_version":{"version":"1"},"billed_units":{"search_units":1},"tokens":{"input_tokens":9,"output_tokens":3}}}`,
			want: crossrank.Response{Scores: kinds, ScoreType: crossrank.Probability, Model: "m", Usage: crossrank.Usage{Tokens: 9}},
		},
		{
			name: "Jina's", dialect: Jina, req: crossrank.Request{Pairs: oneQuery, Model: "jina-reranker-v2"},
			path: "/v1/rerank", sent: `{"model":"jina-reranker-v2","query":"q","documents":["a","b","c"],"return_documents":false}`,
			reply: `{"model":"jina-reranker-v2-base","object":"list","usage":{"total_tokens":38,"prompt_tokens":38},"results":[
				{"index":2,"relevance_score":0.875},{"index":0,"relevance_score":0.25},{"index":1,"relevance_score":0.125}]}`,
			want: crossrank.Response{Scores: kinds, ScoreType: crossrank.Probability, Model: "jina-reranker-v2-base",
				Usage: crossrank.Usage{Tokens: 38}},
		},
		{
			name: "one with the API of Jina that gives logits", dialect: Jina, req: crossrank.Request{Pairs: oneQuery},
			path: "/v1/rerank", sent: `{"query":"q","documents":["a","b","c"],"return_documents":false}`,
			reply: `{"results":[{"index":1,"relevance_score":-1.5},{"index":2,"relevance_score":0.875},{"index":0,"relevance_score":0.25}]}`,
			want:  crossrank.Response{Scores: scores, ScoreType: crossrank.Logit},
		},
		{
			name: "Text Embeddings Inference's rerank, with its headers", dialect: TEI, req: crossrank.Request{Pairs: oneQuery},
			path: "/rerank", sent: `{"query":"q","texts":["a","b","c"],"raw_scores":false,"truncate":true}`,
			header: http.Header{"X-Compute-Type": {"gpu+optimized"}, "X-Compute-Tokens": {"24"}, "X-Total-Time": {"12"},
				"X-Tokenization-Time": {"1"}, "X-Queue-Time": {"2"}, "X-Inference-Time": {"8"}},
			reply: `[{"index":2,"score":0.875},{"index":0,"score":0.25},{"index":1,"score":0.125}]`,
			want: crossrank.Response{Scores: kinds, ScoreType: crossrank.Probability, Usage: crossrank.Usage{Tokens: 24},
				Timing: crossrank.Timing{Tokenize: time.Millisecond, Queue: 2 * time.Millisecond, Compute: 8 * time.Millisecond, Total: 12 * time.Millisecond}},
		},
		{
			name: "Text Embeddings Inference's rerank, raw, from the left", dialect: TEI,
			req:  crossrank.Request{Pairs: oneQuery, Raw: true, Truncation: crossrank.TruncateLeft},
			path: "/rerank", sent: `{"query":"q","texts":["a","b","c"],"raw_scores":true,"truncate":true,"truncation_direction":"Left"}`,
			header: http.Header{"X-Compute-Tokens": {"many"}, "X-Total-Time": {"-1"}, "X-Queue-Time": {"99999999999999999999"}},
			reply:  `[{"index":2,"score":0.875,"text":"c"},{"index":0,"score":0.25,"text":"a"},{"index":1,"score":-1.5,"text":"b"}]`,
			want:   crossrank.Response{Scores: scores, ScoreType: crossrank.Logit},
		},
		{
			name: "Text Embeddings Inference's predict, for several queries", dialect: TEI,
			req:  crossrank.Request{Pairs: queryEach, Truncation: crossrank.TruncateNever},
			path: "/predict", sent: `{"inputs":[["q","a"],["r","b"],["q","c"]],"raw_scores":false,"truncate":false}`,
			reply: `[[{"score":0.25,"label":"LABEL_0"}],[{"score":0.125,"label":"LABEL_0"}],[{"score":0.875,"label":"LABEL_0"}]]`,
			want:  crossrank.Response{Scores: kinds, ScoreType: crossrank.Probability},
		},
		{
			name: "a classifier behind Text Embeddings Inference", dialect: TEI, req: crossrank.Request{Pairs: queryEach},
			path: "/predict", sent: `{"inputs":[["q","a"],["r","b"],["q","c"]],"raw_scores":false,"truncate":true}`,
			reply: `[[{"score":0.75,"label":"yes"},{"score":0.25,"label":"no"}],[],[]]`,
			code:  crossrank.Internal, message: "2 labels",
		},
		{
			name: "vLLM's score, one query", dialect: VLLM, req: crossrank.Request{Pairs: oneQuery, Model: "BAAI/bge-reranker-v2-m3"},
			path: "/v1/score",
			sent: `{"model":"BAAI/bge-reranker-v2-m3","text_1":"q","text_2":["a","b","c"],"truncate_prompt_tokens":-1}`,
			reply: `{"id":"score-1","object":"list","created":693447,"model":"BAAI/bge-reranker-v2-m3","data":[
				{"index":0,"object":"score","score":0.25},{"index":1,"object":"score","score":0.125},{"index":2,"object":"score","score":0.875}],
				"usage":{"prompt_tokens":21,"total_tokens":21,"completion_tokens":0,"prompt_tokens_details":null}}`,
			want: crossrank.Response{Scores: kinds, ScoreType: crossrank.Probability, Model: "BAAI/bge-reranker-v2-m3", Usage: crossrank.Usage{Tokens: 21}},
		},
		{
			name: "vLLM's score, several queries, raw and short", dialect: VLLM,
			req:  crossrank.Request{Pairs: queryEach, Raw: true, MaxLength: 64, Priority: 3},
			path: "/v1/score", sent: `{"text_1":["q","r","q"],"text_2":["a","b","c"],"truncate_prompt_tokens":64,"use_activation":false,"priority":3}`,
			reply: `{"data":[{"index":2,"score":0.875},{"index":1,"score":-1.5},{"index":0,"score":0.25}],"usage":{}}`,
			want:  crossrank.Response{Scores: scores, ScoreType: crossrank.Logit},
		},
		{
			name: "vLLM's score, nothing cut", dialect: VLLM, req: crossrank.Request{Pairs: oneQuery, Truncation: crossrank.TruncateNever},
			path: "/v1/score", sent: `{"text_1":"q","text_2":["a","b","c"]}`, status: 400,
			reply: `{"error":{"message":"This model's maximum context length is 512 tokens.","type":"BadRequestError","param":null,"code":400}}`,
			code:  crossrank.InvalidArgument, message: "maximum context length",
		},
		{
			name: "llama.cpp's, which are logits", dialect: LlamaCpp, req: crossrank.Request{Pairs: oneQuery},
			path: "/v1/rerank", sent: `{"query":"q","documents":["a","b","c"]}`,
			reply: `{"model":"x.gguf","object":"list","usage":{"prompt_tokens":30,"total_tokens":30},"results":[
				{"index":0,"relevance_score":0.25},{"index":2,"relevance_score":0.875},{"index":1,"relevance_score":0.125}]}`,
			want: crossrank.Response{Scores: kinds, ScoreType: crossrank.Logit, Model: "x.gguf", Usage: crossrank.Usage{Tokens: 30}},
		},

		// Failures, each in its maker's words.
		{
			name: "Cohere, an unknown token", dialect: Cohere, req: crossrank.Request{Pairs: oneQuery}, path: "/v2/rerank", status: 401,
			reply: `{"id":"1","message":"invalid api token"}`, code: crossrank.Unauthenticated, message: "invalid api token",
		},
		{
			name: "Cohere, an invalid token", dialect: Cohere, req: crossrank.Request{Pairs: oneQuery}, path: "/v2/rerank", status: 498,
			reply: `{"data":"string"}`, code: crossrank.Unauthenticated, message: "498",
		},
		{
			name: "Cohere, too many requests", dialect: Cohere, req: crossrank.Request{Pairs: oneQuery}, path: "/v2/rerank", status: 429,
			header: http.Header{"Retry-After": {"3"}}, reply: `{"message":"You are using a Trial key, which is limited to 10 API calls / minute."}`,
			code: crossrank.Overloaded, retry: 3 * time.Second, message: "Trial key",
		},
		{
			name: "Cohere, a caller who left", dialect: Cohere, req: crossrank.Request{Pairs: oneQuery}, path: "/v2/rerank", status: 499,
			reply: `{"message":"client closed request"}`, code: crossrank.Canceled, message: "closed request",
		},
		{
			name: "Jina, a body that is wrong", dialect: Jina, req: crossrank.Request{Pairs: oneQuery}, path: "/v1/rerank", status: 422,
			reply: `{"detail":[{"loc":["body","model"],"msg":"field required","type":"value_error.missing"}]}`,
			code:  crossrank.InvalidArgument, message: "field required",
		},
		{
			name: "Jina, no money", dialect: Jina, req: crossrank.Request{Pairs: oneQuery}, path: "/v1/rerank", status: 403,
			reply: `{"detail":"Insufficient account balance"}`, code: crossrank.Unauthenticated, message: "balance",
		},
		{
			name: "Text Embeddings Inference, overloaded", dialect: TEI, req: crossrank.Request{Pairs: oneQuery}, path: "/rerank", status: 429,
			reply: `{"error":"Model is overloaded","error_type":"Overloaded"}`, code: crossrank.Overloaded, message: "Model is overloaded",
		},
		{
			name: "Text Embeddings Inference, too many texts", dialect: TEI, req: crossrank.Request{Pairs: oneQuery}, path: "/rerank", status: 422,
			reply: `{"error":"batch size 64 > maximum allowed batch size 32","error_type":"Validation"}`,
			code:  crossrank.InvalidArgument, message: "allowed batch size",
		},
		{
			name: "Text Embeddings Inference, its backend", dialect: TEI, req: crossrank.Request{Pairs: oneQuery}, path: "/rerank", status: 424,
			reply: `{"error":"score is NaN","error_type":"Backend"}`, code: crossrank.Internal, message: "NaN",
		},
		{
			name: "Text Embeddings Inference, without a key", dialect: TEI, req: crossrank.Request{Pairs: oneQuery}, path: "/rerank", status: 401,
			code: crossrank.Unauthenticated, message: "/rerank answered 401",
		},
		{
			name: "vLLM of before, a wrong model", dialect: VLLM, req: crossrank.Request{Pairs: oneQuery}, path: "/v1/score", status: 404,
			reply: `{"object":"error","message":"The model x does not exist.","type":"NotFoundError","param":null,"code":404}`,
			code:  crossrank.NotFound, message: "does not exist",
		},
		{
			name: "llama.cpp, a text that does not fit", dialect: LlamaCpp, req: crossrank.Request{Pairs: oneQuery}, path: "/v1/rerank", status: 500,
			reply: `{"error":{"code":500,"message":"input (601 tokens) is too large to process. increase the physical batch size","type":"server_error"}}`,
			code:  crossrank.TooLarge, message: "601 tokens",
		},
		{
			name: "llama.cpp, still loading", dialect: LlamaCpp, req: crossrank.Request{Pairs: oneQuery}, path: "/v1/rerank", status: 503,
			reply: `{"error":{"code":503,"message":"Loading model","type":"unavailable_error"}}`, code: crossrank.Unavailable, message: "Loading",
		},
		{
			name: "a page of a proxy", dialect: Jina, req: crossrank.Request{Pairs: oneQuery}, path: "/v1/rerank", status: 502,
			reply: `<html>`, code: crossrank.Unavailable, message: "502",
		},
		{
			name: "an error without end", dialect: Jina, req: crossrank.Request{Pairs: oneQuery}, path: "/v1/rerank", status: 400,
			reply: `{"message":"` + strings.Repeat("ü", 9000) + `"}`, code: crossrank.InvalidArgument, message: "ü…",
		},

		// Answers that are none. A score on the wrong document would be worse than no score.
		{name: "a result without an index", dialect: Jina, req: crossrank.Request{Pairs: oneQuery[:1]}, path: "/v1/rerank",
			reply: `{"results":[{"relevance_score":0.5}]}`, code: crossrank.Internal, message: "lacks its index"},
		{name: "a result without a score", dialect: Cohere, req: crossrank.Request{Pairs: oneQuery[:1]}, path: "/v2/rerank",
			reply: `{"results":[{"index":0,"relevance_score":null}]}`, code: crossrank.Internal, message: "lacks its index or its score"},
		{name: "the best two of three", dialect: Cohere, req: crossrank.Request{Pairs: oneQuery}, path: "/v2/rerank",
			reply: `{"results":[{"index":2,"relevance_score":0.5},{"index":0,"relevance_score":0.25}]}`, code: crossrank.Internal, message: "2 scores for 3"},
		{name: "one document twice", dialect: TEI, req: crossrank.Request{Pairs: oneQuery}, path: "/rerank",
			reply: `[{"index":2,"score":0.5},{"index":2,"score":0.5},{"index":0,"score":0.25}]`, code: crossrank.Internal, message: "two scores"},
		{name: "a document that was not sent", dialect: TEI, req: crossrank.Request{Pairs: oneQuery}, path: "/rerank",
			reply: `[{"index":3,"score":0.5},{"index":2,"score":0.5},{"index":0,"score":0.25}]`, code: crossrank.Internal, message: "number 3 of 3"},
		{name: "a number that is none", dialect: VLLM, req: crossrank.Request{Pairs: oneQuery[:1]}, path: "/v1/score",
			reply: `{"data":[{"index":0,"score":NaN}]}`, code: crossrank.Internal, message: "does not fit"},
		{name: "a score beyond a float32", dialect: VLLM, req: crossrank.Request{Pairs: oneQuery[:1]}, path: "/v1/score",
			reply: `{"data":[{"index":0,"score":1e300}]}`, code: crossrank.Internal,
			message: `does not fit the dialect vllm: "data.score" has the wrong type or range: number 1e300`},
		{name: "an answer in another dialect", dialect: TEI, req: crossrank.Request{Pairs: oneQuery}, path: "/rerank",
			reply: `{"results":[]}`, code: crossrank.Internal, message: "does not fit the dialect tei: byte 1 has the wrong type, object"},
		{name: "fewer predictions than pairs", dialect: TEI, req: crossrank.Request{Pairs: queryEach}, path: "/predict",
			reply: `[[{"score":0.25}],[{"score":0.5}]]`, code: crossrank.Internal, message: "2 scores for 3"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) { tt.run(t) })
	}
}

func (tt *exchangeOf) run(t *testing.T) {
	var calls int
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		calls++
		if r.Method != http.MethodPost || r.URL.Path != tt.path || r.Header.Get("Content-Type") != "application/json" ||
			r.Header.Get("Authorization") != "Bearer secret" {
			t.Errorf("got %s %s with %v, want a POST of JSON to %s, and the key", r.Method, r.URL, r.Header, tt.path)
		}
		var got, want any
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
		if tt.sent != "" {
			if err := json.Unmarshal([]byte(tt.sent), &want); err != nil {
				t.Error(err)
			}
			if !reflect.DeepEqual(got, want) {
				t.Errorf("sent %v, want %v", got, want)
			}
		}
		maps.Copy(w.Header(), tt.header)
		if tt.status != 0 {
			w.WriteHeader(tt.status)
		}
		fmt.Fprint(w, tt.reply)
	}))
	defer server.Close()
	resp, err := dial(t, server.URL, Options{Dialect: tt.dialect, APIKey: "secret"}).Score(t.Context(), &tt.req)
	if calls != 1 {
		t.Errorf("a request became %d calls", calls)
	}
	if tt.code == "" {
		if err != nil || !reflect.DeepEqual(*resp, tt.want) {
			t.Errorf("got %+v, %v; want %+v", resp, err, tt.want)
		}
		return
	}
	e, ok := err.(*crossrank.Error)
	if !ok || resp != nil || e.Code != tt.code || e.RetryAfter != tt.retry || !strings.Contains(e.Message, tt.message) || len(e.Message) > 700 {
		t.Errorf("got %+v, %v (%s); want %s after %v, with %q", resp, err, crossrank.CodeOf(err), tt.code, tt.retry, tt.message)
	}
	if ok && !strings.Contains(e.Message, server.URL) {
		t.Errorf("%v does not say whose words it has", e)
	}
}

// TestDialectsRefuseWhatTheyCannotSay: before anything is sent, since nothing listens here.
func TestDialectsRefuseWhatTheyCannotSay(t *testing.T) {
	asks := map[string]crossrank.Request{
		"several queries": {Pairs: queryEach},
		"raw":             {Raw: true},
		"max length":      {MaxLength: 9},
		"left":            {Truncation: crossrank.TruncateLeft},
		"never":           {Truncation: crossrank.TruncateNever},
		"refused length":  {MaxLength: 9, Truncation: crossrank.TruncateNever},
		"max passage":     {MaxPassage: 9},
		"an instruction":  {Instruction: "i"},
		"windows":         {Windows: crossrank.Windows{Aggregate: crossrank.BestWindow}},
		"priority":        {Priority: 1},
		"model":           {Model: "m"},
	}
	can := map[Dialect][]string{
		Inference: {"several queries"},
		Cohere:    {"max passage", "model", "priority"},
		CohereV1:  {"model"},
		Jina:      {"model"},
		TEI:       {"left", "never", "raw", "several queries"},
		VLLM:      {"max length", "model", "never", "priority", "raw", "several queries"},
		LlamaCpp:  {"model", "raw"},
	}
	for d, want := range can {
		target := "http://127.0.0.1:1"
		if d == Inference {
			target = "grpc://127.0.0.1:1"
		}
		c := dial(t, target, Options{Dialect: d})
		var got []string
		for name, req := range asks {
			if req.Pairs == nil {
				req.Pairs = oneQuery
			}
			switch _, err := c.Score(t.Context(), &req); crossrank.CodeOf(err) {
			case crossrank.Unavailable:
				got = append(got, name)
			case crossrank.InvalidArgument, crossrank.NotFound:
			default:
				t.Errorf("%s, %s: got %v", d, name, err)
			}
		}
		slices.Sort(got)
		if !slices.Equal(got, want) {
			t.Errorf("%s can say %q, want %q", d, got, want)
		}
		if d.OneQuery() == slices.Contains(want, "several queries") {
			t.Errorf("%s: OneQuery is %v", d, d.OneQuery())
		}
	}
}

func TestDialectsFitTheirProtocol(t *testing.T) {
	for _, tt := range []struct {
		target  string
		dialect Dialect
		says    string
	}{
		{"http://127.0.0.1:1", "tie", `"tie"; use one of crossrank, inference, cohere`},
		{"http://127.0.0.1:1", Inference, "needs gRPC"},
		{"grpc://127.0.0.1:1", TEI, "needs HTTP"},
		{"dns:///localhost:1", Cohere, "needs HTTP"},
	} {
		if _, err := Dial(tt.target, Options{Dialect: tt.dialect}); err == nil || !strings.Contains(err.Error(), tt.says) {
			t.Errorf("%s over %s: got %v, want an error that says %q", tt.dialect, tt.target, err, tt.says)
		}
	}
}

func TestKeysAreNotRepeated(t *testing.T) {
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.WriteHeader(http.StatusUnauthorized)
		fmt.Fprintf(w, `{"detail":"unknown key: %s"}`, strings.TrimPrefix(r.Header.Get("Authorization"), "Bearer "))
	}))
	defer server.Close()
	_, err := dial(t, server.URL, Options{Dialect: Jina, APIKey: "jina_0123456789"}).Score(t.Context(), &crossrank.Request{Pairs: oneQuery})
	if err == nil || strings.Contains(err.Error(), "0123456789") || !strings.Contains(err.Error(), "unknown key") {
		t.Errorf("got %v, want the message without the key", err)
	}
}

// TestThirdPartyInfo reads the models of third-party servers.
func TestThirdPartyInfo(t *testing.T) {
	for _, tt := range []struct {
		name    string
		dialect Dialect
		model   string
		path    string
		status  int
		reply   string
		want    crossrank.Info
		code    crossrank.Code
	}{
		{"Text Embeddings Inference", TEI, "", "/info", 200,
			`{"model_id":"BAAI/bge-reranker-base","model_sha":"2cfc18c9","model_dtype":"float16","model_type":{"reranker":{}},
				"max_input_length":512,"version":"1.9.3","sha":"x"}`,
			crossrank.Info{Model: "BAAI/bge-reranker-base", Weights: "revision 2cfc18c9", Quantization: "fp16", MaxLength: 512, Version: "1.9.3"}, ""},
		{"Text Embeddings Inference, without a hash", TEI, "", "/info", 200, `{"model_id":"/data","model_sha":null,"model_dtype":"int8"}`,
			crossrank.Info{Model: "/data", Quantization: "int8"}, ""},
		{"one with its API, and without /info", TEI, "m", "/info", 404, ``, crossrank.Info{Model: "m"}, ""},
		{"one that answers a page", TEI, "m", "/info", 200, `<html>`, crossrank.Info{Model: "m"}, ""},
		{"one that wants a key", TEI, "m", "/info", 401, ``, crossrank.Info{}, crossrank.Unauthenticated},
		{"vLLM", VLLM, "", "/v1/models", 200, `{"object":"list","data":[{"id":"m","object":"model","max_model_len":8192}]}`,
			crossrank.Info{Model: "m", MaxLength: 8192}, ""},
		{"vLLM, with several models", VLLM, "n", "/v1/models", 200, `{"data":[{"id":"m","max_model_len":1},{"id":"n","max_model_len":2}]}`,
			crossrank.Info{Model: "n", MaxLength: 2}, ""},
		{"vLLM, without that model", VLLM, "x", "/v1/models", 200, `{"data":[{"id":"m","max_model_len":1}]}`, crossrank.Info{Model: "x"}, ""},
		{"llama.cpp", LlamaCpp, "", "/v1/models", 200,
			`{"object":"list","data":[{"id":"r.gguf","meta":{"n_vocab":30522,"n_ctx_train":512,"n_embd":384,"n_params":22713216}}]}`,
			crossrank.Info{Model: "r.gguf", VocabSize: 30522, Hidden: 384, Parameters: 22713216}, ""},
		{"Cohere, which is not asked", Cohere, "rerank-v3.5", "", 500, ``, crossrank.Info{Model: "rerank-v3.5"}, ""},
		{"Jina, which is not asked", Jina, "", "", 500, ``, crossrank.Info{}, ""},
	} {
		t.Run(tt.name, func(t *testing.T) {
			server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
				if r.Method != http.MethodGet || r.URL.Path != tt.path {
					t.Errorf("got %s %s, want a GET of %q", r.Method, r.URL, tt.path)
				}
				w.WriteHeader(tt.status)
				fmt.Fprint(w, tt.reply)
			}))
			defer server.Close()
			info, err := dial(t, server.URL, Options{Dialect: tt.dialect, Model: tt.model}).Info(t.Context())
			if info != tt.want || tt.code == "" && err != nil || tt.code != "" && crossrank.CodeOf(err) != tt.code {
				t.Errorf("got %+v, %v; want %+v %s", info, err, tt.want, tt.code)
			}
		})
	}
}

// TestModelOfTheClient: requests that name no model ask for the client's.
func TestModelOfTheClient(t *testing.T) {
	var got struct{ Model string }
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
		fmt.Fprint(w, `{"results":[{"index":0,"relevance_score":1}],"data":[{"index":0,"score":1}]}`)
	}))
	defer server.Close()
	for _, d := range []Dialect{Crossrank, Cohere, CohereV1, Jina, VLLM, LlamaCpp} {
		c := dial(t, server.URL, Options{Dialect: d, Model: "the client's"})
		for _, name := range []string{"", "the request's"} {
			req := &crossrank.Request{Pairs: oneQuery[:1], Model: name}
			if _, err := c.Score(t.Context(), req); err != nil {
				t.Fatal(err)
			}
			want := "the client's"
			if name != "" {
				want = name
			}
			if got.Model != want || req.Model != name {
				t.Errorf("%s, a request for %q: asked for %q, want %q; the request now has %q", d, name, got.Model, want, req.Model)
			}
		}
	}
}

package httpapi

import "github.com/crossrank/crossrank"

var (
	// jina is the dialect of Jina and of the first version of Cohere, whose clients read different
	// keys of one reply; also of Together, OpenRouter, Xinference, Qwen and Contextual.
	jina = &dialect{body: jinaError, list: "documents", shown: true, lax: true, keys: jinaKeys, reply: jinaMetaReply}
	// shared is the dialect of documents on the route of Text Embeddings Inference: of vLLM,
	// llama.cpp, Infinity, and Cohere's clients without a version in their base URL.
	shared = &dialect{
		status: badRequest, body: llamaError, list: "documents", shown: true, lax: true, reply: jinaMetaReply,
	}
	// llama is the dialect of llama.cpp.
	llama = &dialect{status: badRequest, body: llamaError, list: "documents", lax: true, reply: jinaReply}
)

// jinaKeys refuses the metadata of documents, a list that Contextual ranks by.
func jinaKeys(o *object) {
	if o.has("metadata") && begins(o.fields["metadata"]) != 0 {
		o.fail(`"metadata" is not supported: it would not change the scores; put it into the documents`)
	}
}

// reranked is a result of most dialects.
type reranked struct {
	Index     int           `json:"index"`
	Relevance relevance     `json:"relevance_score"`
	Document  *documentText `json:"document,omitempty"`
	extras
}

type documentText struct {
	Text string `json:"text"`
}

func (r *answer) reranked() []reranked {
	out := make([]reranked, len(r.best))
	for i, b := range r.best {
		out[i] = reranked{Index: b.Index, Relevance: relevance(b.Score), extras: r.extras(b.Index)}
		if text := r.shownText(b.Index); text != nil {
			out[i].Document = &documentText{*text}
		}
	}
	return out
}

// results is the reply of Jina, llama.cpp and vLLM and, with Meta, of Cohere's first version.
type results struct {
	ID        string              `json:"id"`
	Model     string              `json:"model"`
	Object    string              `json:"object"`
	Usage     usage               `json:"usage"`
	Results   []reranked          `json:"results"`
	Meta      *meta               `json:"meta,omitempty"`
	ScoreType crossrank.ScoreType `json:"score_type"`
}

// usage has the keys of OpenAI's API, which Together's clients require.
type usage struct {
	PromptTokens     int `json:"prompt_tokens"`
	CompletionTokens int `json:"completion_tokens"` // always 0
	TotalTokens      int `json:"total_tokens"`
}

func (r *answer) results() *results {
	out := &results{
		ID: "rerank-" + r.id, Model: r.resp.Model, Object: "list", Usage: r.usage(), Results: r.reranked(), ScoreType: r.kind,
	}
	if r.saysRaw {
		out.Object = "rerank" // raw_scores beside documents is Infinity's, whose client requires it
	}
	return out
}

func (r *answer) usage() usage { return usage{PromptTokens: r.tokens(), TotalTokens: r.tokens()} }

func jinaReply(r *answer) any { return r.results() }

func jinaMetaReply(r *answer) any {
	out := r.results()
	out.Meta = r.meta(metaTokens{r.tokens(), new(int)}, "1")
	return out
}

// jinaError has the message under every key that clients of the route read: Cohere's, Jina's, and
// OpenAI's and Together's.
func jinaError(f failure) any {
	return struct {
		Message string       `json:"message"`
		Detail  string       `json:"detail"`
		Error   errorMessage `json:"error"`
		own
	}{f.message, f.message, errorMessage{f.message}, f.own()}
}

type errorMessage struct {
	Message string `json:"message"`
}

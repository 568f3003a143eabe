package httpapi

import (
	"encoding/json"

	"github.com/crossrank/crossrank"
)

// extras are the keys that crossrank adds to a result of any dialect.
type extras struct {
	ID        json.RawMessage `json:"id,omitempty"`        // of the caller
	Truncated int             `json:"truncated,omitempty"` // tokens cut from the query and the document
}

// ranked is a result of Text Embeddings Inference.
type ranked struct {
	Index int     `json:"index"`
	Score float32 `json:"score"`
	Text  *string `json:"text,omitempty"`
	extras
}

// reranked is a result of the other dialects.
type reranked struct {
	Index     int           `json:"index"`
	Relevance float32       `json:"relevance_score"`
	Document  *documentText `json:"document,omitempty"`
	extras
}

type documentText struct {
	Text string `json:"text"`
}

// jinaReply is the reply of Jina, llama.cpp and vLLM and, with Meta, of Cohere's first version.
type jinaReply struct {
	ID        string              `json:"id"`
	Model     string              `json:"model"`
	Object    string              `json:"object"`
	Usage     usage               `json:"usage"`
	Results   []reranked          `json:"results"`
	Meta      *meta               `json:"meta,omitempty"`
	ScoreType crossrank.ScoreType `json:"score_type"`
}

type usage struct {
	PromptTokens int `json:"prompt_tokens"`
	TotalTokens  int `json:"total_tokens"`
}

// cohereReply is the reply of Cohere's second version.
type cohereReply struct {
	ID        string              `json:"id"`
	Results   []reranked          `json:"results"`
	Meta      *meta               `json:"meta"`
	ScoreType crossrank.ScoreType `json:"score_type"`
}

type meta struct {
	APIVersion  apiVersion  `json:"api_version"`
	BilledUnits billedUnits `json:"billed_units"`
	Tokens      metaTokens  `json:"tokens"`
}

type apiVersion struct {
	Version string `json:"version"`
}

type billedUnits struct {
	SearchUnits int `json:"search_units"`
}

type metaTokens struct {
	InputTokens int `json:"input_tokens"`
}

// documentsPerUnit is the number of documents in one search unit of Cohere.
const documentsPerUnit = 100

func (rk *ranking) meta(version string, resp *crossrank.Response) *meta {
	return &meta{
		APIVersion:  apiVersion{version},
		BilledUnits: billedUnits{(len(rk.docs) + documentsPerUnit - 1) / documentsPerUnit},
		Tokens:      metaTokens{tokensRead(resp)},
	}
}

// reply makes the reply in the dialect of the exchange.
func (rk *ranking) reply(x *exchange, best []crossrank.Ranked, resp *crossrank.Response, kind crossrank.ScoreType) any {
	if x.dialect == tei {
		out := make([]ranked, len(best))
		for i, b := range best {
			out[i] = ranked{Index: b.Index, Score: b.Score, extras: rk.extras(b.Index, resp)}
			if rk.returnDoc {
				out[i].Text = &rk.docs[b.Index].text
			}
		}
		return out
	}
	results := make([]reranked, len(best))
	for i, b := range best {
		results[i] = reranked{Index: b.Index, Relevance: b.Score, extras: rk.extras(b.Index, resp)}
		if rk.returnDoc {
			results[i].Document = &documentText{rk.docs[b.Index].text}
		}
	}
	if x.dialect == cohere {
		return cohereReply{x.id, results, rk.meta("2", resp), kind}
	}
	out := jinaReply{
		ID: "rerank-" + x.id, Model: resp.Model, Object: "list", Results: results, ScoreType: kind,
		Usage: usage{tokensRead(resp), tokensRead(resp)},
	}
	if x.dialect == jina {
		out.Meta = rk.meta("1", resp)
	}
	return out
}

func (rk *ranking) extras(index int, resp *crossrank.Response) extras {
	return extras{rk.docs[index].id, truncatedOf(resp, index)}
}

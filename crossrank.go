// Package crossrank scores (query, passage) pairs with a cross-encoder.
//
// A cross-encoder reads a query and a passage together and gives one relevance score. This package holds only the
// words that every part of the project shares: what is asked ([Request]), what is answered ([Response]), how things go
// wrong ([Error]), and the one-method interface that an engine in this process, a client of a server elsewhere and a
// test's fake all meet ([Scorer]). It imports nothing but the standard library.
//
// A program opens a model with package local, or a server with package client; either gives a Scorer, and [Rank] turns
// any Scorer into a reranker.
package crossrank

import (
	"context"
	"math"
	"strings"
	"time"
)

// Scorer scores pairs. Implementations are safe for concurrent use.
//
// Score returns one score a pair, in the order of the request, or an error and no scores: never some of them. It honours
// ctx while it waits, leaves req unchanged and does not keep it. Errors carry a [Code], see [CodeOf].
type Scorer interface {
	Score(ctx context.Context, req *Request) (*Response, error)
}

// Pair is a query and a passage to be judged against it. Either may be empty; both should be UTF-8 (invalid bytes are
// read as U+FFFD and dropped, as the Hugging Face tokenizer does).
type Pair struct {
	Query   string
	Passage string
}

// Request asks for the scores of some pairs. The zero value of every field but Pairs is a sensible default.
type Request struct {
	Pairs []Pair

	// Model names one of the models of a Scorer that has several. Empty means its first, or its only one; a name that it
	// does not have is [NotFound].
	Model string

	// MaxLength bounds the tokens of a pair, special tokens included. 0, or more than the model can read, means the
	// model's own maximum.
	MaxLength int

	// Truncation says what happens to a pair longer than MaxLength.
	Truncation Truncation

	// MaxPassage bounds the tokens of a passage before it is joined with its query; what is over it is cut as Truncation
	// says. 0 means no bound of its own.
	MaxPassage int

	// Windows says how passages that are too long are read; the zero value cuts them.
	Windows Windows

	// Raw asks for the model's logits instead of its activated scores.
	Raw bool

	// Priority says how long the request can wait when others do: 0, the most urgent, or more. There are four degrees: 0, 1 to
	// 9, 10 to 99, and 100 or more. While a more urgent one has work waiting, each of the others gets an eighth of what it gets.
	Priority int
}

// Truncation says what is done with a pair that is too long.
type Truncation uint8

const (
	// TruncateRight cuts tokens from the end of the longer side until the pair fits.
	TruncateRight Truncation = iota
	// TruncateLeft cuts from the beginning of the longer side instead.
	TruncateLeft
	// TruncateNever refuses the request with [InvalidArgument].
	TruncateNever
)

// ScoreType says what a score is.
type ScoreType string

const (
	// Logit is the model's raw output: any real number, higher is more relevant.
	Logit ScoreType = "logit"
	// Probability is a logit after the sigmoid: 0 to 1.
	Probability ScoreType = "probability"
	// NoScore marks scores that were not computed, because the pipeline runs a part of its stages to measure them. They
	// are all 0.
	NoScore ScoreType = "none"
)

// Response answers a [Request].
type Response struct {
	Scores    []float32 // one a pair, in the request's order
	ScoreType ScoreType
	Model     string // the name of the model that gave them
	Truncated []int  // tokens cut from each pair, in the request's order; nil if nothing was, or nobody counted by pair
	Usage     Usage
	Timing    Timing
}

// Usage counts the work that a request was.
type Usage struct {
	Tokens          int // tokens computed, special tokens included
	CachedTokens    int // tokens not computed, because the scores of the same pairs were remembered or being computed already
	TruncatedTokens int // tokens cut away because a pair was too long
	PaddedTokens    int // tokens that padding every pair to the longest of its batch would have computed, or has where that is asked for
}

// Timing says where a request's time went, as its server saw it. Tokenize, Queue and Compute follow one another.
type Timing struct {
	Tokenize time.Duration // text to token ids
	Queue    time.Duration // admission to the first moment that any pair of it was computed
	Compute  time.Duration // from then until the last pair of it was done
	Total    time.Duration // from arrival to answer
}

// Info describes the model behind a [Scorer]: enough to say how a score, or a measurement, was made.
type Info struct {
	Model        string    `json:"model"`               // the name it was opened by
	Revision     string    `json:"revision,omitempty"`  // commit, if Model is a name on the Hugging Face hub
	Weights      string    `json:"weights"`             // "sha256:…" of the weights file, or "random weights, seed N"
	Meaningless  bool      `json:"meaningless"`         // the weights are random: scores mean nothing
	Backend      string    `json:"backend"`             // "native"
	Device       string    `json:"device"`              // "cpu"
	Tier         string    `json:"tier"`                // the instruction set in use, such as "avx2"
	Threads      int       `json:"threads"`             // cores that one batch is split over, by the first instance
	Instances    int       `json:"instances,omitempty"` // engines that compute batches side by side; 0 if unknown
	Quantization string    `json:"quantization"`        // "fp32"
	MaxLength    int       `json:"max_length"`          // tokens of a pair, special tokens included
	Prompt       string    `json:"prompt,omitempty"`    // stands directly before every query, as the model was trained
	ScoreType    ScoreType `json:"score_type"`          // what scores are unless raw ones are asked for
	Mode         string    `json:"mode,omitempty"`      // the stages of the pipeline that run, if it is not all of them
	Padded       bool      `json:"padded,omitempty"`    // pairs are computed as long as the longest of their batch
	Layers       int       `json:"layers"`              //
	Hidden       int       `json:"hidden_size"`         //
	Parameters   int64     `json:"parameters"`          //
	VocabSize    int       `json:"vocab_size"`          //
	Version      string    `json:"version"`             // of crossrank
}

// Pinned names the model for good: owner/model@commit if it is one of the Hugging Face hub, else as it was
// opened.
func (i Info) Pinned() string {
	if i.Revision == "" {
		return i.Model
	}
	name, _, _ := strings.Cut(i.Model, "@")
	return name + "@" + i.Revision
}

// Sigmoid maps a logit to a probability, 1/(1+e^-x).
func Sigmoid(logit float32) float32 {
	return float32(1 / (1 + math.Exp(-float64(logit))))
}

// Package crossrank scores (query, passage) pairs with a cross-encoder.
//
// A cross-encoder reads a query and a passage together and computes one relevance score. This
// package defines the types that every part of the project shares: [Request], [Response], [Error],
// and the one-method interface [Scorer], which a model in this process, a client of a remote server
// and a test's fake all implement. It imports only the standard library.
//
// A program opens a model with package local or connects to a server with package client. Both
// return a Scorer, and [Rank] turns any Scorer into a reranker.
package crossrank

import (
	"context"
	"math"
	"strings"
	"time"
)

// Scorer scores pairs. Implementations are safe for concurrent use.
//
// Score returns one score per pair, in the order of the request, or an error and no scores. It
// stops waiting when ctx ends. It neither changes req nor keeps it. Errors have a [Code], see
// [CodeOf].
type Scorer interface {
	Score(ctx context.Context, req *Request) (*Response, error)
}

// Pair is a query and a passage whose relevance to it is scored. Either may be empty. Both should
// be UTF-8; invalid bytes are read as U+FFFD and dropped, as the Hugging Face tokenizer does.
type Pair struct {
	Query   string
	Passage string
}

// Request asks for the scores of pairs. The zero value of every field except Pairs is its default.
type Request struct {
	Pairs []Pair

	// Model names a model of a Scorer that has several. Empty means its first one. An unknown name
	// is [NotFound].
	Model string

	// Instruction tells the model what relevance means, such as "find passages that answer the
	// question". It stands where the model's prompt template has a place for it. A model without
	// such a place refuses the request with [InvalidArgument]. Empty means the template's default.
	Instruction string

	// MaxLength is the maximum of tokens per pair, special tokens included. 0, or more than the
	// model can read, means the model's maximum.
	MaxLength int

	// Truncation says how a pair longer than MaxLength is handled.
	Truncation Truncation

	// MaxPassage is the maximum of tokens per passage, before it is joined with its query. The rest
	// is handled as Truncation says. 0 means no maximum besides MaxLength.
	MaxPassage int

	// Windows says how long passages are read in parts. The zero value truncates them instead.
	Windows Windows

	// Raw asks for the model's logits instead of its activated scores.
	Raw bool

	// TopN says how many of the highest scores are needed; 0 means all. A Scorer may leave the
	// others out if that is cheaper: they are then [Omitted].
	TopN int

	// Priority is 0 for the most urgent requests, and higher for requests that can wait. There are
	// four priorities: 0, 1 to 9, 10 to 99, and 100 or more. While more urgent work waits, each of
	// the others gets an eighth of the throughput that the most urgent gets.
	Priority int
}

// Truncation says how a pair that is too long is handled.
type Truncation uint8

const (
	// TruncateRight removes tokens from the end of the longer text until the pair fits.
	TruncateRight Truncation = iota
	// TruncateLeft removes them from the start of the longer text.
	TruncateLeft
	// TruncateNever refuses the request with [InvalidArgument].
	TruncateNever
)

// ScoreType is the kind of value that a score is.
type ScoreType string

const (
	// Logit is the model's raw output: any real number; higher is more relevant.
	Logit ScoreType = "logit"
	// Probability is a logit after the sigmoid: 0 to 1.
	Probability ScoreType = "probability"
	// NoScore marks scores that were not computed, because only some stages of the pipeline ran, to
	// measure them. Such scores are all 0.
	NoScore ScoreType = "none"
)

// Omitted is the score of a pair that was left out, because its request needs only the highest
// scores: negative infinity.
var Omitted = float32(math.Inf(-1))

// Response answers a [Request].
type Response struct {
	Scores    []float32 // one per pair, in the order of the request; with TopN some may be Omitted
	ScoreType ScoreType
	Model     string // the name of the model
	Truncated []int  // tokens cut from each pair; nil if none were cut, or not counted per pair
	Usage     Usage
	Timing    Timing
}

// Usage counts the tokens of a request.
type Usage struct {
	Tokens          int // tokens computed, special tokens included
	CachedTokens    int // tokens not computed: their pair was cached or in progress, or began as another of the request
	TruncatedTokens int // tokens cut from pairs that were too long
	PaddedTokens    int // tokens to compute if every pair were padded to the longest of its batch
}

// Timing is where a request's time went, as measured by its server. The stages Tokenize, Queue and
// Compute follow one another.
type Timing struct {
	Tokenize time.Duration // text to token ids
	Queue    time.Duration // admission to the start of its first batch
	Compute  time.Duration // start of its first batch to the end of its last
	Total    time.Duration // arrival to answer
}

// Info describes the model of a [Scorer] and how it computes: what a reader of a score or a
// measurement must know to reproduce it.
type Info struct {
	Model        string    `json:"model"`                  // the name it was opened by
	Revision     string    `json:"revision,omitempty"`     // commit, if Model is a name on the Hugging Face hub
	Weights      string    `json:"weights"`                // "sha256:…" of the weights file, or "random weights, seed N"
	Meaningless  bool      `json:"meaningless"`            // the weights are random: scores mean nothing
	Backend      string    `json:"backend"`                // "native"
	Device       string    `json:"device"`                 // "cpu"
	Tier         string    `json:"tier"`                   // the instruction set in use, such as "avx2"
	Threads      int       `json:"threads"`                // cores that one batch is split over, by the first instance; 0 on a device
	Instances    int       `json:"instances,omitempty"`    // engines that compute batches side by side; 0 if unknown
	Quantization string    `json:"quantization"`           // in use, such as "fp32"; "cascade" is int8 and fp32
	MaxLength    int       `json:"max_length"`             // tokens of a pair, special tokens included
	Prompt       string    `json:"prompt,omitempty"`       // put directly before every query, as in training
	Instruction  string    `json:"instruction,omitempty"`  // of a decoder, for requests that give none
	ScoreType    ScoreType `json:"score_type"`             // what scores are unless raw ones are asked for
	Mode         string    `json:"mode,omitempty"`         // the stages of the pipeline that run, if it is not all of them
	Padded       bool      `json:"padded,omitempty"`       // pairs are computed as long as the longest of their batch
	Family       string    `json:"family,omitempty"`       // of networks, such as "XLM-RoBERTa"
	Layers       int       `json:"layers"`                 //
	Hidden       int       `json:"hidden_size"`            //
	Parameters   int64     `json:"parameters"`             //
	WeightBytes  int64     `json:"weight_bytes,omitempty"` // of memory that the weights take, about; 0 if unknown
	VocabSize    int       `json:"vocab_size"`             //
	Version      string    `json:"version"`                // of crossrank
}

// Pinned is the name with the commit, owner/model@commit, of a model of the Hugging Face hub, and
// Model of every other.
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

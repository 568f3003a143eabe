package httpapi

import (
	"context"
	"log/slog"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/edge"
)

// Config is what an API serves. Scorer, Info, Ready and History are needed. Functions are called
// concurrently.
type Config struct {
	Scorer  crossrank.Scorer
	Info    func() crossrank.Info
	Models  func() []crossrank.Info // of all models; default that of Info
	Resolve edge.Resolve            // finds the model that a request names; default by its name alone
	Ready   func() bool
	History func(since time.Time, step time.Duration) any // samples after since, at least step apart, for encoding/json

	// Authorize checks the Authorization headers of every request except for health; nil accepts
	// all.
	Authorize func(headers []string) error

	// Tokenize returns the tokens of a text as the model of that name reads it, with or without the
	// special tokens around a single text. nil means no POST /tokenize.
	Tokenize func(model, text string, special bool) []Token

	Limits    edge.Limits
	Deadline  time.Duration        // per request; callers may ask for less; default 30 s
	BodyBytes int64                // maximum of a body, also after decompression; default 8 MiB
	Budget    *edge.Budget         // of the bodies and replies of all requests in progress; nil = unlimited
	Refused   func(crossrank.Code) // called for every request that ends here and not in the scorer; may be nil
	Capacity  Capacity             // reported, not enforced

	// Failed is called for every request that fails, with its id; may be nil.
	Failed func(ctx context.Context, id string, code crossrank.Code)

	Log *slog.Logger // gets the faults that callers do not see; default slog.Default()
}

// Capacity is what GET /info reports about the server around the model.
type Capacity struct {
	Connections int // maximum of connections
	BatchTokens int // maximum of tokens per batch
	Tokenizers  int // concurrent tokenizations
}

// Token is one token of a text.
type Token struct {
	ID      int32
	Text    string
	Special bool // added by the model's template
}

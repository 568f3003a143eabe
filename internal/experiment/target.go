package experiment

import (
	"cmp"
	"context"
	"fmt"
	"os"
	"strings"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/definition"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/serverproc"
)

// Connect makes a client of a target, which sends a refused request again up to so many times. It
// finds what is wrong with the settings before anything is sent.
func Connect(t definition.Target, retries int) (*client.Client, error) {
	opts := client.Options{Dialect: client.Dialect(t.Dialect), Model: t.Model, TLS: client.TLS{CAFile: t.CAFile}, Retries: retries}
	if t.APIKeyEnv != "" {
		if opts.APIKey = strings.TrimSpace(os.Getenv(t.APIKeyEnv)); opts.APIKey == "" {
			return nil, fmt.Errorf("the environment variable %s, for the API key of %s, is empty or not set", t.APIKeyEnv, t.Address)
		}
	}
	return client.Dial(t.Address, opts)
}

// attach connects to a target, as startServer starts a server.
func (r *runner) attach(ctx context.Context, t definition.Target) error {
	r.server = serverproc.External()
	var err error
	if r.client, err = Connect(t, 0); err != nil {
		return err
	}
	r.scorer = scorerOf(r.client, r.base.Data)
	info, err := r.client.Info(ctx)
	if err != nil {
		return fmt.Errorf("asking the target for its model: %w", err)
	}
	if r.old != nil && len(r.old.Configurations) > 0 && r.old.Run.Model != info {
		return fmt.Errorf("%s was measured with another model (%s %s, now %s %s), which is not comparable; measure everything again", r.path,
			r.old.Run.Model.Model, r.old.Run.Model.Weights, info.Model, info.Weights)
	}
	if r.w == nil {
		return r.begin(info, t.Address)
	}
	return nil
}

// unreachable says why a client of a target cannot be made. It connects to nothing.
func unreachable(s definition.Settings) []string {
	if s.Target.Address == "" {
		return nil
	}
	c, err := Connect(s.Target, 0)
	if err == nil {
		err = c.Close()
	}
	if err != nil {
		return []string{"target: " + err.Error()}
	}
	return nil
}

// settingsInEffect returns the settings of a run, without those of a server if it has a target.
func settingsInEffect(s definition.Settings) any {
	if s.Target.Address == "" {
		return s
	}
	return struct {
		Name        string                `json:"name"`
		Description string                `json:"description,omitempty"`
		Target      definition.Target     `json:"target"`
		Data        definition.Data       `json:"data"`
		Experiment  definition.Experiment `json:"experiment"`
	}{s.Name, s.Description, s.Target, s.Data, s.Experiment}
}

// foreignDialect is the dialect of a target, or nothing if that is this project's own.
func foreignDialect(t definition.Target) string {
	if t.Dialect == string(client.Crossrank) {
		return ""
	}
	return t.Dialect
}

// hasHistory reports whether the server has a history: every one that is started here, and a
// crossrank server as a target over HTTP.
func hasHistory(t definition.Target) bool {
	if t.Address == "" {
		return true
	}
	return (t.Dialect == "" || t.Dialect == string(client.Crossrank)) && strings.HasPrefix(t.Address, "http")
}

// scorerOf returns s with requests as the data asks for them.
func scorerOf(s crossrank.Scorer, d definition.Data) crossrank.Scorer {
	if d.OneQuery {
		return OneQuery{s}
	}
	return s
}

// provenance describes what is sent, for the results.
func (r *runner) provenance() results.Data {
	d := Provenance(r.data)
	if r.base.Data.OneQuery {
		d = OneQueryOf(d)
	}
	return d
}

// OneQueryOf describes data that is sent through [OneQuery].
func OneQueryOf(d results.Data) results.Data {
	d.Name += ", one query a request"
	return d
}

// OneQuery scores all passages of a request for the query of its first pair.
type OneQuery struct{ crossrank.Scorer }

var _ crossrank.Scorer = OneQuery{}

// Score implements [crossrank.Scorer].
func (o OneQuery) Score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	if len(req.Pairs) < 2 {
		return o.Scorer.Score(ctx, req)
	}
	one := *req
	one.Pairs = make([]crossrank.Pair, len(req.Pairs))
	for i, p := range req.Pairs {
		one.Pairs[i] = crossrank.Pair{Query: req.Pairs[0].Query, Passage: p.Passage}
	}
	return o.Scorer.Score(ctx, &one)
}

// checkQueries returns an error for data that makes requests of several queries if the target's
// dialect has one per request.
func checkQueries(sw definition.Sweep, pairs []crossrank.Pair) error {
	for _, v := range sw.Variants {
		d := client.Dialect(v.Settings.Target.Dialect)
		if v.Settings.Data.OneQuery || v.Settings.Experiment.Mix.Given() || !d.OneQuery() {
			continue
		}
		for _, batch := range v.Settings.Experiment.BatchSizes {
			if at := SeveralQueries(pairs, batch); at > 0 {
				return fmt.Errorf("target.dialect: %s takes one query per request, but requests of %d pairs have several, as pair %d of %s; "+
					"set data.one_query: true, or give data sorted by query", d, batch, at, dataName(v.Settings.Data))
			}
		}
	}
	return nil
}

func dataName(d definition.Data) string { return cmp.Or(d.Path, "the synthetic data") }

// SeveralQueries returns the number, from 1, of the first pair whose query is not that of its
// request's first pair, where a request has batch consecutive pairs. It returns 0 if there is none.
func SeveralQueries(pairs []crossrank.Pair, batch int) int {
	for i := range pairs {
		if pairs[i].Query != pairs[i/batch*batch].Query {
			return i + 1
		}
	}
	return 0
}

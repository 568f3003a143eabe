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
	r.setScorers()
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

// unreachable says why a client of a target cannot be made, or cannot ask for what the definition
// says. It connects to nothing.
func unreachable(s definition.Settings) []string {
	if s.Target.Address == "" {
		return nil
	}
	if d := foreignDialect(s.Target); d != "" && s.Data.Instruction != "" {
		return []string{"data.instruction: the dialect " + d + " cannot express an instruction"}
	} else if d != "" && s.Data.TopN > 0 {
		return []string{"data.top_n: the dialect " + d + " cannot ask for the highest scores alone"}
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

// foreignDialect is the dialect of a target, or nothing if that is this project's own.
func foreignDialect(t definition.Target) string {
	if t.Dialect == string(client.Crossrank) {
		return ""
	}
	return t.Dialect
}

// HasHistory reports whether the server has a history: every one that is started here, and a
// crossrank server as a target over HTTP.
func HasHistory(t definition.Target) bool {
	if t.Address == "" {
		return true
	}
	return (t.Dialect == "" || t.Dialect == string(client.Crossrank)) && strings.HasPrefix(t.Address, "http")
}

// checkQueries returns an error for data that makes requests of several queries if the target's
// dialect, or a ranking, has one per request.
func checkQueries(sw definition.Sweep, pairs []crossrank.Pair) error {
	for _, v := range sw.Variants {
		d, who := client.Dialect(v.Settings.Target.Dialect), ""
		switch {
		case v.Settings.Data.OneQuery || v.Settings.Experiment.Mix.Given():
			continue
		case d.OneQuery():
			who = fmt.Sprintf("target.dialect: %s takes", d)
		case v.Settings.Data.TopN > 0:
			who = "data.top_n is for"
		default:
			continue
		}
		for _, batch := range v.Settings.Experiment.BatchSizes {
			if at := SeveralQueries(pairs, batch); at > 0 {
				return fmt.Errorf("%s one query per request, but requests of %d pairs have several, as pair %d of %s; "+
					"set data.one_query: true, or give data sorted by query", who, batch, at, dataName(v.Settings.Data))
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

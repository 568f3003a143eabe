package main

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync/atomic"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/scoring"
	"github.com/crossrank/crossrank/local"
)

// scorerFlags say what scores pairs: a model in this process, or servers.
type scorerFlags struct {
	model         string
	compute       computeFlags
	specialTokens string
	target        targetFlags
}

func (s *scorerFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&s.model, "model", "m", "", modelUsage+"; with --target, the name of the server's model")
	pullFlag(cmd)
	s.compute.register(cmd, "")
	f.StringVar(&s.specialTokens, "special-tokens", "tokens", "reading of special tokens that are written in texts: tokens or text")
	s.target.register(cmd)
	f.Lookup("target").Usage = "server, or several separated by commas, to use instead of this process: grpc://host:port or http://host:port (grpcs, https)"
}

func (s *scorerFlags) check(cmd *cobra.Command) error {
	if s.model == "" && s.target.address == "" {
		return usageError("--model is required, or a server with --target")
	}
	if err := s.target.check(cmd); err != nil {
		return err
	}
	if err := s.compute.check(); err != nil {
		return err
	}
	if err := checkChoice("special-tokens", s.specialTokens, "tokens", "text"); err != nil {
		return err
	}
	for _, name := range []string{"backend", "device", "quantization", "special-tokens", "pull"} {
		if s.target.address != "" && cmd.Flags().Changed(name) {
			return usageError("--%s applies only to a model in this process; the server at --target has its own setting", name)
		}
	}
	return nil
}

// open opens the model or connects to the servers.
func (s *scorerFlags) open(cmd *cobra.Command) (closingScorer, crossrank.Info, error) {
	if s.target.address != "" {
		return s.connect(cmd.Context())
	}
	if err := ensureModels(cmd, s.model); err != nil {
		return nil, crossrank.Info{}, err
	}
	opts := s.compute.options()
	opts.SpecialTokens = s.specialTokens
	model, err := local.Open(s.model, opts)
	if err != nil {
		return nil, crossrank.Info{}, err
	}
	printWarnings(cmd.ErrOrStderr(), model)
	warnMeaningless(cmd.ErrOrStderr(), model.Info())
	return model, model.Info(), nil
}

// settings describe the model for the journal of a run: what its scores depend on.
func (s *scorerFlags) settings(info crossrank.Info) []scoring.Setting {
	all := []scoring.Setting{
		{Name: "model", Value: info.Pinned()},
		{Name: "weights", Value: info.Weights},
		{Name: "quantization", Value: info.Quantization},
		{Name: "prompt", Value: info.Prompt},
		{Name: "model's max length", Value: fmt.Sprint(info.MaxLength)},
	}
	if s.target.address == "" {
		return append(all,
			scoring.Setting{Name: "special tokens", Value: s.specialTokens},
			scoring.Setting{Name: "backend", Value: info.Backend + " on " + info.Device},
			scoring.Setting{Name: "instruction tier", Value: info.Tier})
	}
	return append(all, scoring.Setting{Name: "dialect", Value: s.target.dialect})
}

// retries are how often a request of a long run is sent again: for about 20 s.
const retries = 10

// connect makes clients of the servers, which must have one and the same model.
func (s *scorerFlags) connect(ctx context.Context) (closingScorer, crossrank.Info, error) {
	r := &rotation{oneQuery: s.target.api().OneQuery()}
	var first crossrank.Info
	for i, address := range addresses(s.target.address) {
		c, info, err := s.target.connect(ctx, address, s.model, retries)
		if err != nil {
			return nil, first, errors.Join(err, r.Close())
		}
		r.servers = append(r.servers, c)
		if i == 0 {
			first = info
		}
		if info.Weights != first.Weights || info.Quantization != first.Quantization || info.Prompt != first.Prompt {
			return nil, first, errors.Join(fmt.Errorf("the servers have different models: %s %s %s, and at %s %s %s %s",
				first.Model, first.Weights, first.Quantization, address, info.Model, info.Weights, info.Quantization), r.Close())
		}
	}
	return r, first, nil
}

// addresses divides a list of servers. What has no scheme belongs to the address before it, which
// gRPC balances itself.
func addresses(list string) []string {
	var all []string
	for part := range strings.SplitSeq(list, ",") {
		if n := len(all); n > 0 && !strings.Contains(part, "://") {
			all[n-1] += "," + part
			continue
		}
		all = append(all, part)
	}
	return all
}

// rotation is the Scorer of several servers, which take turns.
type rotation struct {
	servers  []*client.Client
	turn     atomic.Uint64
	oneQuery bool // a request has the pairs of one query
}

var _ crossrank.Scorer = (*rotation)(nil)

// Score implements [crossrank.Scorer]. Where the API accepts one query per request, it sends one
// for each run of pairs with the same query.
func (r *rotation) Score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	server := r.servers[r.turn.Add(1)%uint64(len(r.servers))]
	if !r.oneQuery {
		return server.Score(ctx, req)
	}
	all := &crossrank.Response{}
	for pairs := req.Pairs; len(pairs) > 0; {
		n := 1
		for n < len(pairs) && pairs[n].Query == pairs[0].Query {
			n++
		}
		part := *req
		part.Pairs, pairs = pairs[:n], pairs[n:]
		resp, err := server.Score(ctx, &part)
		if err != nil {
			return nil, err
		}
		all.Scores, all.ScoreType, all.Model = append(all.Scores, resp.Scores...), resp.ScoreType, resp.Model
	}
	return all, nil
}

// Close closes the connections.
func (r *rotation) Close() error {
	var errs []error
	for _, s := range r.servers {
		errs = append(errs, s.Close())
	}
	return errors.Join(errs...)
}

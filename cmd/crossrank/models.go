package main

import (
	"context"
	"errors"
	"fmt"
	"runtime"
	"slices"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/config"
	"github.com/crossrank/crossrank/internal/httpapi"
	"github.com/crossrank/crossrank/internal/metrics"
	"github.com/crossrank/crossrank/internal/state"
	"github.com/crossrank/crossrank/local"
)

// models are the open models of a server, one at least. A request goes to the one that it names, or else to the first.
type models []*local.Model

var _ crossrank.Scorer = models(nil)

// openModels opens every model that settings ask for. Instances that name no number of threads share the cores.
func openModels(ctx context.Context, s config.Settings) (m models, err error) {
	served := s.Served()
	instances := 0
	for _, one := range served {
		instances += len(one.Instances)
	}
	threads := max(1, runtime.GOMAXPROCS(0)/instances)
	defer func() {
		if err != nil {
			err = errors.Join(err, m.Close())
		}
	}()
	for _, one := range served {
		if err := ctx.Err(); err != nil {
			return m, err
		}
		opened, err := local.Open(one.Model, modelOptions(s, one, threads))
		if err != nil {
			return m, err
		}
		m = append(m, opened)
	}
	return m, nil
}

// modelOptions are what settings ask of one model in this process.
func modelOptions(s config.Settings, one config.Served, threads int) local.Options {
	opts := local.Options{
		Threads:          threads,
		Routing:          s.ModelPool.Routing,
		MaxLength:        one.Instances[0].MaxLength,
		TokenizerWorkers: s.TokenizerPool.Workers,
		Quantization:     one.Instances[0].Quantization,
		Mode:             s.Pipeline.Mode,
		CacheBytes:       s.Cache.MaxBytes / int64(len(s.Served())),
		Coalesce:         s.Cache.Coalesce,
		Batching: local.Batching{
			MaxTokens:       s.Batching.MaxBatchTokens,
			MaxPairs:        s.Batching.MaxBatchSize,
			MaxQueuedTokens: s.Batching.MaxQueuedTokens,
			MaxQueueAge:     time.Duration(s.Batching.MaxQueueAgeMS * float64(time.Millisecond)),
			PreferredPairs:  s.Batching.PreferredBatchSize,
			Timeout:         time.Duration(s.Batching.TimeoutMS * float64(time.Millisecond)),
			Unshared:        !s.Batching.Enabled,
			KeepOrder:       !s.Batching.LengthAware,
			Padded:          !s.Batching.Packing,
		},
	}
	for _, in := range one.Instances {
		opts.Instances = append(opts.Instances, local.Instance{Threads: in.Threads})
	}
	return opts
}

// Score implements [crossrank.Scorer].
func (m models) Score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	if req == nil || req.Model == "" {
		return m[0].Score(ctx, req)
	}
	i := slices.IndexFunc(m, func(one *local.Model) bool { return one.Info().Model == req.Model })
	if i < 0 {
		return nil, crossrank.Errorf(crossrank.NotFound, "there is no model %q here", req.Model)
	}
	return m[i].Score(ctx, req)
}

// infos describe the models, the first first.
func (m models) infos() []crossrank.Info {
	infos := make([]crossrank.Info, len(m))
	for i, one := range m {
		infos[i] = one.Info()
		infos[i].Version = programVersion()
	}
	return infos
}

// tokenize gives the tokens of a text as the model of that name reads it.
func (m models) tokenize(model, text string, special bool) (tokens []httpapi.Token) {
	i := max(0, slices.IndexFunc(m, func(one *local.Model) bool { return one.Info().Model == model }))
	for _, t := range m[i].Tokenize(text, special) {
		tokens = append(tokens, httpapi.Token(t))
	}
	return tokens
}

// Close closes all of them.
func (m models) Close() error {
	var errs []error
	for _, one := range m {
		errs = append(errs, one.Close())
	}
	return errors.Join(errs...)
}

// gauges are what metrics read of the models together.
func (m models) gauges() metrics.Gauges {
	return metrics.Gauges{Queue: m.queue, Batches: m.batches, Cache: m.cache, Instances: m.instances}
}

func (m models) queue() (sum state.Queue) {
	for _, one := range m {
		sum.Add(one.Queue())
	}
	return sum
}

func (m models) batches() (sum state.Batches) {
	for _, one := range m {
		sum.Add(one.Batches())
	}
	return sum
}

func (m models) cache() (sum state.Cache) {
	for _, one := range m {
		sum.Add(one.Cache())
	}
	return sum
}

// instances are named by their place in the pool of their model, and by that model where there are several.
func (m models) instances() (all []state.Instance) {
	for _, one := range m {
		for i, in := range one.Instances() {
			in.Name = fmt.Sprint(i)
			if len(m) > 1 {
				in.Name = fmt.Sprintf("%s/%d", one.Info().Model, i)
			}
			all = append(all, in)
		}
	}
	return all
}

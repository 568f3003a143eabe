package serving

import (
	"context"
	"errors"
	"log/slog"
	"strings"
	"time"

	"github.com/crossrank/crossrank/internal/config"
	"github.com/crossrank/crossrank/internal/gpustat"
	"github.com/crossrank/crossrank/local"
)

// Open opens every model that settings ask for. Instances that name no number of threads share the
// cores equally; where settings leave it all to the machine, its groups of cores decide. The
// version is the program's. Names that no model has are logged.
func Open(ctx context.Context, s config.Settings, version string, log *slog.Logger) (r *Router, err error) {
	r = &Router{version: version}
	served := s.Served()
	if r.names, err = namesOf(served, log); err != nil {
		return r, err
	}
	threads := threadsOf(served, cores())
	defer func() {
		if err != nil {
			err = errors.Join(err, r.Close())
		}
	}()
	for _, one := range served {
		if err := ctx.Err(); err != nil {
			return r, err
		}
		opened, err := local.Open(one.Model, modelOptions(s, one, threads))
		if err != nil {
			return r, err
		}
		for _, text := range opened.Warnings() {
			if !strings.HasPrefix(text, "threads: ") { // those are logged for all models together
				log.Info(text, "model", one.Model)
			}
		}
		if how := opened.Tuning(); how != "" {
			log.Debug("divided products on the device", "model", one.Model, "how", how)
		}
		r.models = append(r.models, opened)
	}
	if ids := gpusOf(r.models); len(ids) > 0 {
		r.gpus = watchGPUs(gpustat.Open().Read, ids, log)
	}
	return r, nil
}

// namesOf reads the names and aliases of models.
func namesOf(served []config.Served, log *slog.Logger) (*names, error) {
	models := make([]named, len(served))
	for i, one := range served {
		models[i] = named{one.Model, one.Aliases}
	}
	return newNames(models, log)
}

// prefixBytes is the memory of one model for what pairs begin with.
func prefixBytes(s config.Settings) int64 {
	if s.Cache.PrefixBytes <= 0 {
		return s.Cache.PrefixBytes
	}
	return max(1, s.Cache.PrefixBytes/int64(len(s.Served())))
}

// modelOptions are what settings ask of one model in this process.
func modelOptions(s config.Settings, one config.Served, threads int) local.Options {
	opts := local.Options{
		Threads:          threads,
		Routing:          s.ModelPool.Routing,
		MaxLength:        one.Instances[0].MaxLength,
		TokenizerWorkers: s.TokenizerPool.Workers,
		Backend:          one.Instances[0].Backend,
		Device:           one.Instances[0].Device,
		Quantization:     one.Instances[0].Quantization,
		Mode:             s.Pipeline.Mode,
		CacheBytes:       s.Cache.MaxBytes / int64(len(s.Served())),
		Coalesce:         s.Cache.Coalesce,
		PrefixBytes:      prefixBytes(s),
		SpecialTokens:    s.Pipeline.SpecialTokens,
		Batching: local.Batching{
			MaxTokens:       s.Batching.MaxTokens,
			MaxPairs:        s.Batching.MaxPairs,
			MaxQueuedTokens: s.Batching.MaxQueuedTokens,
			MaxQueueAge:     time.Duration(s.Batching.MaxQueueAgeMS * float64(time.Millisecond)),
			PreferredPairs:  s.Batching.PreferredPairs,
			Timeout:         time.Duration(s.Batching.TimeoutMS * float64(time.Millisecond)),
			Enabled:         &s.Batching.Enabled,
			LengthAware:     &s.Batching.LengthAware,
		},
		Packing: &s.Batching.Packing,
	}
	if s.Automatic() {
		opts.Threads = 0 // and no instances: package local chooses
		return opts
	}
	for _, in := range one.Instances {
		opts.Instances = append(opts.Instances, local.Instance{Threads: in.Threads})
	}
	return opts
}

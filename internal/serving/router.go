package serving

import (
	"context"
	"errors"
	"fmt"
	"slices"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/edge"
	"github.com/crossrank/crossrank/internal/httpapi"
	"github.com/crossrank/crossrank/internal/metrics"
	"github.com/crossrank/crossrank/internal/state"
	"github.com/crossrank/crossrank/local"
)

// Router passes each request to the model that it names, or else to the first. It has one model at
// least.
type Router struct {
	models  []Model
	version string // of the program
}

// Model is one open model, as a [local.Model] is.
type Model interface {
	crossrank.Scorer
	Info() crossrank.Info
	Tokenize(text string, special bool) []local.Token
	Queue() state.Queue
	Batches() state.Batches
	Cache() state.Cache
	Instances() []state.Instance
	Close() error
}

var (
	_ crossrank.Scorer = (*Router)(nil)
	_ Model            = (*local.Model)(nil)
)

// NewRouter makes one over open models, the default one first. The version is the program's.
func NewRouter(version string, models ...Model) *Router {
	return &Router{models: models, version: version}
}

// Score implements [crossrank.Scorer].
func (r *Router) Score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	if req == nil || req.Model == "" {
		return r.models[0].Score(ctx, req)
	}
	if err := edge.CheckModel(req.Model, edge.Names(r.Infos())...); err != nil {
		return nil, err
	}
	return r.model(req.Model).Score(ctx, req)
}

// model finds a model by its name, or else the default one.
func (r *Router) model(name string) Model {
	return r.models[max(0, slices.IndexFunc(r.models, func(one Model) bool { return one.Info().Model == name }))]
}

// Infos describes the models, the default one first.
func (r *Router) Infos() []crossrank.Info {
	infos := make([]crossrank.Info, len(r.models))
	for i, one := range r.models {
		infos[i] = one.Info()
		infos[i].Version = r.version
	}
	return infos
}

// Tokenize gives the tokens of a text as the model of that name reads it, or else the default one.
func (r *Router) Tokenize(model, text string, special bool) (tokens []httpapi.Token) {
	for _, t := range r.model(model).Tokenize(text, special) {
		tokens = append(tokens, httpapi.Token(t))
	}
	return tokens
}

// Close closes all models.
func (r *Router) Close() error {
	var errs []error
	for _, one := range r.models {
		errs = append(errs, one.Close())
	}
	return errors.Join(errs...)
}

// Gauges gives metrics the state of all models together.
func (r *Router) Gauges() metrics.Gauges {
	return metrics.Gauges{Queue: r.queue, Batches: r.batches, Cache: r.cache, Instances: r.instances}
}

func (r *Router) queue() (sum state.Queue) {
	for _, one := range r.models {
		sum.Add(one.Queue())
	}
	return sum
}

func (r *Router) batches() (sum state.Batches) {
	for _, one := range r.models {
		sum.Add(one.Batches())
	}
	return sum
}

func (r *Router) cache() (sum state.Cache) {
	for _, one := range r.models {
		sum.Add(one.Cache())
	}
	return sum
}

// instances names each by its place in the pool of its model, and by that model where there are
// several.
func (r *Router) instances() (all []state.Instance) {
	for _, one := range r.models {
		for i, in := range one.Instances() {
			in.Name = fmt.Sprint(i)
			if len(r.models) > 1 {
				in.Name = fmt.Sprintf("%s/%d", one.Info().Model, i)
			}
			all = append(all, in)
		}
	}
	return all
}

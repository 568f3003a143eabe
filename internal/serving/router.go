package serving

import (
	"context"
	"errors"
	"fmt"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/httpapi"
	"github.com/crossrank/crossrank/internal/metrics"
	"github.com/crossrank/crossrank/internal/state"
	"github.com/crossrank/crossrank/local"
)

// Router passes each request to the model that it names, or else to the first. It has one model at
// least. Descriptions and responses have a model's served name, see names.
type Router struct {
	models  []Model
	names   *names
	version string             // of the program
	gpus    func() []state.GPU // that the models compute on; nil: none
}

// Model is one open model, as a [local.Model] is.
type Model interface {
	crossrank.Scorer
	Info() crossrank.Info
	Tokenize(text string, special bool) []local.Token
	Queue() state.Queue
	Batches() state.Batches
	Cache() state.Cache
	Prefixes() state.Prefixes
	Cascade() state.Cascade
	Device() *state.Device
	GPU() state.GPUIdentity
	Instances() []state.Instance
	Verify() (local.Verification, error)
	Close() error
}

var (
	_ crossrank.Scorer = (*Router)(nil)
	_ Model            = (*local.Model)(nil)
)

// Score implements [crossrank.Scorer].
func (r *Router) Score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	if req == nil {
		return r.models[0].Score(ctx, req)
	}
	i, err := r.names.find(req.Model)
	if err != nil {
		return nil, err
	}
	its := *req
	its.Model = ""
	resp, err := r.models[i].Score(ctx, &its)
	if err != nil {
		return nil, err
	}
	resp.Model = r.names.served[i]
	return resp, nil
}

// Resolve gives the served name of the model that a request names; "" stays "", which is the first
// model. An unknown name is [crossrank.NotFound].
func (r *Router) Resolve(name string) (string, error) {
	if name == "" {
		return "", nil
	}
	i, err := r.names.find(name)
	if err != nil {
		return "", err
	}
	return r.names.served[i], nil
}

// Infos describes the models, the default one first.
func (r *Router) Infos() []crossrank.Info {
	infos := make([]crossrank.Info, len(r.models))
	for i, one := range r.models {
		infos[i] = one.Info()
		infos[i].Model = r.names.served[i]
		infos[i].Version = r.version
	}
	return infos
}

// Tokenize gives the tokens of a text as the model of that name reads it, or else the default one.
func (r *Router) Tokenize(model, text string, special bool) (tokens []httpapi.Token) {
	i, err := r.names.find(model)
	if err != nil {
		i = 0
	}
	for _, t := range r.models[i].Tokenize(text, special) {
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
	return metrics.Gauges{
		Queue: r.queue, Batches: r.batches, Cache: r.cache, Prefixes: r.prefixes, Cascade: r.cascade, Device: r.device, GPUs: r.gpus,
		Instances: r.instances,
	}
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

func (r *Router) prefixes() (sum state.Prefixes) {
	for _, one := range r.models {
		sum.Add(one.Prefixes())
	}
	return sum
}

func (r *Router) cascade() (sum state.Cascade) {
	for _, one := range r.models {
		sum.Add(one.Cascade())
	}
	return sum
}

// device is nil if no model uses one.
func (r *Router) device() (sum *state.Device) {
	for _, one := range r.models {
		switch d := one.Device(); {
		case d == nil:
		case sum == nil:
			sum = d
		default:
			sum.Add(*d)
		}
	}
	return sum
}

// instances names each by its place in the pool of its model, and by that model where there are
// several.
func (r *Router) instances() (all []state.Instance) {
	for m, one := range r.models {
		for i, in := range one.Instances() {
			in.Name = fmt.Sprint(i)
			if len(r.models) > 1 {
				in.Name = fmt.Sprintf("%s/%d", r.names.served[m], i)
			}
			all = append(all, in)
		}
	}
	return all
}

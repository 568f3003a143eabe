// Package grpcapi translates between gRPC and a [crossrank.Scorer], and does nothing else.
//
// It serves two services with one scorer: crossrank.v1.RerankService, the project's own, and
// inference.InferenceService, of the Python project that crossrank follows, whose clients work
// unmodified. Errors use one table, see status.go. Listeners, deadlines and draining belong to
// package server.
package grpcapi

import (
	"context"
	"log/slog"
	"slices"
	"strings"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/edge"
	crossrankv1 "github.com/crossrank/crossrank/proto/crossrank/v1"
	"github.com/crossrank/crossrank/proto/inference"
	"google.golang.org/grpc"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

// Config is what is served. Scorer, Info and Metrics are needed. Functions are called concurrently.
type Config struct {
	Scorer  crossrank.Scorer
	Info    func() crossrank.Info
	Models  func() []crossrank.Info // of all models; default that of Info
	Resolve edge.Resolve            // finds the model that a request names; default by its name alone
	Metrics func() Metrics
	Limits  edge.Limits
	Budget  *edge.Budget         // of all requests in progress; nil = unlimited
	Refused func(crossrank.Code) // called for every request that ends here and not in the scorer; may be nil
	Log     *slog.Logger         // gets the faults that callers do not see; default slog.Default()

	// Draining is closed when streams must not accept more; nil means never.
	Draining <-chan struct{}

	// Failed is called for every call that fails, with the id of the request; may be nil.
	Failed func(ctx context.Context, id string, code crossrank.Code)
}

// Services are the full names of the services that [Register] adds.
var Services = []string{
	crossrankv1.RerankService_ServiceDesc.ServiceName,
	inference.InferenceService_ServiceDesc.ServiceName,
}

// Ours reports whether a gRPC method belongs to one of these services.
func Ours(method string) bool {
	service, _, _ := strings.Cut(strings.TrimPrefix(method, "/"), "/")
	return slices.Contains(Services, service)
}

// awaited are the unary methods. grpc reads their message before any code of the server runs.
var awaited = func() map[string]bool {
	methods := map[string]bool{}
	for _, service := range []grpc.ServiceDesc{
		crossrankv1.RerankService_ServiceDesc, inference.InferenceService_ServiceDesc, healthpb.Health_ServiceDesc,
	} {
		for _, m := range service.Methods {
			methods["/"+service.ServiceName+"/"+m.MethodName] = true
		}
	}
	return methods
}()

// Awaits reports whether a gRPC method is unary, so that its calls wait for one message first.
func Awaits(method string) bool { return awaited[method] }

// Register adds both services to a gRPC server. The server should have [Recover] among its
// interceptors.
func Register(r grpc.ServiceRegistrar, cfg Config) {
	if cfg.Log == nil {
		cfg.Log = slog.Default()
	}
	if cfg.Models == nil {
		cfg.Models = func() []crossrank.Info { return []crossrank.Info{cfg.Info()} }
	}
	crossrankv1.RegisterRerankServiceServer(r, &rerankService{cfg: cfg})
	inference.RegisterInferenceServiceServer(r, &inferenceService{cfg: cfg})
}

// rerankService is crossrank.v1.RerankService.
type rerankService struct {
	crossrankv1.UnimplementedRerankServiceServer
	cfg Config
}

// Score answers with one score per pair, in the request's order.
func (s *rerankService) Score(ctx context.Context, in *crossrankv1.ScoreRequest) (*crossrankv1.ScoreResponse, error) {
	if err := s.cfg.Limits.CheckCount(len(in.GetPairs())); err != nil {
		return nil, s.cfg.fail(ctx, err)
	}
	req, err := request(in.GetOptions(), in.GetPairs())
	if err != nil {
		return nil, s.cfg.fail(ctx, err)
	}
	resp, err := s.cfg.score(ctx, in.GetModel(), req)
	if err != nil {
		return nil, s.cfg.fail(ctx, err)
	}
	return &crossrankv1.ScoreResponse{
		Scores:    resp.Scores,
		ScoreType: string(resp.ScoreType),
		Model:     resp.Model,
		Usage:     usage(resp.Usage),
		Timing:    timing(resp.Timing),
		Truncated: truncated(resp),
	}, nil
}

// Rerank ranks the documents of one query, best first.
func (s *rerankService) Rerank(ctx context.Context, in *crossrankv1.RerankRequest) (*crossrankv1.RerankResponse, error) {
	if in.GetTopN() < 0 {
		return nil, s.cfg.fail(ctx, crossrank.Errorf(crossrank.InvalidArgument,
			"top_n is %d; use 0 for all documents, or a positive number", in.GetTopN()))
	}
	documents := in.GetDocuments()
	if err := s.cfg.Limits.CheckCount(len(documents)); err != nil {
		return nil, s.cfg.fail(ctx, err)
	}
	req, err := request(in.GetOptions(), nil)
	if err != nil {
		return nil, s.cfg.fail(ctx, err)
	}
	req.Pairs = crossrank.Pairs(in.GetQuery(), documents)
	req.TopN = int(in.GetTopN())
	resp, err := s.cfg.score(ctx, in.GetModel(), req)
	if err != nil {
		return nil, s.cfg.fail(ctx, err)
	}
	out := &crossrankv1.RerankResponse{
		ScoreType: string(resp.ScoreType),
		Model:     resp.Model,
		Usage:     usage(resp.Usage),
		Timing:    timing(resp.Timing),
	}
	cut := truncated(resp)
	for _, r := range crossrank.Order(resp.Scores, int(in.GetTopN())) {
		result := &crossrankv1.RerankResult{Index: int32(r.Index), Score: r.Score}
		if cut != nil {
			result.Truncated = cut[r.Index]
		}
		if in.GetReturnDocuments() {
			result.Document = documents[r.Index]
		}
		out.Results = append(out.Results, result)
	}
	return out, nil
}

// Info describes a model.
func (s *rerankService) Info(ctx context.Context, in *crossrankv1.InfoRequest) (*crossrankv1.InfoResponse, error) {
	found, err := edge.Resolve(s.cfg.resolve).InfoOf(in.GetModel(), s.cfg.Info, s.cfg.Models)
	if err != nil {
		return nil, s.cfg.fail(ctx, err)
	}
	return info(found), nil
}

// resolve gives the served name of the model that a request names.
func (c *Config) resolve(model string) (string, error) {
	if c.Resolve == nil {
		return edge.ByName(c.Models)(model)
	}
	return c.Resolve(model)
}

// score handles a translated request of either service.
func (c *Config) score(ctx context.Context, model string, req *crossrank.Request) (*crossrank.Response, error) {
	model, err := c.resolve(model)
	if err != nil {
		return nil, err
	}
	req.Model = model
	if err := c.Limits.CheckTexts(req); err != nil {
		return nil, err
	}
	return edge.Score(named(ctx), c.Scorer, req)
}

// Package grpcapi translates between gRPC and a [crossrank.Scorer], and does nothing else.
//
// It serves two services over one scorer: crossrank.v1.RerankService, the project's own, and inference.InferenceService,
// that of the Python project which crossrank follows, so that its clients work unmodified. Errors go the way of one
// table, see status.go. What surrounds a call (listeners, deadlines, draining) is the server's business.
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

// Config says what is served. Scorer, Info and Metrics are needed; the functions are called from many goroutines.
type Config struct {
	Scorer  crossrank.Scorer
	Info    func() crossrank.Info
	Models  func() []crossrank.Info // all that Scorer serves, by name; default the one of Info
	Metrics func() Metrics
	Limits  edge.Limits
	Budget  *edge.Budget         // of all requests under way; nil bounds nothing
	Refused func(crossrank.Code) // told of every request that ends here and not in the scorer; may be nil
	Log     *slog.Logger         // of faults that callers are not told; default slog.Default()

	// Draining is closed when streams are to take nothing more; nil means never.
	Draining <-chan struct{}

	// Failed is told of every call that fails, with the request's id; may be nil.
	Failed func(ctx context.Context, id string, code crossrank.Code)
}

// Services are the full names of the services that [Register] adds.
var Services = []string{
	crossrankv1.RerankService_ServiceDesc.ServiceName,
	inference.InferenceService_ServiceDesc.ServiceName,
}

// Ours tells whether a gRPC method is one of these services.
func Ours(method string) bool {
	service, _, _ := strings.Cut(strings.TrimPrefix(method, "/"), "/")
	return slices.Contains(Services, service)
}

// awaited are the methods whose calls are one message, which grpc reads before anything of the server runs.
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

// Awaits tells whether the calls of a gRPC method wait for one message of their caller's before anything else.
func Awaits(method string) bool { return awaited[method] }

// Register adds both services to a gRPC server. The server should have [Recover] among its interceptors.
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

// Score answers with one score a pair, in the request's order.
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

// Rerank orders the documents of one query, best first.
func (s *rerankService) Rerank(ctx context.Context, in *crossrankv1.RerankRequest) (*crossrankv1.RerankResponse, error) {
	if in.GetTopN() < 0 {
		return nil, s.cfg.fail(ctx, crossrank.Errorf(crossrank.InvalidArgument,
			"top_n is %d; use 0 for all documents, or a positive number", in.GetTopN()))
	}
	documents := in.GetDocuments()
	if err := s.cfg.Limits.CheckCount(len(documents)); err != nil {
		return nil, s.cfg.fail(ctx, err)
	}
	pairs := make([]*crossrankv1.Pair, len(documents))
	for i, d := range documents {
		pairs[i] = &crossrankv1.Pair{Query: in.GetQuery(), Passage: d}
	}
	req, err := request(in.GetOptions(), pairs)
	if err != nil {
		return nil, s.cfg.fail(ctx, err)
	}
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

// Info describes a model that is served.
func (s *rerankService) Info(ctx context.Context, in *crossrankv1.InfoRequest) (*crossrankv1.InfoResponse, error) {
	name := in.GetModel()
	if name == "" {
		return info(s.cfg.Info()), nil
	}
	models := s.cfg.Models()
	if err := edge.CheckModel(name, edge.Names(models)...); err != nil {
		return nil, s.cfg.fail(ctx, err)
	}
	return info(models[slices.Index(edge.Names(models), name)]), nil
}

// score is what both services do with a request once it is translated.
func (c *Config) score(ctx context.Context, model string, req *crossrank.Request) (*crossrank.Response, error) {
	if err := edge.CheckModel(model, edge.Names(c.Models())...); err != nil {
		return nil, err
	}
	req.Model = model
	if err := c.Limits.CheckTexts(req); err != nil {
		return nil, err
	}
	return edge.Score(named(ctx), c.Scorer, req)
}

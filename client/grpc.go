package client

import (
	"context"
	"crypto/tls"
	"encoding/json"
	"strings"
	"time"

	"github.com/crossrank/crossrank"
	crossrankv1 "github.com/crossrank/crossrank/proto/crossrank/v1"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/backoff"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/credentials"
	"google.golang.org/grpc/credentials/insecure"
	"google.golang.org/grpc/keepalive"
	"google.golang.org/grpc/status"
)

// vanished is the time after which a server that acknowledges nothing counts as gone.
const vanished = 5 * time.Second

// reconnect is how a client finds a server again that was away. By default it would try only every
// two minutes after a long absence.
var reconnect = grpc.ConnectParams{
	Backoff:           backoff.Config{BaseDelay: time.Second, Multiplier: 1.6, Jitter: 0.2, MaxDelay: 5 * time.Second},
	MinConnectTimeout: vanished,
}

// overGRPC calls crossrank.v1.RerankService.
type overGRPC struct {
	target  string
	conn    *grpc.ClientConn
	service crossrankv1.RerankServiceClient
}

func newGRPC(name string, conn *grpc.ClientConn) *overGRPC {
	return &overGRPC{target: name, conn: conn, service: crossrankv1.NewRerankServiceClient(conn)}
}

// connection makes the gRPC connection for either service.
func connection(t target, secure *tls.Config, opts Options) (*grpc.ClientConn, error) {
	creds := insecure.NewCredentials()
	if secure != nil {
		creds = credentials.NewTLS(secure)
	}
	options := []grpc.DialOption{
		grpc.WithTransportCredentials(creds),
		grpc.WithDefaultCallOptions(grpc.MaxCallRecvMsgSize(opts.MaxReplyBytes)),
		grpc.WithDisableServiceConfig(), // of DNS: the options decide on balancing and retries
		// Pings detect a server that vanished from an idle connection. On Linux the timeout also
		// applies to data that is not acknowledged, so it is how long a call waits for a server that
		// is cut off before it fails and can be retried elsewhere.
		grpc.WithKeepaliveParams(keepalive.ClientParameters{Time: time.Minute, Timeout: vanished}),
		grpc.WithConnectParams(reconnect),
	}
	if opts.APIKey != "" {
		options = append(options, grpc.WithPerRPCCredentials(apiKey(opts.APIKey)))
	}
	address, spread := spread(t, opts.Balance)
	return grpc.NewClient(address, append(options, spread...)...)
}

// apiKey adds itself to every call.
type apiKey string

func (k apiKey) GetRequestMetadata(context.Context, ...string) (map[string]string, error) {
	return map[string]string{"authorization": "Bearer " + string(k)}, nil
}

// RequireTransportSecurity is false, so that a key can be sent to a server on the same machine
// without TLS.
func (k apiKey) RequireTransportSecurity() bool { return false }

func (g *overGRPC) score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	if isRanking(req) {
		return g.rank(ctx, req)
	}
	out, err := g.service.Score(ctx, toWire(req))
	if err != nil {
		return nil, g.failure(ctx, err)
	}
	return fromWire(out), nil
}

func (g *overGRPC) info(ctx context.Context) (crossrank.Info, error) {
	out, err := g.service.Info(ctx, &crossrankv1.InfoRequest{})
	if err != nil {
		return crossrank.Info{}, g.failure(ctx, err)
	}
	return crossrank.Info{
		Model:        out.GetModel(),
		Weights:      out.GetWeights(),
		Meaningless:  out.GetMeaningless(),
		Backend:      out.GetBackend(),
		Device:       out.GetDevice(),
		Tier:         out.GetTier(),
		Threads:      int(out.GetThreads()),
		Quantization: out.GetQuantization(),
		MaxLength:    int(out.GetMaxLength()),
		ScoreType:    crossrank.ScoreType(out.GetScoreType()),
		Layers:       int(out.GetLayers()),
		Hidden:       int(out.GetHiddenSize()),
		Parameters:   out.GetParameters(),
		VocabSize:    int(out.GetVocabSize()),
		Version:      out.GetVersion(),
		Instances:    int(out.GetInstances()),
		Mode:         out.GetMode(),
		Padded:       out.GetPadded(),
		Revision:     out.GetRevision(),
		Prompt:       out.GetPrompt(),
		Family:       out.GetFamily(),
		Instruction:  out.GetInstruction(),
		WeightBytes:  out.GetWeightBytes(),
	}, nil
}

func (g *overGRPC) history(context.Context, time.Time) (json.RawMessage, error) {
	return nil, crossrank.Errorf(crossrank.InvalidArgument,
		"%s: history is only available over HTTP; dial the http:// address of the server", g.target)
}

func (g *overGRPC) close() error { return g.conn.Close() }

// codeOf is the inverse of the server's table. It applies to a status without a code of this
// project, as from a proxy or from grpc itself.
var codeOf = map[codes.Code]crossrank.Code{
	codes.InvalidArgument:   crossrank.InvalidArgument,
	codes.OutOfRange:        crossrank.InvalidArgument,
	codes.Unauthenticated:   crossrank.Unauthenticated,
	codes.NotFound:          crossrank.NotFound,
	codes.ResourceExhausted: crossrank.Overloaded,
	codes.Unavailable:       crossrank.Unavailable,
	codes.DeadlineExceeded:  crossrank.DeadlineExceeded,
	codes.Canceled:          crossrank.Canceled,
}

func (g *overGRPC) failure(ctx context.Context, err error) error {
	return grpcFailure(ctx, g.target, err)
}

// grpcFailure turns the status of a call into an error with a code.
func grpcFailure(ctx context.Context, target string, err error) error {
	st := status.Convert(err)
	e := &crossrank.Error{Code: crossrank.Internal, Message: st.Message(), Err: err}
	if code, ok := codeOf[st.Code()]; ok {
		e.Code = code
	}
	if st.Code() == codes.ResourceExhausted && strings.Contains(st.Message(), "larger than max") {
		e.Code = crossrank.TooLarge // grpc's limit on messages
	}
	ours := false
	for _, detail := range st.Details() {
		switch d := detail.(type) {
		case *errdetails.ErrorInfo:
			if d.GetDomain() == "crossrank" {
				ours = true
				e.Code = known(crossrank.Code(strings.ToLower(d.GetReason())), e.Code)
			}
		case *errdetails.RetryInfo:
			e.RetryAfter = d.GetRetryDelay().AsDuration()
		}
	}
	if ours {
		return e
	}
	if ctxErr := ctx.Err(); ctxErr != nil && (e.Code == crossrank.Canceled || e.Code == crossrank.DeadlineExceeded) {
		return contextError(ctxErr)
	}
	e.Message = target + ": " + e.Message
	return e
}

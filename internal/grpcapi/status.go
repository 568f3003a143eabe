package grpcapi

import (
	"context"
	"runtime/debug"
	"strconv"
	"strings"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/edge"
	"google.golang.org/genproto/googleapis/rpc/errdetails"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/metadata"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/protoadapt"
	"google.golang.org/protobuf/types/known/durationpb"
)

// statusOf is the table from the project's codes to gRPC's. TooLarge is INVALID_ARGUMENT and not
// RESOURCE_EXHAUSTED, which would make clients retry the same request.
var statusOf = map[crossrank.Code]codes.Code{
	crossrank.OK:               codes.OK,
	crossrank.InvalidArgument:  codes.InvalidArgument,
	crossrank.Unauthenticated:  codes.Unauthenticated,
	crossrank.NotFound:         codes.NotFound,
	crossrank.TooLarge:         codes.InvalidArgument,
	crossrank.Overloaded:       codes.ResourceExhausted,
	crossrank.Unavailable:      codes.Unavailable,
	crossrank.DeadlineExceeded: codes.DeadlineExceeded,
	crossrank.Canceled:         codes.Canceled,
	crossrank.Internal:         codes.Internal,
}

// ErrorDomain marks the error details of this project. Their reason is a [crossrank.Code] in upper
// case, because two codes may have the same gRPC status.
const ErrorDomain = "crossrank"

// pushback is the trailer that says when to retry, in milliseconds.
const pushback = "grpc-retry-pushback-ms"

// fail turns an error into the status of a call, sets its trailers, and logs it with what the
// caller does not see.
func (c *Config) fail(ctx context.Context, err error) error {
	fault := edge.Explain(err)
	id := requestID(ctx)
	var hidden error
	if fault.Hidden {
		hidden = err
	}
	call, _ := grpc.Method(ctx)
	edge.LogFailure(ctx, c.Log, id, fault.Code, strings.TrimPrefix(call, "/"), hidden)
	if c.Refused != nil && !edge.FromScorer(err) {
		c.Refused(fault.Code)
	}
	if c.Failed != nil {
		c.Failed(ctx, id, fault.Code)
	}
	code, ok := statusOf[fault.Code]
	if !ok {
		code = codes.Internal
	}
	details := []protoadapt.MessageV1{
		&errdetails.ErrorInfo{Reason: strings.ToUpper(string(fault.Code)), Domain: ErrorDomain},
		&errdetails.RequestInfo{RequestId: id},
	}
	trailer := metadata.Pairs(edge.RequestIDHeader, id)
	if wait := fault.RetryAfter; wait > 0 {
		trailer.Set(pushback, strconv.FormatInt(max(1, wait.Milliseconds()), 10))
		details = append(details, &errdetails.RetryInfo{RetryDelay: durationpb.New(wait)})
	}
	// Outside a call, as in a test of a method, there is no trailer to set. The status is enough.
	_ = grpc.SetTrailer(ctx, trailer)
	st, detailErr := status.New(code, fault.Message).WithDetails(details...)
	if detailErr != nil {
		return status.Error(code, fault.Message)
	}
	return st.Err()
}

// requestID is the id in the metadata of a call if it is valid, else a new one.
func requestID(ctx context.Context) string {
	if ids := metadata.ValueFromIncomingContext(ctx, edge.RequestIDHeader); len(ids) > 0 {
		return edge.RequestID(ids[0])
	}
	return edge.RequestID("")
}

// Recover turns a panic in a handler into the INTERNAL failure of that call, logged once with its
// stack. It uses only the log and Failed of cfg: the scorer counts panics.
func Recover(cfg Config) grpc.UnaryServerInterceptor {
	return func(ctx context.Context, req any, info *grpc.UnaryServerInfo, next grpc.UnaryHandler) (resp any, err error) {
		defer func() {
			if p := recover(); p != nil {
				resp, err = nil, cfg.fail(ctx, &edge.Panic{Value: p, Stack: debug.Stack()})
			}
		}()
		return next(ctx, req)
	}
}

package crossrank

import "context"

type callerKey struct{}

// WithCaller sets the caller of the requests made with a context. A [Scorer] of this process serves
// callers in turn, so that a caller with much work does not delay the others. (What a caller may
// ask for is [Request.Priority].)
//
// A program that serves others sets an id that callers cannot choose, as crossrank's own server
// does: a verified key, or the connection. Two ids are two callers. Requests without an id, or with
// an empty one, belong to one caller. The id is not sent to remote servers, which identify callers
// themselves.
func WithCaller(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, callerKey{}, id)
}

// CallerOf returns the id set by [WithCaller], or "".
func CallerOf(ctx context.Context) string {
	id, _ := ctx.Value(callerKey{}).(string)
	return id
}

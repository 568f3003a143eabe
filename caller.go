package crossrank

import "context"

type callerKey struct{}

// WithCaller says whose the requests made with the context are. A [Scorer] of this process lets callers take turns, so that
// one with much to do does not keep the others waiting: see [Request.Priority] for what a caller may say itself.
//
// It is for who serves others, such as package server, and knows them by something that they cannot choose, such as a
// proven key or a connection: two ids get two shares. Without it, or with an empty id, requests are those of one caller.
// The id is not sent to servers, which know their callers themselves.
func WithCaller(ctx context.Context, id string) context.Context {
	return context.WithValue(ctx, callerKey{}, id)
}

// CallerOf is the id that [WithCaller] gave to ctx, or else empty.
func CallerOf(ctx context.Context) string {
	id, _ := ctx.Value(callerKey{}).(string)
	return id
}

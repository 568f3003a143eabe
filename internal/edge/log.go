package edge

import (
	"cmp"
	"context"
	"log/slog"

	"github.com/crossrank/crossrank"
)

// LogFailure logs one line for a failed request: its id, its code, and the route or method, empty
// if unknown. Hidden is what the caller does not see, if anything. The message that the caller sees
// is not logged, because it may quote the request. A nil log means slog.Default().
func LogFailure(ctx context.Context, log *slog.Logger, id string, code crossrank.Code, call string, hidden error) {
	attrs := []slog.Attr{slog.String("request_id", id), slog.String("code", string(code)), slog.String("call", call)}
	if hidden != nil {
		attrs = append(attrs, slog.Any("error", hidden))
	}
	cmp.Or(log, slog.Default()).LogAttrs(ctx, levelOf(code), "request failed", attrs...)
}

// levelOf ranks failures for an operator: faults of the server first, then effects of load, then
// mistakes of callers.
func levelOf(code crossrank.Code) slog.Level {
	switch code {
	case crossrank.Internal:
		return slog.LevelError
	case crossrank.Overloaded, crossrank.Unavailable, crossrank.DeadlineExceeded:
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

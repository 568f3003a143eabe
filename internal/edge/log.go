package edge

import (
	"cmp"
	"context"
	"log/slog"

	"github.com/crossrank/crossrank"
)

// LogFailure writes the one line that every failed request has: its id, its code, and the route or method that was called,
// empty if it is none of the server's. Hidden is what the caller is not told, if anything. The message that the caller
// is told stays out: it may quote the request. A nil log means slog.Default().
func LogFailure(ctx context.Context, log *slog.Logger, id string, code crossrank.Code, call string, hidden error) {
	attrs := []slog.Attr{slog.String("request_id", id), slog.String("code", string(code)), slog.String("call", call)}
	if hidden != nil {
		attrs = append(attrs, slog.Any("error", hidden))
	}
	cmp.Or(log, slog.Default()).LogAttrs(ctx, levelOf(code), "request failed", attrs...)
}

// levelOf is how much a failure is the server's: an operator looks at its faults first, then at what load does, and hardly
// at the mistakes of callers.
func levelOf(code crossrank.Code) slog.Level {
	switch code {
	case crossrank.Internal:
		return slog.LevelError
	case crossrank.Overloaded, crossrank.Unavailable, crossrank.DeadlineExceeded:
		return slog.LevelWarn
	}
	return slog.LevelInfo
}

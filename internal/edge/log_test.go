package edge

import (
	"bytes"
	"errors"
	"log/slog"
	"strings"
	"testing"

	"github.com/crossrank/crossrank"
)

func TestAFailureIsOneLine(t *testing.T) {
	tests := []struct {
		name   string
		code   crossrank.Code
		hidden error
		want   string
	}{
		{"a caller's mistake", crossrank.InvalidArgument, nil, "level=INFO msg=\"request failed\" request_id=id code=invalid_argument call=/x\n"},
		{"load", crossrank.Overloaded, nil, "level=WARN msg=\"request failed\" request_id=id code=overloaded call=/x\n"},
		{"a fault", crossrank.Internal, errors.New("a\nb"),
			"level=ERROR msg=\"request failed\" request_id=id code=internal call=/x error=\"a\\nb\"\n"},
	}
	for _, tt := range tests {
		var log bytes.Buffer
		LogFailure(t.Context(), slog.New(slog.NewTextHandler(&log, nil)), "id", tt.code, "/x", tt.hidden)
		if _, got, _ := strings.Cut(log.String(), " "); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

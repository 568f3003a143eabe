package grpcapi

import (
	"testing"

	"github.com/crossrank/crossrank"
)

func TestUsage(t *testing.T) {
	u := usage(crossrank.Usage{Tokens: 1, CachedTokens: 2, TruncatedTokens: 3, PaddedTokens: 4})
	if u.Tokens != 1 || u.CachedTokens != 2 || u.TruncatedTokens != 3 || u.PaddedTokens != 4 {
		t.Errorf("got %v, want 1, 2, 3 and 4", u)
	}
}

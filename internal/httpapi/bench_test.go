package httpapi

import (
	"context"
	"fmt"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/crossrank/crossrank"
)

// zeros is a scorer that costs nothing.
type zeros struct{}

func (zeros) Score(_ context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	return &crossrank.Response{Scores: make([]float32, len(req.Pairs)), ScoreType: crossrank.Logit}, nil
}

// BenchmarkRerank is the cost of the words alone.
func BenchmarkRerank(b *testing.B) {
	for _, n := range []int{1, 32, 1000} {
		b.Run(fmt.Sprintf("documents=%d", n), func(b *testing.B) {
			api := New(Config{Scorer: zeros{}, Info: func() crossrank.Info { return crossrank.Info{} }, Ready: func() bool { return true }})
			doc := `"` + strings.Repeat("some words of a passage ", 15) + `",`
			body := `{"query":"q","documents":[` + strings.TrimSuffix(strings.Repeat(doc, n), ",") + `]}`
			b.SetBytes(int64(len(body)))
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest("POST", "/v1/rerank", strings.NewReader(body))
				r.Header.Set("Content-Type", "application/json")
				w := httptest.NewRecorder()
				if api.ServeHTTP(w, r); w.Code != 200 {
					b.Fatal(w.Body)
				}
			}
		})
	}
}

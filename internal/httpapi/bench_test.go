package httpapi

import (
	"context"
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

// BenchmarkRerank measures the edge alone: reading the body and writing the reply.
func BenchmarkRerank(b *testing.B) {
	text := `"` + strings.Repeat("some words of a passage ", 15) + `"`
	list := func(element string, n int) string { return strings.TrimSuffix(strings.Repeat(element+",", n), ",") }
	for _, bm := range []struct{ name, path, body string }{
		{"documents=1", "/v1/rerank", `{"query":"q","documents":[` + text + `]}`},
		{"documents=32", "/v1/rerank", `{"query":"q","documents":[` + list(text, 32) + `]}`},
		{"documents=1000", "/v1/rerank", `{"query":"q","documents":[` + list(text, 1000) + `]}`},
		{"objects=1000", "/v1/rerank", `{"query":"q","documents":[` + list(`{"text":`+text+`,"id":7}`, 1000) + `]}`},
		{"escapes=1000", "/v1/rerank", `{"query":"q","documents":[` + list(`"`+strings.Repeat(`a \"line\"\n`, 30)+`"`, 1000) + `]}`},
		{"pairs=1000", "/predict", `{"inputs":[` + list(`["q",`+text+`]`, 1000) + `]}`},
	} {
		b.Run(bm.name, func(b *testing.B) {
			api := New(Config{Scorer: zeros{}, Info: func() crossrank.Info { return crossrank.Info{} }, Ready: func() bool { return true }})
			b.SetBytes(int64(len(bm.body)))
			b.ReportAllocs()
			for b.Loop() {
				r := httptest.NewRequest("POST", bm.path, strings.NewReader(bm.body))
				r.Header.Set("Content-Type", "application/json")
				w := httptest.NewRecorder()
				if api.ServeHTTP(w, r); w.Code != 200 {
					b.Fatal(w.Body)
				}
			}
		})
	}
}

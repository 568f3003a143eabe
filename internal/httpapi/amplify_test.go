package httpapi

import (
	"fmt"
	"net/http"
	"runtime"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
)

// A body costs a few times its size in memory, however little of it each of its parts takes.
func TestBodiesAreNotAmplified(t *testing.T) {
	const size = 4 << 20
	api := New(Config{
		Scorer:   &scorer{},
		Info:     func() crossrank.Info { return crossrank.Info{Model: "m"} },
		Ready:    func() bool { return true },
		History:  func(time.Time, time.Duration) any { return nil },
		Tokenize: tokenize,
	})
	keys := func() string {
		var b strings.Builder
		for i := 0; b.Len() < size; i++ {
			fmt.Fprintf(&b, `"%x":1,`, i)
		}
		return "{" + b.String() + `"query":"q","texts":["a"]}`
	}
	empty := strings.Repeat(`"",`, size/3) + `""`
	long := `"` + strings.Repeat("!", 250<<10) + `"`
	tests := []struct {
		name, path, body string
		most             uint64 // MiB
	}{
		{"many keys", "/rerank", keys(), 24},
		{"many empty texts", "/rerank", `{"query":"q","texts":[` + empty + `]}`, 40},
		{"many strings for a pair", "/predict", `{"inputs":[` + empty + `]}`, 40},
		{"many strings in a pair", "/predict", `{"inputs":[[` + empty + `]]}`, 40},
		{"many tokens", "/tokenize", `{"inputs":[` + strings.Repeat(long+",", size/len(long)) + `""]}`, 120},
		{"many tokens of texts that have few", "/tokenize",
			`{"inputs":[` + strings.Repeat(`"`+strings.Repeat("!", 4<<10)+`",`, 999) + `""]}`, 120},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			w := post(api, tt.path, tt.body)
			runtime.ReadMemStats(&after)
			if w.Code != http.StatusRequestEntityTooLarge && w.Code != http.StatusUnprocessableEntity {
				t.Errorf("status %d, want a refusal: %.200s", w.Code, w.Body)
			}
			if got := (after.TotalAlloc - before.TotalAlloc) >> 20; got > tt.most {
				t.Errorf("%d MiB of body cost %d MiB, want at most %d", len(tt.body)>>20, got, tt.most)
			}
		})
	}
}

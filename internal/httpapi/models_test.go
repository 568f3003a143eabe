package httpapi

import (
	"encoding/json"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/crossrank/crossrank"
)

// TestModels serves two models: requests and GET /info name the one they mean.
func TestModels(t *testing.T) {
	s := &scorer{}
	api := newAPI(s)
	api.cfg.Models = func() []crossrank.Info { return []crossrank.Info{{Model: "m"}, {Model: "n", MaxLength: 77}} }
	for asked, want := range map[string]int{"": 200, "m": 200, "n": 200, "o": 404} {
		s.last = nil
		w := post(api, "/rerank", `{"query":"q","texts":["a"],"model":"`+asked+`"}`)
		if w.Code != want {
			t.Errorf("model %q: got %d, want %d: %s", asked, w.Code, want, w.Body)
		}
		if want == 200 && s.last.Model != asked {
			t.Errorf("model %q: the scorer was asked for %q", asked, s.last.Model)
		}
		if want == 404 && (s.last != nil || !strings.Contains(checkError(t, w).Error, `"m", "n" are served`)) {
			t.Errorf("model %q: got %s, want to be told what is served", asked, w.Body)
		}

		w = httptest.NewRecorder()
		api.ServeHTTP(w, httptest.NewRequest("GET", "/info?model="+asked, nil))
		if w.Code != want {
			t.Errorf("info of %q: got %d, want %d: %s", asked, w.Code, want, w.Body)
		}
		var info serverInfo
		if err := json.Unmarshal(w.Body.Bytes(), &info); err != nil {
			t.Fatal(err)
		}
		if asked == "n" && (info.ModelID != "n" || info.MaxInputLength != 77) {
			t.Errorf("info of n: got %s", w.Body)
		}
	}
}

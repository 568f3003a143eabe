package httpapi

import (
	"encoding/json"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/edge"
)

// TestModels serves two models: requests and GET /info name the one they mean.
func TestModels(t *testing.T) {
	s := &scorer{}
	api := newAPI(s)
	models := func() []crossrank.Info { return []crossrank.Info{{Model: "m"}, {Model: "n", MaxLength: 77}} }
	api.cfg.Models, api.cfg.Resolve = models, edge.ByName(models)
	for asked, want := range map[string]int{"": 200, "m": 200, "n": 200, "o": 404} {
		s.last = nil
		w := post(api, "/v1/rerank", `{"query":"q","documents":["a"],"model":"`+asked+`"}`)
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

// TestTextEmbeddingsInferenceIgnoresModel: that server has one model, so its clients may send any
// name. A name that is served still chooses.
func TestTextEmbeddingsInferenceIgnoresModel(t *testing.T) {
	s := &scorer{}
	api := newAPI(s)
	models := func() []crossrank.Info { return []crossrank.Info{{Model: "m"}, {Model: "n"}} }
	api.cfg.Models, api.cfg.Resolve = models, edge.ByName(models)
	for asked, want := range map[string]string{"": "", "n": "n", "tei": ""} {
		for path, body := range map[string]string{"/rerank": `"query":"q","texts":["a"]`, "/predict": `"inputs":["q","a"]`} {
			w := post(api, path, `{`+body+`,"model":"`+asked+`"}`)
			if w.Code != 200 || s.last.Model != want {
				t.Errorf("%s with model %q: got %d, and the scorer was asked for %q, want %q", path, asked, w.Code, s.last.Model, want)
			}
		}
	}
}

// TestOneModel finds models by their names and aliases, whose slashes may be escaped.
func TestOneModel(t *testing.T) {
	api := newAPI(&scorer{})
	models := func() []crossrank.Info { return []crossrank.Info{{Model: "m"}, {Model: "org/n", MaxLength: 77}} }
	api.cfg.Models = models
	api.cfg.Resolve = func(name string) (string, error) {
		if name == "alias/of/n" {
			return "org/n", nil
		}
		return edge.ByName(models)(name)
	}
	for path, want := range map[string]string{
		"m": "m", "org/n": "org/n", "org%2Fn": "org/n", "alias%2Fof/n": "org/n", "alias/of/n": "org/n", "n": "", "org": "", "m/": "",
	} {
		w := httptest.NewRecorder()
		api.ServeHTTP(w, httptest.NewRequest("GET", "/v1/models/"+path, nil))
		var got listedModel
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || got.ID != want || (w.Code == 200) != (want != "") {
			t.Errorf("%s: got %d %s, want model %q", path, w.Code, w.Body, want)
		}
	}
}

// TestModelOfInference: the name in the path of DeepInfra's route is taken as it is, also where it
// has characters that JSON writes in another way.
func TestModelOfInference(t *testing.T) {
	s := &scorer{}
	api := newAPI(s)
	const odd = "a\"\x01\x7f\u2028é"
	models := func() []crossrank.Info { return []crossrank.Info{{Model: "m"}, {Model: "org/n"}, {Model: odd}} }
	api.cfg.Models, api.cfg.Resolve = models, edge.ByName(models)
	for path, want := range map[string]string{
		"m": "m", "org/n": "org/n", "org%2Fn": "org/n", url.PathEscape(odd): odd,
		"n": "", "%01": "", "m%01": "", "m%FF": "", "m%F3%A0%80%81": "",
	} {
		s.last = nil
		w := post(api, "/v1/inference/"+path, `{"queries":["q"],"documents":["a"],"model":"m"}`)
		if (w.Code == 200) != (want != "") || want == "" && w.Code != 404 {
			t.Errorf("%s: got %d %s, want model %q", path, w.Code, w.Body, want)
		}
		if w.Code == 200 && s.last.Model != want {
			t.Errorf("%s: the scorer was asked for %q, want %q", path, s.last.Model, want)
		}
	}
}

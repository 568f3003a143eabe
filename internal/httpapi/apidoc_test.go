package httpapi

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/edge"
)

// example is a curl line of docs/api.md with the reply that stands below it.
var example = regexp.MustCompile("```sh\ncurl(?: -H 'Content-Type: application/json')? localhost:8080(\\S+)(?: -d '(.*)')?\n```\n```json\n(.*)\n```")

// TestAPIDocument sends the requests that docs/api.md shows, and holds that each reply there is as
// described and has the keys, at every level, of the one that comes.
func TestAPIDocument(t *testing.T) {
	text, err := os.ReadFile("../../docs/api.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := example.FindAllStringSubmatch(string(text), -1)
	if lines := strings.Count(string(text), "\ncurl "); len(examples) < 10 || len(examples) != lines {
		t.Fatalf("%d of the %d curl lines have a reply below them", len(examples), lines)
	}
	api := newAPI(&scorer{})
	info := api.cfg.Info()
	info.Model = "builtin:minilm-l6"
	api.cfg.Models = func() []crossrank.Info { return []crossrank.Info{info} }
	api.cfg.Resolve = edge.ByName(api.cfg.Models)
	api.cfg.Info = func() crossrank.Info { return info }
	o := newOpenAPI(t)
	for _, e := range examples {
		path, body, shown := e[1], e[2], e[3]
		method := http.MethodPost
		if body == "" {
			method = http.MethodGet
		}
		r := httptest.NewRequest(method, path, strings.NewReader(body))
		r.Header.Set("Content-Type", "application/json")
		w := httptest.NewRecorder()
		api.ServeHTTP(w, r)
		if err := o.check(method, path, w.Code, []byte(shown)); err != nil {
			t.Errorf("%s %s: the reply shown is not as described: %v", method, path, err)
		}
		if got, want := keysOf(t, w.Body.String()), keysOf(t, shown); !slices.Equal(got, want) {
			t.Errorf("%s %s with %s: the reply has the keys %v, and the one shown %v", method, path, body, got, want)
		}
	}
}

// keysOf lists the keys of a JSON value at every level, each once.
func keysOf(t *testing.T, text string) []string {
	t.Helper()
	var value any
	if err := json.Unmarshal([]byte(text), &value); err != nil {
		t.Fatalf("%v: %s", err, text)
	}
	found := map[string]bool{}
	var walk func(at string, v any)
	walk = func(at string, v any) {
		switch v := v.(type) {
		case map[string]any:
			for key, inner := range v {
				found[at+"."+key] = true
				walk(at+"."+key, inner)
			}
		case []any:
			for _, inner := range v {
				walk(at+"[]", inner)
			}
		}
	}
	walk("", value)
	var keys []string
	for key := range found {
		keys = append(keys, key)
	}
	slices.Sort(keys)
	return keys
}

package httpapi

import (
	"bufio"
	"bytes"
	"encoding/json"
	"fmt"
	"net/http"
	"path/filepath"
	"strings"
	"testing"

	"github.com/rogpeppe/go-internal/txtar"
	"github.com/santhosh-tekuri/jsonschema/v6"
)

// openAPI finds schemas in the served description.
type openAPI struct {
	compiler *jsonschema.Compiler
	document any
}

func newOpenAPI(t *testing.T) *openAPI {
	t.Helper()
	document, err := jsonschema.UnmarshalJSON(bytes.NewReader(openAPIDocument))
	if err != nil {
		t.Fatal(err)
	}
	o := &openAPI{jsonschema.NewCompiler(), document}
	o.compiler.DefaultDraft(jsonschema.Draft2020)
	if err := o.compiler.AddResource("openapi.json", document); err != nil {
		t.Fatal(err)
	}
	return o
}

// schema is that of a request's body (status 0) or of a reply's. A status without its own means the
// default one.
func (o *openAPI) schema(method, path string, status int) (*jsonschema.Schema, error) {
	at := func(parts ...string) string {
		for i, p := range parts {
			parts[i] = strings.ReplaceAll(strings.ReplaceAll(p, "~", "~0"), "/", "~1")
		}
		return "openapi.json#/" + strings.Join(parts, "/")
	}
	method = strings.ToLower(method)
	switch status {
	case 0:
		return o.compiler.Compile(at("paths", path, method, "requestBody", "content", "application/json", "schema"))
	case http.StatusOK:
		return o.compiler.Compile(at("paths", path, method, "responses", "200", "content", "application/json", "schema"))
	}
	return o.compiler.Compile(at("paths", path, method, "responses", "default", "content", "application/json", "schema"))
}

// check holds a body against a schema of the description.
func (o *openAPI) check(method, path string, status int, body []byte) error {
	schema, err := o.schema(method, path, status)
	if err != nil {
		return err
	}
	value, err := jsonschema.UnmarshalJSON(bytes.NewReader(body))
	if err != nil {
		return err
	}
	return schema.Validate(value)
}

// TestExchangesAreAsDescribed holds what stands in the golden exchanges against the served
// description: replies and errors always, requests where they were good.
func TestExchangesAreAsDescribed(t *testing.T) {
	o := newOpenAPI(t)
	files, err := filepath.Glob("testdata/exchange/*.txtar")
	if err != nil || len(files) == 0 {
		t.Fatalf("no exchanges: %v", err)
	}
	seen := map[string]bool{}
	api := newAPI(&scorer{})
	for _, file := range files {
		archive, err := txtar.ParseFile(file)
		if err != nil {
			t.Fatal(err)
		}
		head, ask, _ := bytes.Cut(archive.Files[0].Data, []byte("\n\n"))
		r, err := http.ReadRequest(bufio.NewReader(strings.NewReader(strings.ReplaceAll(string(head), "\n", "\r\n") + "\r\n\r\n")))
		if err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		var status int
		_, answer, _ := bytes.Cut(archive.Files[1].Data, []byte("\n\n"))
		if _, err := fmt.Sscan(string(archive.Files[1].Data), &status); err != nil {
			t.Fatalf("%s: %v", file, err)
		}
		if status == http.StatusMethodNotAllowed {
			continue // a description has no methods that are refused
		}
		path, _ := api.find(r.URL.Path)
		if path == "" {
			path = "/" // which any other path is like
		}
		seen[path] = true
		if err := o.check(r.Method, path, status, answer); err != nil {
			t.Errorf("%s: the reply is not as described: %v", file, err)
		}
		if status == http.StatusOK && r.Method == http.MethodPost {
			if err := o.check(r.Method, path, 0, ask); err != nil {
				t.Errorf("%s: the request is not as described: %v", file, err)
			}
		}
	}
	for _, path := range []string{"/rerank", "/v1/rerank", "/v2/rerank", "/reranking", "/v1/reranking", "/score", "/v1/score",
		"/predict", "/tokenize", "/v1/models", "/info", "/health"} {
		if !seen[path] {
			t.Errorf("no exchange shows %s", path)
		}
	}
}

// TestDescriptionRefuses sees that the schemas mean something.
func TestDescriptionRefuses(t *testing.T) {
	o := newOpenAPI(t)
	for _, c := range []struct {
		name, path string
		status     int
		body       string
	}{
		{"a query that is a number", "/rerank", 0, `{"query":1,"texts":["a"]}`},
		{"no documents", "/v2/rerank", 0, `{"query":"q","texts":["a"]}`},
		{"a negative top_n, which all rankings share", "/v1/rerank", 0, `{"query":"q","documents":["a"],"top_n":-1}`},
		{"an unknown way to make one score of windows", "/score", 0, `{"text_1":"q","text_2":"a","windows":"worst"}`},
		{"three texts as a pair", "/predict", 0, `{"inputs":["a","b","c"]}`},
		{"nothing to tokenize", "/tokenize", 0, `{"add_special_tokens":true}`},
		{"a reply with a key that is not described", "/rerank", 200, `[{"index":0,"score":1,"rank":1}]`},
		{"a reply without scores", "/v2/rerank", 200, `{"id":"x","results":[{"index":0}],"meta":{},"score_type":"logit"}`},
		{"an error of another dialect", "/v2/rerank", 400, `{"error":"x","error_type":"Validation","code":"internal","request_id":"x"}`},
		{"an error without an id", "/rerank", 422, `{"error":"x","error_type":"Validation","code":"internal"}`},
	} {
		if err := o.check(http.MethodPost, c.path, c.status, []byte(c.body)); err == nil {
			t.Errorf("%s: the description allows %s", c.name, c.body)
		}
	}
}

// TestDescriptionIsWhole finds routes that are not described, descriptions of none, and examples
// that are wrong or are not answered.
func TestDescriptionIsWhole(t *testing.T) {
	api := newAPI(&scorer{})
	var d description
	if err := json.Unmarshal(openAPIDocument, &d); err != nil {
		t.Fatal(err)
	}
	for path, rt := range api.routes {
		if _, ok := d.Paths[path][strings.ToLower(rt.method)]; !ok {
			t.Errorf("%s %s is not described", rt.method, path)
		}
	}
	o := newOpenAPI(t)
	for path, methods := range d.Paths {
		if _, ok := api.routes[path]; !ok {
			t.Errorf("%s is described, and is no route", path)
		}
		for method, op := range methods {
			request := op.RequestBody.Content["application/json"].Example
			if request == nil {
				continue
			}
			if err := o.check(method, path, 0, request); err != nil {
				t.Errorf("%s: the example of a request is wrong: %v", path, err)
			}
			reply := op.Responses["200"].Content["application/json"].Example
			if err := o.check(method, path, http.StatusOK, reply); err != nil {
				t.Errorf("%s: the example of a reply is wrong: %v", path, err)
			}
			if w := post(api, strings.Replace(path, "{id}", "m", 1), string(request)); w.Code != http.StatusOK {
				t.Errorf("%s: the example of a request is answered with %d: %s", path, w.Code, w.Body)
			}
		}
	}
}

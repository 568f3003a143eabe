package httpapi

import (
	"bytes"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// field is one key of a good request and its value.
type field struct{ key, value string }

type fields []field

func (f fields) String() string {
	var parts []string
	for _, one := range f {
		parts = append(parts, fmt.Sprintf("%q:%s", one.key, one.value))
	}
	return "{" + strings.Join(parts, ",") + "}"
}

// with replaces or adds a key; an empty value takes it away.
func (f fields) with(key, value string) fields {
	out := slices.DeleteFunc(slices.Clone(f), func(one field) bool { return one.key == key })
	if value == "" {
		return out
	}
	return append(out, field{key, value})
}

// kind says which values of a key are wrong and which are right.
type kind struct{ wrong, right []string }

var (
	notText  = []string{`1`, `-1`, `1.5`, `true`, `false`, `[]`, `{}`, `["q"]`, `{"a":1}`, `[[]]`, `[null]`}
	notFlag  = []string{`0`, `1`, `1.5`, `"true"`, `"false"`, `"yes"`, `""`, `[]`, `{}`, `[true]`, `{"a":true}`}
	notCount = []string{`-1`, `0.5`, `1.5`, `1e400`, `-1e400`, `2147483648`, `9223372036854775807`, `9223372036854775808`,
		`-9223372036854775809`, `"1"`, `""`, `true`, `[]`, `{}`, `[1]`, `1e10`, `15e-1`, `1.00000000000000000001`, `1e99999999999999999999`}
	notDocuments = []string{`"a"`, `1`, `true`, `{}`, `{"0":"a"}`, `[1]`, `[null]`, `[true]`, `[[]]`, `[["a"]]`, `[{}]`,
		`[{"text":1}]`, `[{"text":null}]`, `[{"Text":"a"}]`, `["a",7]`, `["a",null]`, `["a",{"text":[]}]`, `["a",["b"]]`,
		`[{"text":"a","id":true}]`, `[{"text":"a","id":[]}]`, `[{"text":"a","id":{}}]`}
	notIDs   = []string{`"x"`, `1`, `{}`, `[]`, `["a"]`, `["a","b","c"]`, `[true,"a"]`, `[null,"a"]`, `["a",[]]`, `["a",{}]`}
	notTexts = []string{`1`, `true`, `{}`, `{"a":"b"}`, `[1]`, `[null]`, `["a",1]`, `["a",[]]`, `[{"text":"a"}]`}

	textKind  = kind{notText, []string{`null`, `"m"`}}
	flagKind  = kind{notFlag, []string{`true`, `false`, `null`}}
	countKind = kind{notCount, []string{`0`, `1`, `2147483647`, `1.0`, `-0.0`, `1e3`, `2147483647.0`, `null`}}
	aboveZero = kind{append([]string{`0`}, notCount...), []string{`1`, `2147483647`, `1.0`, `1e3`, `null`}}
	timeout   = kind{append([]string{`0`, `86400001`}, notCount...), []string{`1000`, `86400000`, `1e3`, `1000.0`, `null`}}
	direction = kind{append([]string{`"up"`, `"LEFT"`, `""`}, notText...), []string{`"left"`, `"Right"`, `null`}}
	scoreType = kind{append([]string{`"raw"`, `"Logit"`, `""`}, notText...), []string{`"logit"`, `"probability"`, `null`}}
	windows   = kind{append([]string{`"worst"`, `"Best"`, `""`}, notText...), []string{`"best"`, `"mean"`, `null`}}
	fromMinus = kind{append([]string{`-2`}, notCount[1:]...), []string{`-1`, `0`, `7`, `-1.0`, `70e-1`, `null`}}
	idsKind   = kind{notIDs, []string{`["a","b"]`, `[1,"b"]`, `[1,1]`, `null`}}
	priority  = kind{append([]string{`1000`}, notCount...), []string{`0`, `999`, `9.99e2`, `null`}}
)

// optional are the keys that every dialect takes, and ranking those of every ranking.
var (
	optional = map[string]kind{
		"model": textKind, "max_length": countKind, "raw_scores": flagKind, "use_activation": flagKind, "score_type": scoreType,
		"truncate": flagKind, "truncation": flagKind, "truncation_direction": direction, "truncate_prompt_tokens": fromMinus,
		"max_tokens_per_doc": aboveZero, "max_doc_length": aboveZero, "windows": windows, "max_chunks_per_doc": aboveZero,
		"timeout_ms": timeout, "priority": priority, "instruction": textKind, "instruct": textKind,
	}
	ranks = map[string]kind{
		"top_n": countKind, "top_k": countKind, "return_documents": flagKind, "return_text": flagKind, "ids": idsKind,
	}
)

// target is one dialect on one of its routes.
type target struct {
	name, path string
	good       fields
	needed     map[string][]string // wrong values of the keys that must be there
	optional   []map[string]kind
	list       string // the key with a list of documents, which limits are tried on
	query      string // the key with a text, likewise
	invalid    int    // status of a wrong value
	word       string // the schema of its errors
	early      string // and of those told before the body is read, if another
	lax        bool   // booleans and whole numbers may be strings
}

var targets = []target{
	{"text-embeddings-inference", "/rerank", fields{{"query", `"q"`}, {"texts", `["a","b"]`}},
		map[string][]string{"query": notQuery, "texts": notDocuments}, []map[string]kind{optional, ranks}, "texts", "query", 422, "ErrorTEI", "", false},
	{"llama.cpp", "/reranking", fields{{"query", `"q"`}, {"documents", `["a","b"]`}},
		map[string][]string{"query": notQuery, "documents": notDocuments}, []map[string]kind{optional, ranks}, "documents", "query", 400, "ErrorOpenAI", "", true},
	{"llama.cpp and vLLM on the shared route", "/rerank", fields{{"query", `"q"`}, {"documents", `["a","b"]`}},
		map[string][]string{"query": notQuery}, []map[string]kind{optional, ranks}, "documents", "query", 400, "ErrorOpenAI", "ErrorTEI", true},
	{"Jina and Cohere v1", "/v1/rerank", fields{{"query", `"q"`}, {"documents", `["a","b"]`}},
		map[string][]string{"query": notQuery, "documents": notDocuments},
		[]map[string]kind{optional, ranks, {"rank_fields": {[]string{`"text"`, `1`, `[]`, `[1]`, `{}`}, []string{`["text"]`, `null`}}}},
		"documents", "query", 422, "ErrorJina", "", true},
	{"Cohere v2", "/v2/rerank", fields{{"query", `"q"`}, {"documents", `["a","b"]`}},
		map[string][]string{"query": notQuery, "documents": notDocuments}, []map[string]kind{optional, ranks},
		"documents", "query", 400, "ErrorCohere", "", false},
	{"vLLM", "/v1/score", fields{{"text_1", `"q"`}, {"text_2", `["a","b"]`}},
		map[string][]string{"text_1": notTexts, "text_2": notTexts}, []map[string]kind{optional, {"top_n": countKind}}, "text_2", "text_1", 400, "ErrorOpenAI", "", false},
	{"text-embeddings-inference's predict", "/predict", fields{{"inputs", `[["q","a"],["q","b"]]`}},
		map[string][]string{"inputs": {`"q"`, `1`, `true`, `{}`, `["q"]`, `["q","a","b"]`, `["q",1]`, `["q",null]`, `[["q"]]`,
			`[["q","a","b"]]`, `[["q",1]]`, `[["q",null]]`, `[["q","a"],"b"]`, `[["q","a"],["q"]]`, `[[]]`, `[null]`, `[{}]`,
			`[[["q","a"]]]`}}, []map[string]kind{optional}, "", "", 422, "ErrorTEI", "", false},
	{"tokenize", "/tokenize", fields{{"inputs", `["a","b"]`}},
		map[string][]string{"inputs": notTexts}, []map[string]kind{{
			"model": textKind, "add_special_tokens": flagKind, "add_special": flagKind}}, "inputs", "", 422, "ErrorTEI", "", false},
}

// notQuery are values that are neither a text nor an object with one.
var notQuery = []string{`1`, `-1`, `1.5`, `true`, `false`, `[]`, `{}`, `["q"]`, `{"text":1}`, `{"text":null}`, `{"Text":"q"}`, `[[]]`}

// acase is one request and the status that is documented for it.
type acase struct {
	name   string
	body   string
	status int
	early  bool // told before the body says which dialect it is
}

// cases makes those of a target.
func (tg target) cases() (all []acase) {
	add := func(status int, body fields, format string, args ...any) {
		all = append(all, acase{fmt.Sprintf(format, args...), body.String(), status, false})
	}
	early := func(body, format string, args ...any) {
		all = append(all, acase{fmt.Sprintf(format, args...), body, 400, true})
	}
	good := tg.good.String()
	add(200, tg.good, "good")
	for key, wrong := range tg.needed {
		add(tg.invalid, tg.good.with(key, ""), "without %s", key)
		add(tg.invalid, tg.good.with(key, `null`), "%s is null", key)
		for _, value := range wrong {
			if value == `[]` && key != "query" {
				continue // nothing to score, below
			}
			add(tg.invalid, tg.good.with(key, value), "%s is %s", key, value)
		}
	}
	for _, keys := range tg.optional {
		for key, k := range keys {
			for _, value := range k.wrong {
				status := tg.invalid
				if tg.lax && slices.Contains([]string{`"1"`, `"true"`, `"false"`}, value) {
					status = 200
				}
				add(status, tg.good.with(key, value), "%s is %s", key, value)
			}
			for _, value := range k.right {
				add(200, tg.good.with(key, value), "%s is %s", key, value)
			}
		}
	}
	add(200, tg.good.with("an_unknown_key", `{"a":[1]}`), "an unknown key")
	another := 404
	if tg.word == "ErrorTEI" && tg.path != "/tokenize" {
		another = 200 // Text Embeddings Inference serves one model, and reads no name
	}
	add(another, tg.good.with("model", `"other"`), "another model")
	add(another, tg.good.with("model", `"M"`), "the model in capitals")

	for n := range len(good) {
		early(good[:n], "cut off after %d bytes", n)
	}
	for _, one := range tg.good {
		twice := strings.TrimSuffix(good, "}") + fmt.Sprintf(",%q:%s}", one.key, one.value)
		early(twice, "%s twice", one.key)
		early(strings.Replace(good, `"`+one.key, `"\u00`+fmt.Sprintf("%x", one.key[0])+one.key[1:]+`":1,"`+one.key, 1),
			"%s twice, once escaped", one.key)
	}
	for _, after := range []string{`x`, `{}`, `[]`, `,`, `}`, `]`, `1`, `null`, `""`, "\x00", good} {
		early(good+after, "%.5q after the object", after)
	}
	for _, depth := range []int{8, 9, 100, 400} {
		nested := strings.Repeat("[", depth) + strings.Repeat("]", depth)
		early(tg.good.with("x", nested).String(), "%d brackets in an object", depth)
	}
	add(200, tg.good.with("x", strings.Repeat("[", 7)+strings.Repeat("]", 7)), "as deep as allowed")
	for _, body := range []string{`[` + good + `]`, `"q"`, `1`, `true`, `null`, `[]`} {
		status := tg.invalid
		if tg.early != "" {
			status = 422 // of the shared route, as long as the body does not say which dialect it is
		}
		all = append(all, acase{"another value than an object: " + body, body, status, true})
	}
	return append(all, tg.limits()...)
}

// limits tries sizes around those of newAPI: 4 documents, 100 bytes a document, 50 a query, 1,000 a
// body.
func (tg target) limits() (all []acase) {
	add := func(status int, body, format string, args ...any) {
		all = append(all, acase{fmt.Sprintf(format, args...), body, status, status == 413 && len(body) > 1000})
	}
	text := func(n int) string { return `"` + strings.Repeat("x", n) + `"` }
	if tg.list != "" {
		for n, status := range map[int]int{0: 400, 1: 200, 3: 200, 4: 200, 5: 413, 100: 413} {
			list := "[" + strings.TrimSuffix(strings.Repeat(`"",`, n), ",") + "]"
			add(status, tg.good.with(tg.list, list).String(), "%d documents", n)
		}
		for n, status := range map[int]int{0: 200, 99: 200, 100: 200, 101: 413} {
			add(status, tg.good.with(tg.list, "["+text(n)+"]").String(), "a document of %d bytes", n)
		}
	}
	if tg.query != "" {
		for n, status := range map[int]int{0: 200, 49: 200, 50: 200, 51: 413} {
			add(status, tg.good.with(tg.query, text(n)).String(), "a query of %d bytes", n)
		}
	}
	for n, status := range map[int]int{999: 200, 1000: 200, 1001: 413, 3000: 413} {
		bare := len(tg.good.with("x", `""`).String())
		add(status, tg.good.with("x", text(n-bare)).String(), "a body of %d bytes", n)
	}
	return all
}

// TestAPICases sends at least 200 requests a dialect and holds that each has its status and, if it
// is refused, an error in the words of its dialect.
func TestAPICases(t *testing.T) {
	o := newOpenAPI(t)
	schema := func(name string) *jsonschema.Schema {
		s, err := o.compiler.Compile("openapi.json#/components/schemas/" + name)
		if err != nil {
			t.Fatal(err)
		}
		return s
	}
	for _, tg := range targets {
		t.Run(tg.name, func(t *testing.T) {
			cases := tg.cases()
			if len(cases) < 200 && tg.path != "/tokenize" { // which belongs to no rerank API

				t.Errorf("there are only %d cases", len(cases))
			}
			late := schema(tg.word)
			early := late
			if tg.early != "" {
				early = schema(tg.early)
			}
			s := &scorer{}
			api := newAPI(s)
			for _, c := range cases {
				s.last = nil
				w := post(api, tg.path, c.body)
				if w.Code != c.status {
					t.Errorf("%s: got %d, want %d: %s\n%s", c.name, w.Code, c.status, w.Body, c.body)
					continue
				}
				if w.Code == http.StatusOK {
					if err := o.check("POST", tg.path, 200, w.Body.Bytes()); err != nil {
						t.Errorf("%s: %v", c.name, err)
					}
					continue
				}
				checkError(t, w)
				if s.last != nil {
					t.Errorf("%s: it was scored before it was refused", c.name)
				}
				words := late
				if c.early {
					words = early
				}
				value, err := jsonschema.UnmarshalJSON(bytes.NewReader(w.Body.Bytes()))
				if err == nil {
					err = words.Validate(value)
				}
				if err != nil {
					t.Errorf("%s: the error is not in the dialect's words: %v\n%s", c.name, err, w.Body)
				}
			}
			t.Logf("%d cases", len(cases))
		})
	}
}

// TestMethodsOfRoutes asks every route in every way. Errors are in the words of the route.
func TestMethodsOfRoutes(t *testing.T) {
	o := newOpenAPI(t)
	api := newAPI(&scorer{})
	for path, rt := range api.routes {
		for _, method := range []string{"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "CONNECT", "TRACE", "NONSENSE"} {
			if method == rt.method || method == "HEAD" && rt.method == "GET" {
				continue
			}
			w := httptest.NewRecorder()
			api.ServeHTTP(w, httptest.NewRequest(method, path, nil))
			if w.Code != http.StatusMethodNotAllowed || w.Header().Get("Allow") != rt.method {
				t.Errorf("%s %s: got %d, Allow %q", method, path, w.Code, w.Header().Get("Allow"))
			}
			if path == "/docs" {
				continue // its errors are not described, for it has no JSON
			}
			if err := o.check(rt.method, path, w.Code, w.Body.Bytes()); err != nil {
				t.Errorf("%s %s: %v", method, path, err)
			}
		}
	}
}

package httpapi

import (
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/crossrank/crossrank"
)

// badRequestType is vLLM's word for a request that is wrong.
const badRequestType = "BadRequestError"

func TestHostileBodies(t *testing.T) {
	long := strings.Repeat("x", 101)
	nest := func(open, inner, shut string, n int) string {
		return strings.Repeat(open, n) + inner + strings.Repeat(shut, n)
	}
	tests := []struct {
		name   string
		path   string
		body   string
		status int
		kind   string
		says   string // in the message
	}{
		// The JSON itself.
		{"nothing", "/rerank", ``, 400, validation, "empty"},
		{"only space", "/rerank", " \n\t ", 400, validation, "empty"},
		{"no JSON", "/rerank", `query=q`, 400, validation, "not valid JSON"},
		{"cut off", "/rerank", `{"query":"q","texts":["a"`, 400, validation, "ends too early"},
		{"cut off in a string", "/rerank", `{"query":"q`, 400, validation, "ends too early"},
		{"cut off after a key", "/rerank", `{"query"`, 400, validation, "ends too early"},
		{"cut off after a comma", "/rerank", `{"query":"q",`, 400, validation, "ends too early"},
		{"a comma too many", "/rerank", `{"query":"q","texts":["a",]}`, 400, validation, "not valid JSON"},
		{"a key without quotes", "/rerank", `{query:"q","texts":["a"]}`, 400, validation, "not valid JSON"},
		{"single quotes", "/rerank", `{'query':'q','texts':['a']}`, 400, validation, "not valid JSON"},
		{"a number as key", "/rerank", `{1:"q"}`, 400, validation, "not valid JSON"},
		{"a comment", "/rerank", `{"query":"q",/* */"texts":["a"]}`, 400, validation, "not valid JSON"},
		{"a second object", "/rerank", `{"query":"q","texts":["a"]}{}`, 400, validation, "after the JSON object"},
		{"something after it", "/rerank", `{"query":"q","texts":["a"]} x`, 400, validation, "after the JSON object"},
		{"a bracket after it", "/rerank", `{"query":"q","texts":["a"]}]`, 400, validation, "after the JSON object"},
		{"a NUL byte after it", "/rerank", "{\"query\":\"q\",\"texts\":[\"a\"]}\x00",
			400, validation, "after the JSON object"},
		{"a list", "/rerank", `[{"query":"q","texts":["a"]}]`, 422, validation, "object"},
		{"a string", "/rerank", `"q"`, 422, validation, "object"},
		{"null", "/rerank", `null`, 422, validation, "object"},
		{"a number that is none", "/rerank",
			`{"query":"q","texts":["a"],"max_length":01}`, 400, validation, "not valid JSON"},
		{"NaN", "/rerank", `{"query":"q","texts":["a"],"max_length":NaN}`, 400, validation, "not valid JSON"},
		{"a raw newline in a string", "/rerank", "{\"query\":\"a\nb\",\"texts\":[\"a\"]}",
			400, validation, "not valid JSON"},
		{"a bad escape", "/rerank", `{"query":"\x41","texts":["a"]}`, 400, validation, "not valid JSON"},
		{"deep brackets", "/rerank",
			`{"query":"q","texts":` + nest("[", "", "]", 400) + `}`, 400, validation, "deeper than 8"},
		{"deep objects in an unknown key", "/rerank",
			`{"x":` + nest(`{"a":`, "1", "}", 100) + `}`, 400, validation, "deeper than 8"},
		{"brackets that only open", "/rerank", strings.Repeat("[", 900), 400, validation, "deeper than 8"},
		{"one level too deep", "/rerank",
			`{"query":"q","texts":["a"],"x":` + nest("[", "", "]", 8) + `}`, 400, validation, "deeper than 8"},
		{"a key twice", "/rerank", `{"query":"q","query":"r","texts":["a"]}`, 400, validation, `"query" is given twice`},
		{"a key twice, once escaped", "/rerank",
			`{"query":"q","\u0071uery":"r","texts":["a"]}`, 400, validation, `"query" is given twice`},
		{"over the limit", "/rerank",
			`{"query":"q","texts":["a"],"x":"` + strings.Repeat("y", 1000) + `"}`, 413, validation, "1000 bytes"},

		// /rerank.
		{"no query", "/rerank", `{"texts":["a"]}`, 422, validation, `"query" is missing`},
		{"a null query", "/rerank", `{"query":null,"texts":["a"]}`, 422, validation, `"query" is missing`},
		{"a number as query", "/rerank", `{"query":1,"texts":["a"]}`, 422, validation, `"query" must be a string`},
		{"a list as query", "/rerank", `{"query":["q"],"texts":["a"]}`, 422, validation, `"query" must be a string`},
		{"another case", "/rerank", `{"Query":"q","texts":["a"]}`, 422, validation, `"query" is missing`},
		{"no texts", "/rerank", `{"query":"q"}`, 422, validation, `"texts" is missing`},
		{"null texts", "/rerank", `{"query":"q","texts":null}`, 422, validation, `"texts" is missing`},
		{"empty texts", "/rerank", `{"query":"q","texts":[]}`, 400, empty, `"texts" is empty`},
		{"a string as texts", "/rerank", `{"query":"q","texts":"a"}`, 422, validation, `"texts" must be a list`},
		{"an object as texts", "/rerank", `{"query":"q","texts":{"0":"a"}}`, 422, validation, `"texts" must be a list`},
		{"a number among texts", "/rerank",
			`{"query":"q","texts":["a",7]}`, 422, validation, `"texts"[1] must be a string`},
		{"a null among texts", "/rerank",
			`{"query":"q","texts":["a","b",null]}`, 422, validation, `"texts"[2] must be a string`},
		{"an object without text among texts", "/rerank",
			`{"query":"q","texts":[{"title":"a"}]}`, 422, validation, `"texts"[0]: "text" is missing`},
		{"too many texts", "/rerank", `{"query":"q","texts":["","","","",""]}`, 413, validation, `more than 4`},
		{"too many and one is no string", "/rerank",
			`{"query":"q","texts":["","","","",7]}`, 413, validation, `more than 4`},
		{"a text too long", "/rerank",
			`{"query":"q","texts":["a","` + long + `"]}`, 413, validation, "document 1 has 101 bytes"},
		{"a query too long", "/rerank", `{"query":"` + long + `","texts":["a"]}`, 413, validation, "query of document 0"},
		{"raw_scores as string", "/rerank",
			`{"query":"q","texts":["a"],"raw_scores":"yes"}`, 422, validation, `"raw_scores" must be true or false`},
		{"raw_scores as number", "/rerank",
			`{"query":"q","texts":["a"],"raw_scores":1}`, 422, validation, `"raw_scores"`},
		{"return_text as list", "/rerank",
			`{"query":"q","texts":["a"],"return_text":[]}`, 422, validation, `"return_text"`},
		{"truncate as string", "/rerank", `{"query":"q","texts":["a"],"truncate":"no"}`, 422, validation, `"truncate"`},
		{"an unknown direction", "/rerank",
			`{"query":"q","texts":["a"],"truncation_direction":"up"}`, 422, validation, `"truncation_direction"`},
		{"a direction in capitals", "/rerank",
			`{"query":"q","texts":["a"],"truncation_direction":"LEFT"}`, 422, validation, `"truncation_direction"`},
		{"a number as direction", "/rerank",
			`{"query":"q","texts":["a"],"truncation_direction":0}`, 422, validation, `"truncation_direction"`},
		{"a negative length", "/rerank", `{"query":"q","texts":["a"],"max_length":-1}`, 422, validation, `"max_length"`},
		{"a fraction as length", "/rerank",
			`{"query":"q","texts":["a"],"max_length":1.5}`, 422, validation, `"max_length"`},
		{"a length of 2^63", "/rerank",
			`{"query":"q","texts":["a"],"max_length":9223372036854775808}`, 422, validation, `"max_length"`},
		{"a length of 1e400", "/rerank",
			`{"query":"q","texts":["a"],"max_length":1e400}`, 422, validation, `"max_length"`},
		{"another model", "/tokenize", `{"inputs":"a","model":"other"}`, 404, validation, `"m" is served`},
		{"a number as model", "/rerank", `{"query":"q","texts":["a"],"model":1}`, 422, validation, `"model"`},

		// /score.
		{"no text_1", "/score", `{"text_2":"a"}`, 400, badRequestType, `"text_1" is missing`},
		{"no text_2", "/v1/score", `{"text_1":"a"}`, 400, badRequestType, `"text_2" is missing`},
		{"an empty text_1", "/score", `{"text_1":[],"text_2":["a"]}`, 400, badRequestType, `"text_1" is empty`},
		{"an empty text_2", "/score", `{"text_1":"a","text_2":[]}`, 400, badRequestType, `"text_2" is empty`},
		{"a number as text_1", "/score",
			`{"text_1":1,"text_2":["a"]}`, 400, badRequestType, `"text_1" must be a string or a list`},
		{"an object as text_2", "/score",
			`{"text_1":"q","text_2":{"content":[]}}`, 400, badRequestType, `"text_2" must be a string or a list`},
		{"a null among text_2", "/score",
			`{"text_1":"q","text_2":[null]}`, 400, badRequestType, `"text_2"[0] must be a string`},
		{"lists that do not match", "/score",
			`{"text_1":["a","b"],"text_2":["a","b","c"]}`, 400, badRequestType, "2 elements"},
		{"many against one", "/score", `{"text_1":["a","b"],"text_2":"c"}`, 400, badRequestType, "2 elements"},
		{"too many text_2", "/score",
			`{"text_1":"q","text_2":["","","","",""]}`, 413, badRequestType, `"text_2" has more than 4`},
		{"too many text_1", "/score",
			`{"text_1":["","","","",""],"text_2":""}`, 413, badRequestType, `"text_1" has more than 4`},
		{"another model", "/score", `{"text_1":"q","text_2":"a","model":"other"}`, 404, "NotFoundError", `"m" is served`},
		{"use_activation as string", "/score",
			`{"text_1":"q","text_2":"a","use_activation":"no"}`, 400, badRequestType, `"use_activation"`},
	}
	api := newAPI(&scorer{})
	for _, tt := range tests {
		t.Run(tt.path[1:]+"/"+tt.name, func(t *testing.T) {
			w := post(api, tt.path, tt.body)
			body := checkError(t, w)
			if w.Code != tt.status || body.ErrorType != tt.kind || !strings.Contains(body.Error, tt.says) {
				t.Errorf("got %d %s %q, want %d %s that says %q", w.Code, body.ErrorType, body.Error, tt.status, tt.kind, tt.says)
			}
		})
	}
}

func TestAcceptedBodies(t *testing.T) {
	pairs := func(texts ...string) (list []crossrank.Pair) {
		for i := 0; i < len(texts); i += 2 {
			list = append(list, crossrank.Pair{Query: texts[i], Passage: texts[i+1]})
		}
		return list
	}
	deep := `{"query":"q","texts":["a"],"x":` + strings.Repeat("[", 7) + strings.Repeat("]", 7) + `}`
	tests := []struct {
		name string
		path string
		body string
		want crossrank.Request
	}{
		{"the least", "/rerank", `{"query":"q","texts":["a"]}`, crossrank.Request{Pairs: pairs("q", "a"), Raw: true}},
		{"empty strings", "/rerank",
			`{"query":"","texts":["",""]}`, crossrank.Request{Pairs: pairs("", "", "", ""), Raw: true}},
		{"nulls for what is optional", "/rerank",
			`{"query":"q","texts":["a"],"truncate":null,"truncation_direction":null,"raw_scores":null,"return_text":null,"max_length":null,"model":null}`,
			crossrank.Request{Pairs: pairs("q", "a"), Raw: true}},
		{"unknown keys", "/rerank",
			`{"query":"q","texts":["a"],"top_k":3,"user":{"name":"x"}}`, crossrank.Request{Pairs: pairs("q", "a"), Raw: true, TopN: 3}},
		{"as deep as allowed", "/rerank", deep, crossrank.Request{Pairs: pairs("q", "a"), Raw: true}},
		{"brackets in a string", "/rerank", `{"query":"[[[[[[[[[[\"[{{{{","texts":["a"]}`,
			crossrank.Request{Pairs: pairs(`[[[[[[[[[["[{{{{`, "a"), Raw: true}},
		{"space around", "/rerank", " {\"query\" : \"q\" ,\r\n\t\"texts\": [ \"a\" ] } \n",
			crossrank.Request{Pairs: pairs("q", "a"), Raw: true}},
		{"a lone surrogate", "/rerank",
			`{"query":"\ud800","texts":["a"]}`, crossrank.Request{Pairs: pairs("\uFFFD", "a"), Raw: true}},
		{"bytes that are not UTF-8", "/rerank", "{\"query\":\"q\xff\",\"texts\":[\"a\"]}",
			crossrank.Request{Pairs: pairs("q\uFFFD", "a"), Raw: true}},
		{"the served model", "/rerank",
			`{"model":"m","query":"q","texts":["a"]}`, crossrank.Request{Pairs: pairs("q", "a"), Raw: true, Model: "m"}},
		{"truncation", "/rerank", `{"query":"q","texts":["a"],"truncate":true,"truncation_direction":"Left","max_length":9}`,
			crossrank.Request{Pairs: pairs("q", "a"), Raw: true, MaxLength: 9, Truncation: crossrank.TruncateLeft}},
		{"no truncation", "/rerank", `{"query":"q","texts":["a"],"truncate":false,"truncation_direction":"left"}`,
			crossrank.Request{Pairs: pairs("q", "a"), Raw: true, Truncation: crossrank.TruncateNever}},

		{"a string each", "/score", `{"text_1":"q","text_2":"a"}`, crossrank.Request{Pairs: pairs("q", "a")}},
		{"one to many", "/v1/score",
			`{"text_1":"q","text_2":["a","b"]}`, crossrank.Request{Pairs: pairs("q", "a", "q", "b")}},
		{"a list of one to many", "/score",
			`{"text_1":["q"],"text_2":["a","b"]}`, crossrank.Request{Pairs: pairs("q", "a", "q", "b")}},
		{"side by side", "/score",
			`{"text_1":["q","r"],"text_2":["a","b"]}`, crossrank.Request{Pairs: pairs("q", "a", "r", "b")}},
		{"raw", "/score",
			`{"text_1":"q","text_2":"a","raw_scores":true}`, crossrank.Request{Pairs: pairs("q", "a"), Raw: true}},
		{"raw in vLLM's words", "/score",
			`{"text_1":"q","text_2":"a","use_activation":false}`, crossrank.Request{Pairs: pairs("q", "a"), Raw: true}},
	}
	for _, tt := range tests {
		t.Run(tt.path[1:]+"/"+tt.name, func(t *testing.T) {
			s := &scorer{}
			w := post(newAPI(s), tt.path, tt.body)
			if w.Code != http.StatusOK {
				t.Fatalf("got %d %s", w.Code, w.Body)
			}
			if got, want := fmt.Sprintf("%+v", *s.last), fmt.Sprintf("%+v", tt.want); got != want {
				t.Errorf("the scorer got %s, want %s", got, want)
			}
		})
	}
}

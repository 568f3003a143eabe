package httpapi

import (
	"encoding/json"
	"net/http"
	"strings"
	"testing"
	"unicode/utf8"
)

// FuzzBodies throws bodies at every JSON dialect: whatever comes, the reply is an answer with a
// score a text or an error of the caller's, never a fault of the server's.
func FuzzBodies(f *testing.F) {
	for _, seed := range []string{
		`{"query":"q","texts":["a","b"],"truncate":true,"truncation_direction":"left","raw_scores":true,"return_text":true}`,
		`{"query":"q","texts":["a"],"max_length":3,"model":"m","truncate":false}`,
		`{"query":"","texts":[""]}`,
		`{"text_1":"q","text_2":["a","b"],"use_activation":false}`,
		`{"text_1":["q","r"],"text_2":["a","b"],"query":"q","texts":["a"]}`,
		`{"query":"\ud800","texts":["\u0000"]}`,
		"{\"query\":\"\xff\",\"texts\":[\"\xed\xa0\x80\"]}",
		`{"query":"q","texts":[[[[[[[[[[]]]]]]]]]]}`,
		`{"query":"q","query":"q","texts":["a"]}`,
		`{"query":"q","texts":["a"]}{"query":"q"}`,
		`{"query":1e999,"texts":{}}`,
		`{"query":"q","texts":["a",null]}`,
		`{"query":{"text":"q"},"documents":[{"text":"a","id":1.5e3},{"text":"b"}],"return_documents":true,"rank_fields":["text"]}`,
		`{"query":"q","documents":["a","b"],"ids":["\ud800",-1],"top_k":1,"windows":"mean","max_chunks_per_doc":2,"timeout_ms":5}`,
		`{"inputs":["q","a"],"priority":1}`, `{"inputs":[["q","a"],["r","b"]]}`, `{"prompt":"a"}`, `{"content":"a","add_special":true}`,
		`{"inputs":[{"text":"q","text_pair":"a"}]}`, `{"instances":[{"query":"q","texts":["a"]},{"query":"q","texts":[]}]}`,
		`{"query":{"text":"q"},"passages":[{"text":"a"}],"truncate":"START"}`, `{"queries":["q"],"documents":["a"],"instruction":"i"}`,
		`{"query":"q","input":["a",{"text":"b"}],"top_k":"1","return_input":"True","rewrite_query":false}`,
		`{"query":"q","documents":["a"],"property":"","parameters":{"truncate":"END"}}`, `{"data_1":"q","data_2":["a"]}`,
		`{"query":"q","items":["a"],"item_first":true}`, `{"input":{"query":"q","documents":["a"]},"parameters":{"top_n":1}}`,
		`{"query":"q","documents":[{"t":"a"},"b"],"rank_fields":["t"]}`,
		`[]`, `null`, `{`, `{"a"`, `{"a":`, `"`, ``, "\x00", `{"":""}`, `{"x":"\`, "\uFEFF{}",
	} {
		f.Add(seed)
	}
	s := &scorer{}
	api := newAPI(s)
	f.Fuzz(func(t *testing.T, body string) {
		for _, path := range []string{"/rerank", "/v1/rerank", "/v2/rerank", "/score", "/predict", "/tokenize", "/v1/reranking", "/voyage/v1/rerank",
			"/sglang/v1/rerank", "/sglang/v1/score", qwenPath, "/v1/ranking", "/v1/models/rerank", "/v1/inference/m", "/", "/vertex", "/any/path"} {
			s.last = nil
			w := post(api, path, body)
			switch {
			case w.Code == http.StatusOK:
				if !json.Valid(w.Body.Bytes()) || s.last == nil && path != "/tokenize" || !json.Valid([]byte(body)) {
					t.Errorf("%s took %q and answered %q", path, body, w.Body)
				}
				if path == "/tokenize" {
					continue
				}
				for _, p := range s.last.Pairs {
					if !utf8.ValidString(p.Query + p.Passage) {
						t.Errorf("%s let %q through", path, p)
					}
				}
			case w.Code >= 400 && w.Code < 500:
				if e := checkError(t, w); s.last != nil || strings.Contains(e.Error, "\n") {
					t.Errorf("%s refused %q after scoring it, or in more than a line: %s", path, body, e.Error)
				}
			default:
				t.Errorf("%s answered %d to %q: %s", path, w.Code, body, w.Body)
			}
		}
	})
}

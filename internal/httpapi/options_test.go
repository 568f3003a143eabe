package httpapi

import (
	"bytes"
	"cmp"
	"compress/gzip"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/scorertest"
)

// TestOptionsOfEveryDialect holds what each key makes of a request, on every route.
func TestOptionsOfEveryDialect(t *testing.T) {
	best, mean := crossrank.BestWindow, crossrank.MeanWindow
	tests := []struct {
		keys string
		want crossrank.Request
	}{
		{`"x":1`, crossrank.Request{}},
		{`"max_length":9`, crossrank.Request{MaxLength: 9}},
		{`"truncate_prompt_tokens":9`, crossrank.Request{MaxLength: 9}},
		{`"truncate_prompt_tokens":-1`, crossrank.Request{}},
		{`"truncate":false`, crossrank.Request{Truncation: crossrank.TruncateNever}},
		{`"truncation":false`, crossrank.Request{Truncation: crossrank.TruncateNever}},
		{`"truncation":true`, crossrank.Request{}},
		{`"truncation_direction":"left"`, crossrank.Request{Truncation: crossrank.TruncateLeft}},
		{`"truncation_side":"left"`, crossrank.Request{Truncation: crossrank.TruncateLeft}},
		{`"max_chunks_per_doc":3,"overlap_tokens":5`, crossrank.Request{Windows: crossrank.Windows{Aggregate: best, Overlap: 5, Max: 3}}},
		{`"max_tokens_per_doc":7`, crossrank.Request{MaxPassage: 7}},
		{`"max_doc_length":7`, crossrank.Request{MaxPassage: 7}},
		{`"windows":"best"`, crossrank.Request{Windows: crossrank.Windows{Aggregate: best}}},
		{`"windows":"mean","window_overlap":5`, crossrank.Request{Windows: crossrank.Windows{Aggregate: mean, Overlap: 5}}},
		{`"windows":"mean","max_chunks_per_doc":3`, crossrank.Request{Windows: crossrank.Windows{Aggregate: mean, Max: 3}}},
		{`"max_chunks_per_doc":3`, crossrank.Request{Windows: crossrank.Windows{Aggregate: best, Max: 3}}},
		{`"max_chunks_per_doc":1`, crossrank.Request{Windows: crossrank.Windows{Max: 1}}},
		{`"priority":12`, crossrank.Request{Priority: 12}},
		{`"instruction":"prefer short texts"`, crossrank.Request{Instruction: "prefer short texts"}},
		{`"instruct":"i"`, crossrank.Request{Instruction: "i"}},
		{`"instruction":""`, crossrank.Request{}},
		{`"instruct":null`, crossrank.Request{}},
		{`"chat_template_kwargs":{"instruction":"i"}`, crossrank.Request{Instruction: "i"}},
		{`"":"i"`, crossrank.Request{}},
		{`"chat_template_kwargs":{},"instruct":"i"`, crossrank.Request{Instruction: "i"}},
		{`"model":"m"`, crossrank.Request{Model: "m"}},
	}
	for path, body := range map[string]string{
		"/rerank":     `{"query":"q","texts":["a"],%s}`,
		"/reranking":  `{"query":"q","documents":["a"],%s}`,
		"/v1/rerank":  `{"query":{"text":"q"},"documents":[{"text":"a"}],%s}`,
		"/v2/rerank":  `{"query":"q","documents":["a"],%s}`,
		"/score":      `{"text_1":"q","text_2":"a",%s}`,
		"/predict":    `{"inputs":["q","a"],%s}`,
		"/v1/score":   `{"text_1":["q"],"text_2":["a"],%s}`,
		"/rerank?x=1": `{"query":"q","documents":["a"],%s}`,
	} {
		for _, tt := range tests {
			s := &scorer{}
			if w := post(newAPI(s), path, fmt.Sprintf(body, tt.keys)); w.Code != http.StatusOK {
				t.Errorf("%s with %s: %d %s", path, tt.keys, w.Code, w.Body)
				continue
			}
			want := tt.want
			want.Pairs = []crossrank.Pair{{Query: "q", Passage: "a"}}
			want.Raw = s.last.Raw // below
			if path == "/v2/rerank" && want.MaxPassage == 0 {
				want.MaxPassage = 4096
			}
			if got, want := fmt.Sprintf("%+v", *s.last), fmt.Sprintf("%+v", want); got != want {
				t.Errorf("%s with %s: the scorer got %s, want %s", path, tt.keys, got, want)
			}
		}
	}
}

// TestKindsOfScores asks every route for each kind of score.
func TestKindsOfScores(t *testing.T) {
	logit := scorertest.Logit(crossrank.Pair{Query: "q", Passage: "a"})
	for path, body := range map[string]string{
		"/rerank": `{"query":"q","texts":["a"]%s}`, "/v1/rerank": `{"query":"q","documents":["a"]%s}`,
		"/v2/rerank": `{"query":"q","documents":["a"]%s}`, "/score": `{"text_1":"q","text_2":"a"%s}`, "/predict": `{"inputs":["q","a"]%s}`,
	} {
		for keys, want := range map[string]crossrank.ScoreType{
			``: crossrank.Probability, `,"score_type":"probability"`: crossrank.Probability, `,"use_activation":true`: crossrank.Probability,
			`,"raw_scores":true`: crossrank.Logit, `,"score_type":"logit"`: crossrank.Logit, `,"use_activation":false`: crossrank.Logit,
		} {
			w := post(newAPI(&scorer{}), path, fmt.Sprintf(body, keys))
			value := logit
			if want == crossrank.Probability {
				value = crossrank.Sigmoid(logit)
			}
			text, _ := json.Marshal(value)
			if !bytes.Contains(w.Body.Bytes(), append([]byte("score\":"), text...)) || w.Header().Get("X-Score-Type") != string(want) {
				t.Errorf("%s with %q: got %s, %q, want %s, %s", path, keys, w.Body, w.Header().Get("X-Score-Type"), text, want)
			}
		}
		if w := post(newAPI(&scorer{}), path, fmt.Sprintf(body, `,"raw_scores":true,"score_type":"probability"`)); w.Code < 400 {
			t.Errorf("%s: both kinds at once: got %d", path, w.Code)
		}
	}
}

func TestContradictions(t *testing.T) {
	for keys, says := range map[string]string{
		`"top_n":1,"top_k":1`:                                                       `"top_n" and "top_k"`,
		`"return_documents":true,"return_text":true`:                                `"return_documents" and "return_text"`,
		`"truncate":true,"truncation":true`:                                         `"truncate" and "truncation"`,
		`"max_length":9,"truncate_prompt_tokens":9`:                                 `"max_length"`,
		`"max_tokens_per_doc":9,"max_doc_length":9`:                                 `"max_doc_length"`,
		`"instruction":"i","instruct":"j"`:                                          `"instruction" and "instruct"`,
		`"instruct":"i","chat_template_kwargs":{"instruction":"j"}`:                 `"instruct" and the instruction in "chat_template_kwargs"`,
		`"chat_template_kwargs":{"enable_thinking":false}`:                          `"chat_template_kwargs" has "enable_thinking"`,
		`"chat_template_kwargs":{"instruction":7}`:                                  `"chat_template_kwargs": "instruction" must be a string`,
		`"chat_template_kwargs":[]`:                                                 `"chat_template_kwargs" must be an object`,
		`"window_overlap":9`:                                                        `"windows"`,
		`"texts":["a"]`:                                                             "not both",
		`"documents":[{"text":"a","id":1}],"ids":["x"]`:                             "not in both",
		`"documents":[{"title":"a"}],"rank_fields":["text"]`:                        `"rank_fields"`,
		`"documents":[{"text":"a","text":"b"}]`:                                     `"text" is given twice`,
		`"documents":[{"text":"a","id":"` + strings.Repeat("x", maxIDBytes) + `"}]`: "256 bytes",
	} {
		body := `{"query":"q",` + keys + `}`
		if !strings.Contains(keys, `"documents"`) {
			body = `{"query":"q","documents":["a"],` + keys + `}`
		}
		w := post(newAPI(&scorer{}), "/v1/rerank", body)
		if w.Code < 400 || w.Code >= 500 || !strings.Contains(checkError(t, w).Error, says) {
			t.Errorf("%s: got %d %s, want it refused with %q", keys, w.Code, w.Body, says)
		}
	}
}

func TestTopN(t *testing.T) {
	for n, want := range map[string]int{"0": 3, "1": 1, "2": 2, "3": 3, "4": 3, "2147483647": 3} {
		w := post(newAPI(&scorer{}), "/rerank", `{"query":"q","texts":["a","b","c"],"top_n":`+n+`}`)
		var got []ranked
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil || len(got) != want {
			t.Errorf("top_n %s: got %s, want %d", n, w.Body, want)
		}
		if !slices.IsSortedFunc(got, func(a, b ranked) int { return int(1e6 * (b.Score - a.Score)) }) {
			t.Errorf("top_n %s: not best first: %s", n, w.Body)
		}
	}
}

// TestTopNOfScores: the highest scores of one query, in the order of the request.
func TestTopNOfScores(t *testing.T) {
	ask := func(more string) (*httptest.ResponseRecorder, []score) {
		w := post(newAPI(&scorer{}), "/score", `{"text_1":"q","text_2":["a","b","c"]`+more+`}`)
		var got scored
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Fatalf("%s: %v", w.Body, err)
		}
		return w, got.Data
	}
	for _, kind := range []string{"", `,"raw_scores":true`, `,"score_type":"probability"`} {
		_, all := ask(kind)
		byScore := slices.SortedStableFunc(slices.Values(all), func(a, b score) int { return cmp.Compare(b.Score, a.Score) })
		for n := range 5 {
			want := slices.Clone(byScore)
			if n > 0 {
				want = want[:min(n, len(want))]
			}
			slices.SortFunc(want, func(a, b score) int { return a.Index - b.Index })
			if w, got := ask(fmt.Sprintf(`%s,"top_n":%d`, kind, n)); !slices.Equal(got, want) {
				t.Errorf("top_n %d%s: got %s, want %+v", n, kind, w.Body, want)
			}
		}
	}
	w := post(newAPI(&scorer{}), "/score", `{"text_1":["q","r"],"text_2":["a","b"],"top_n":1}`)
	if w.Code != http.StatusBadRequest || !strings.Contains(w.Body.String(), `text_1\" has several`) {
		t.Errorf("two queries: got %d %s, want that top_n is refused", w.Code, w.Body)
	}
}

// waiting is a scorer that notes how long it may take.
type waiting struct {
	scorer
	left time.Duration // 0 if it has no deadline
}

func (s *waiting) Score(ctx context.Context, req *crossrank.Request) (*crossrank.Response, error) {
	s.left = 0
	if d, ok := ctx.Deadline(); ok {
		s.left = time.Until(d)
	}
	return s.scorer.Score(ctx, req)
}

func TestDeadlines(t *testing.T) {
	for _, c := range []struct {
		name, key, header string
		status            int
		want              time.Duration // 0 leaves the deadline to the server
	}{
		{"none", ``, "", 200, 0},
		{"in the body", `,"timeout_ms":2000`, "", 200, 2 * time.Second},
		{"in a header", ``, "2000", 200, 2 * time.Second},
		{"the nearer of both", `,"timeout_ms":9000`, "2000", 200, 2 * time.Second},
		{"the nearer of both, the other way round", `,"timeout_ms":2000`, "9000", 200, 2 * time.Second},
		{"farther than the server's", `,"timeout_ms":30000`, "", 200, 0},
		{"a header that is no number", ``, "2s", 422, 0},
		{"a header of nothing", ``, "0", 422, 0},
		{"a header too far", ``, "86400001", 422, 0},
	} {
		s := &waiting{}
		r := httptest.NewRequest("POST", "/rerank", strings.NewReader(`{"query":"q","texts":["a"]`+c.key+`}`))
		r.Header.Set("Content-Type", "application/json")
		if c.header != "" {
			r.Header.Set(TimeoutHeader, c.header)
		}
		w := httptest.NewRecorder()
		newAPI(s).ServeHTTP(w, r)
		if w.Code != c.status || s.left > c.want || s.left < c.want-time.Second {
			t.Errorf("%s: got %d and %v left, want %d and %v", c.name, w.Code, s.left, c.status, c.want)
		}
	}
}

// TestGzip sends packed bodies around the limit of 1,000 bytes.
func TestGzip(t *testing.T) {
	pack := func(body string) string {
		var buf bytes.Buffer
		z := gzip.NewWriter(&buf)
		z.Write([]byte(body))
		z.Close()
		return buf.String()
	}
	const good = `{"query":"q","texts":["a"]}`
	padded := func(n int) string { return good + strings.Repeat(" ", n-len(good)) }
	for _, c := range []struct {
		name, body, encoding string
		status               int
	}{
		{"small", pack(good), "gzip", 200},
		{"under another name", pack(good), "x-gzip", 200},
		{"in capitals", pack(good), "GZIP", 200},
		{"as large as allowed", pack(padded(1000)), "gzip", 200},
		{"a byte larger", pack(padded(1001)), "gzip", 413},
		{"a bomb", pack(padded(10 << 20))[:1000], "gzip", 413},
		{"in two members", pack(good[:10]) + pack(good[10:]), "gzip", 200},
		{"packed beyond the limit itself", strings.Repeat(pack(""), 100), "gzip", 413},
		{"cut off", pack(good)[:20], "gzip", 400},
		{"with a wrong checksum", pack(good)[:len(pack(good))-8] + "12345678", "gzip", 400},
		{"not packed", good, "gzip", 400},
		{"nothing", "", "gzip", 400},
		{"packed nothing", pack(""), "gzip", 400},
		{"packed twice", pack(pack(good)), "gzip", 400},
		{"packed without saying so", pack(good), "", 400},
		{"two encodings", pack(good), "gzip, gzip", 415},
		{"another packer", pack(good), "deflate", 415},
	} {
		r := httptest.NewRequest("POST", "/rerank", strings.NewReader(c.body))
		r.Header.Set("Content-Type", "application/json")
		if c.encoding != "" {
			r.Header.Set("Content-Encoding", c.encoding)
		}
		w := httptest.NewRecorder()
		newAPI(&scorer{}).ServeHTTP(w, r)
		if w.Code != c.status {
			t.Errorf("%s: got %d, want %d: %s", c.name, w.Code, c.status, w.Body)
		}
	}
}

// TestIDs sends back what came, and nothing that would break a reply.
func TestIDs(t *testing.T) {
	for id, want := range map[string]string{
		`"a"`: `"a"`, `""`: `""`, `7`: `7`, `-1.5e3`: `-1.5e3`, `12345678901234567890`: `12345678901234567890`,
		`"\u00e9\n<"`: `"é\n\u003c"`, `"\ud800"`: `"` + "\uFFFD" + `"`, "\"\xff\"": `"` + "\uFFFD" + `"`,
	} {
		w := post(newAPI(&scorer{}), "/v2/rerank", `{"query":"q","documents":[{"text":"a","id":`+id+`}]}`)
		var got struct{ Results []reranked }
		if err := json.Unmarshal(w.Body.Bytes(), &got); err != nil {
			t.Errorf("%s: %v: %s", id, err, w.Body)
			continue
		}
		var sent, back any
		json.Unmarshal([]byte(want), &sent)
		json.Unmarshal(got.Results[0].ID, &back)
		if sent != back {
			t.Errorf("%s: got %s, want %s", id, got.Results[0].ID, want)
		}
	}
}

package client

import (
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/crossrank/crossrank"
)

// TestHTTPSaysEverything asks for all that a request can ask for, and reads all that a reply can
// say.
func TestHTTPSaysEverything(t *testing.T) {
	var got map[string]any
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if err := json.NewDecoder(r.Body).Decode(&got); err != nil {
			t.Error(err)
		}
		w.Write([]byte(`{"model":"m","score_type":"logit","usage":{"total_tokens":9,"cached_tokens":4,"truncated_tokens":5},
			"data":[{"index":1,"score":2,"truncated":5},{"index":0,"score":1}]}`))
	}))
	defer s.Close()
	c := dial(t, "http://"+strings.TrimPrefix(s.URL, "http://"), Options{})
	resp, err := c.Score(t.Context(), &crossrank.Request{
		Pairs: []crossrank.Pair{{Query: "q", Passage: "a"}, {Query: "q", Passage: "b"}},
		Model: "m", MaxLength: 9, MaxPassage: 7, Raw: true, Truncation: crossrank.TruncateLeft,
		Windows: crossrank.Windows{Aggregate: crossrank.MeanWindow, Overlap: 2, Max: 3},
	})
	if err != nil {
		t.Fatal(err)
	}
	want := map[string]any{
		"model": "m", "text_1": "q", "text_2": []any{"a", "b"}, "raw_scores": true, "max_length": 9.0,
		"truncation_direction": "left", "max_tokens_per_doc": 7.0, "windows": "mean", "window_overlap": 2.0, "max_chunks_per_doc": 3.0,
	}
	if !reflect.DeepEqual(got, want) {
		t.Errorf("sent %v, want %v", got, want)
	}
	if !slices.Equal(resp.Scores, []float32{1, 2}) || !slices.Equal(resp.Truncated, []int{0, 5}) ||
		resp.Usage != (crossrank.Usage{Tokens: 5, CachedTokens: 4, TruncatedTokens: 5}) {
		t.Errorf("got %+v", resp)
	}
}

// TestHTTPOmits: of a ranking, a server is asked for the first scores alone.
func TestHTTPOmits(t *testing.T) {
	var asked map[string]any
	var data string
	s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		asked = nil
		if err := json.NewDecoder(r.Body).Decode(&asked); err != nil {
			t.Error(err)
		}
		w.Write([]byte(`{"score_type":"logit","data":[` + data + `]}`))
	}))
	defer s.Close()
	c := dial(t, s.URL, Options{})
	omitted := crossrank.Omitted
	for _, test := range []struct {
		name    string
		queries string // of three pairs
		topN    int
		data    string
		sent    any
		want    []float32 // nil if the reply is refused
	}{
		{"one of three", "qqq", 1, `{"index":1,"score":7}`, 1.0, []float32{omitted, 7, omitted}},
		{"two of three", "qqq", 2, `{"index":0,"score":1},{"index":2,"score":2}`, 2.0, []float32{1, omitted, 2}},
		{"all", "qqq", 3, `{"index":0,"score":1},{"index":1,"score":3},{"index":2,"score":2}`, nil, []float32{1, 3, 2}},
		{"several queries", "qpq", 1, `{"index":0,"score":1},{"index":1,"score":3},{"index":2,"score":2}`, nil, []float32{1, 3, 2}},
		{"a reply with all", "qqq", 1, `{"index":0,"score":1},{"index":1,"score":3},{"index":2,"score":2}`, 1.0, nil},
		{"a reply with less", "qqq", 2, `{"index":0,"score":1}`, 2.0, nil},
		{"a reply with one twice", "qqq", 2, `{"index":0,"score":1},{"index":0,"score":1}`, 2.0, nil},
		{"a reply with another", "qqq", 1, `{"index":3,"score":1}`, 1.0, nil},
	} {
		req := &crossrank.Request{TopN: test.topN}
		for _, q := range test.queries {
			req.Pairs = append(req.Pairs, crossrank.Pair{Query: string(q), Passage: "p"})
		}
		data = test.data
		resp, err := c.Score(t.Context(), req)
		switch {
		case !reflect.DeepEqual(asked["top_n"], test.sent):
			t.Errorf("%s: sent top_n %v, want %v", test.name, asked["top_n"], test.sent)
		case test.want == nil && crossrank.CodeOf(err) != crossrank.Internal:
			t.Errorf("%s: got %+v, %v, want that it is refused", test.name, resp, err)
		case test.want != nil && (err != nil || !slices.Equal(resp.Scores, test.want)):
			t.Errorf("%s: got %+v, %v, want %v", test.name, resp, err, test.want)
		}
	}
}

func TestHTTPErrorsOfEveryShape(t *testing.T) {
	for body, want := range map[string]string{
		`{"error":"a","code":"too_large"}`:                            "a",
		`{"error":{"message":"b","code":413},"code":"too_large"}`:     "b",
		`{"error":{"message":"c","type":"BadRequestError"},"code":1}`: "c",
		`{"error":null}`: "answered 413", `{"error":[1]}`: "answered 413", `[]`: "answered 413", `x`: "answered 413",
	} {
		s := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.WriteHeader(http.StatusRequestEntityTooLarge)
			w.Write([]byte(body))
		}))
		c := dial(t, "http://"+strings.TrimPrefix(s.URL, "http://"), Options{})
		_, err := c.Score(t.Context(), &crossrank.Request{Pairs: make([]crossrank.Pair, 1)})
		if crossrank.CodeOf(err) != crossrank.TooLarge || !strings.Contains(err.Error(), want) {
			t.Errorf("%s: got %v, want %q, too large", body, err, want)
		}
		s.Close()
	}
}

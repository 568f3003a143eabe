package httpapi

import (
	"encoding/json"
	"strings"
	"testing"
)

// TestElasticsearchRows reads rows as Elasticsearch does, whose parser refuses every key but these.
func TestElasticsearchRows(t *testing.T) {
	api := newAPI(&scorer{})
	const cut = "a text of more than twenty-five bytes"
	for _, path := range []string{"/", "/some/path", "/v1/rerank", "/rerank"} {
		body := `{"documents":["` + cut + `","b"],"query":"q","return_documents":true,"max_chunks_per_doc":1}`
		w := post(api, path, body)
		text := w.Body.Bytes()
		var reply struct{ Results json.RawMessage }
		if json.Unmarshal(text, &reply) == nil { // its services cohere and jinaai read results
			text = reply.Results
		}
		var rows []struct {
			Index     *int
			Score     *float64
			Relevance *float64 `json:"relevance_score"`
			Text      string
			Document  struct{ Text string }
		}
		dec := json.NewDecoder(strings.NewReader(string(text)))
		dec.DisallowUnknownFields()
		if err := dec.Decode(&rows); err != nil || len(rows) != 2 {
			t.Fatalf("%s: %v: %s", path, err, w.Body)
		}
		for _, row := range rows {
			if row.Index == nil || row.Score == nil && row.Relevance == nil || row.Text+row.Document.Text == "" {
				t.Errorf("%s: got %s", path, text)
			}
		}
	}
}

// TestWeaviateOrder: Weaviate pairs scores with its objects by their order.
func TestWeaviateOrder(t *testing.T) {
	w := post(newAPI(&scorer{}), "/rerank", `{"query":"q","documents":["a","b","c"],"property":"p"}`)
	var reply struct {
		Scores []struct{ Document string }
	}
	if err := json.Unmarshal(w.Body.Bytes(), &reply); err != nil || len(reply.Scores) != 3 {
		t.Fatalf("%v: %s", err, w.Body)
	}
	for i, want := range []string{"a", "b", "c"} {
		if reply.Scores[i].Document != want {
			t.Errorf("score %d is of %s, want %s", i, reply.Scores[i].Document, want)
		}
	}
}

// TestDecimal: OpenSearch refuses a score that looks like an integer.
func TestDecimal(t *testing.T) {
	for value, want := range map[decimal]string{0: "0.0", 1: "1.0", -3: "-3.0", 0.5: "0.5", 1e-9: "0.000000001", 1e10: "10000000000.0"} {
		if got, err := value.MarshalJSON(); err != nil || string(got) != want {
			t.Errorf("%v: got %s, %v, want %s", float32(value), got, err, want)
		}
	}
}

package httpapi

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"
)

// TestRankFields: documents that are objects are ranked by their rank fields in that order, and
// documents that are strings as they are. A wrong field is refused by its name.
func TestRankFields(t *testing.T) {
	const yaml = "title: T\nauthor: A\n"
	quoted, _ := json.Marshal(yaml)
	for _, c := range []struct {
		name, documents, fields string
		want                    []string // texts; nil = refused
		says                    string
	}{
		{"the default field", `[{"title":"T","text":"a"},"b"]`, `null`, []string{"a", "b"}, ""},
		{"in the order of rank_fields", `[{"text":"a","title":"T","year":"1"}]`, `["title","text"]`, []string{"T\na"}, ""},
		{"and in another", `[{"text":"a","title":"T"}]`, `["text","title"]`, []string{"a\nT"}, ""},
		{"one of them is absent in a document", `[{"title":"T"},{"title":"U","text":null},{"text":"a"}]`, `["title","text"]`, []string{"T", "U", "a"}, ""},
		{"strings among objects", `["b",{"title":"T"}]`, `["title"]`, []string{"b", "T"}, ""},
		{"strings alone", `["a","b"]`, `["title"]`, []string{"a", "b"}, ""},
		{"objects written as YAML", `[` + string(quoted) + `]`, `["title","text"]`, []string{yaml}, ""},
		{"an empty text", `[{"title":""}]`, `["title"]`, []string{""}, ""},
		{"no text", `[{"title":"T"}]`, `null`, nil, `"documents"[0]: "text" is missing`},
		{"none of the fields", `[{"title":"T"},{"name":"N"}]`, `["title"]`, nil, `"documents"[1]: it has none of "rank_fields"`},
		{"a field that none has", `[{"title":"T"},{"title":"U"}]`, `["title","txet"]`, nil, `"rank_fields" has "txet", which is a field of no document`},
		{"a field that is no string", `[{"title":"T"},{"title":7}]`, `["title"]`, nil, `"documents"[1]: "title" must be a string`},
		{"no fields", `[{"title":"T"}]`, `[]`, nil, `"rank_fields" is empty`},
		{"too many fields", `[{"title":"T"}]`, `[` + strings.Repeat(`"title",`, 16) + `"title"]`, nil, `"rank_fields" has more than 16`},
	} {
		s := &scorer{}
		w := post(newAPI(s), "/v1/rerank", `{"query":"q","documents":`+c.documents+`,"rank_fields":`+c.fields+`}`)
		if c.want == nil {
			if s.last != nil || !strings.Contains(checkError(t, w).Error, c.says) {
				t.Errorf("%s: got %d %s, want %s", c.name, w.Code, w.Body, c.says)
			}
			continue
		}
		if s.last == nil {
			t.Errorf("%s: got %d %s", c.name, w.Code, w.Body)
			continue
		}
		var texts []string
		for _, p := range s.last.Pairs {
			texts = append(texts, p.Passage)
		}
		if !slices.Equal(texts, c.want) {
			t.Errorf("%s: got %q, want %q", c.name, texts, c.want)
		}
	}
}

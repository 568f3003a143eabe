package httpapi

import (
	"strings"
	"testing"
)

// TestContent reads documents and queries whose texts are parts, and refuses parts that are no
// texts.
func TestContent(t *testing.T) {
	for object, want := range map[string]string{
		`{"content":"a"}`: "a", `{"content":[{"type":"text","text":"a"}]}`: "a", `{"content":[{"text":"a"},{"type":"text","text":"b"}]}`: "a\nb",
		`{"text":"a","content":[{"type":"image_url"}]}`: "a", `{"text":null,"content":"b"}`: "b",
	} {
		s := &scorer{}
		w := post(newAPI(s), "/rerank", `{"query":`+object+`,"documents":[`+object+`]}`)
		if s.last == nil || s.last.Pairs[0].Passage != want || s.last.Pairs[0].Query != want {
			t.Errorf("%s: got %d %s, want %q", object, w.Code, w.Body, want)
		}
	}
	for object, says := range map[string]string{
		`{"content":[{"type":"image_url","image_url":{"url":"x"}}]}`: `"documents"[0]: "content"[0] is of type "image_url"`,
		`{"content":[{"type":"text","text":"a"},{"type":"text"}]}`:   `"documents"[0]: "content"[1]: "text" is missing`,
		`{"content":["a"]}`: `"documents"[0]: "content"[0] must be a part with a text`,
		`{"content":7}`:     `"documents"[0]: "content" must be a list`,
		`{"content":[` + strings.Repeat(`{"text":""},`, maxParts) + `{"text":""}]}`: `"content" has more than 100`,
	} {
		s := &scorer{}
		api := newAPI(s)
		api.cfg.BodyBytes = 10_000
		w := post(api, "/rerank", `{"query":"q","documents":[`+object+`]}`)
		if s.last != nil || !strings.Contains(checkError(t, w).Error, says) {
			t.Errorf("%.60s: got %d %s, want %s", object, w.Code, w.Body, says)
		}
	}
}

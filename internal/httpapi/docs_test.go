package httpapi

import (
	"bytes"
	"crypto/sha256"
	"encoding/base64"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
)

// outside is whatever can make a browser ask for something: a loading element or attribute, or a
// style's address.
var outside = regexp.MustCompile(`(?i)<(script|link|img|iframe|object|embed|base|form|video|audio|source)\b|\ssrc=|url\(|@import|\son\w+=|\sstyle=`)

func TestDocs(t *testing.T) {
	api := newAPI(&scorer{})
	w := httptest.NewRecorder()
	api.ServeHTTP(w, httptest.NewRequest("GET", "/docs", nil))
	page := w.Body.String()
	if w.Code != 200 || w.Header().Get("Content-Type") != "text/html; charset=utf-8" {
		t.Fatalf("got %d, %q", w.Code, w.Header().Get("Content-Type"))
	}
	if found := outside.FindString(page); found != "" {
		t.Errorf("the page has %q", found)
	}
	for path := range api.routes {
		if !strings.Contains(page, " "+path+"</code>") {
			t.Errorf("the page does not tell of %s", path)
		}
	}
	for _, want := range []string{"window_overlap", "a bear of China", "curl -H", "return_documents", "Keys of the request"} {
		if !strings.Contains(page, want) {
			t.Errorf("the page does not tell of %q", want)
		}
	}
	if strings.Contains(page, "ZgotmplZ") {
		t.Error("the template refused a value")
	}

	style := page[strings.Index(page, "<style>")+len("<style>") : strings.Index(page, "</style>")]
	hash := sha256.Sum256([]byte(style))
	policy := w.Header().Get("Content-Security-Policy")
	if !strings.Contains(policy, "default-src 'none'") || strings.Contains(policy, "unsafe") ||
		!strings.Contains(policy, "style-src 'sha256-"+base64.StdEncoding.EncodeToString(hash[:])+"'") {
		t.Errorf("the policy %q does not let the page have its own style and nothing else", policy)
	}
}

func TestOpenAPIIsServed(t *testing.T) {
	w := httptest.NewRecorder()
	newAPI(&scorer{}).ServeHTTP(w, httptest.NewRequest("GET", "/openapi.json", nil))
	if w.Code != 200 || w.Header().Get("Content-Type") != "application/json" || !bytes.Equal(w.Body.Bytes(), openAPIDocument) {
		t.Errorf("got %d, %q, %d bytes", w.Code, w.Header().Get("Content-Type"), w.Body.Len())
	}
}

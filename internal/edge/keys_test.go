package edge

import (
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"github.com/crossrank/crossrank"
)

func digestOf(key string) Digest { return sha256.Sum256([]byte(key)) }

func TestAuthorize(t *testing.T) {
	const key = "correct-horse-battery-staple"
	var keys Keys
	if err := keys.Authorize([]string{"Bearer " + key}); crossrank.CodeOf(err) != crossrank.Unauthenticated {
		t.Errorf("without any key known: got %v", err)
	}
	keys.Replace([]Digest{digestOf("other"), digestOf(key), digestOf("third")})
	tests := []struct {
		name    string
		headers []string
		ok      bool
	}{
		{"the key", []string{"Bearer " + key}, true},
		{"another key that is known", []string{"Bearer third"}, true},
		{"the scheme in lower case", []string{"bearer " + key}, true},
		{"no header", nil, false},
		{"an empty header", []string{""}, false},
		{"the scheme alone", []string{"Bearer"}, false},
		{"an empty key", []string{"Bearer "}, false},
		{"the key without the scheme", []string{key}, true},
		{"another scheme", []string{"Basic " + key}, false},
		{"two headers", []string{"Bearer " + key, "Bearer " + key}, false},
		{"a prefix of the key", []string{"Bearer " + key[:len(key)-1]}, false},
		{"more than the key", []string{"Bearer " + key + "x"}, false},
		{"a newline after the key", []string{"Bearer " + key + "\n"}, false},
		{"a space before the key", []string{"Bearer  " + key}, false},
		{"the key in capitals", []string{"Bearer " + strings.ToUpper(key)}, false},
		{"the key's digest", []string{fmt.Sprintf("Bearer %x", digestOf(key))}, false},
		{"a huge key", []string{"Bearer " + strings.Repeat(key, 1<<18)}, false},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			err := keys.Authorize(tt.headers)
			if tt.ok != (err == nil) || err != nil && crossrank.CodeOf(err) != crossrank.Unauthenticated {
				t.Errorf("got %v, want it let in: %v", err, tt.ok)
			}
			if err != nil && strings.Contains(strings.ToLower(err.Error()), key[:8]) {
				t.Errorf("the error repeats the key: %v", err)
			}
		})
	}
	keys.Replace([]Digest{digestOf("new")})
	if keys.Authorize([]string{"Bearer " + key}) == nil || keys.Authorize([]string{"Bearer new"}) != nil {
		t.Error("the old key still works after its replacement, or the new one does not")
	}
}

func TestReadDigests(t *testing.T) {
	a, b := strings.Repeat("a", 64), strings.Repeat("B", 64)
	got, err := ReadDigests(strings.NewReader("# keys\n\n" + a + "  -\n  sha256:" + b + " team two\r\n"))
	if err != nil || len(got) != 2 || got[0][0] != 0xaa || got[1][31] != 0xbb {
		t.Errorf("got %x, %v", got, err)
	}
	for text, want := range map[string]string{
		a + "\nmy-secret-key\n": "line 2",
		a[:63]:                  "line 1",
		a + "a":                 "line 1",
		strings.Repeat("g", 64): "line 1",
		"sha1:" + a:             "line 1",
	} {
		if _, err := ReadDigests(strings.NewReader(text)); err == nil || !strings.Contains(err.Error(), want) ||
			strings.Contains(err.Error(), "secret") {
			t.Errorf("%q: got %v, want an error that says %q", text, err, want)
		}
	}
}

// TestAuthorization finds a key in the headers that clients of several APIs send.
func TestAuthorization(t *testing.T) {
	keys := &Keys{}
	keys.Replace([]Digest{digestOf("good")})
	for _, c := range []struct {
		name string
		h    http.Header
		ok   bool
	}{
		{"a bearer", http.Header{"Authorization": {"Bearer good"}}, true},
		{"a bare key", http.Header{"Authorization": {"good"}}, true},
		{"Azure's and Pinecone's", http.Header{"Api-Key": {"good"}}, true},
		{"another one", http.Header{"X-Api-Key": {"good"}}, true},
		{"a wrong one", http.Header{"Api-Key": {"bad"}}, false},
		{"an empty one", http.Header{"Api-Key": {""}}, false},
		{"two of them", http.Header{"Api-Key": {"good", "good"}}, false},
		{"a wrong bearer beside a good key", http.Header{"Authorization": {"Bearer bad"}, "Api-Key": {"good"}}, false},
		{"none", http.Header{}, false},
	} {
		headers := Authorization(c.h)
		if err := keys.Authorize(headers); (err == nil) != c.ok {
			t.Errorf("%s: got %v", c.name, err)
		}
		if c.ok && Caller(headers) != Caller([]string{"Bearer good"}) {
			t.Errorf("%s: another caller than with a bearer", c.name)
		}
	}
}

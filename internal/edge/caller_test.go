package edge

import (
	"crypto/sha256"
	"testing"
)

func TestCaller(t *testing.T) {
	digest := sha256.Sum256([]byte("a key"))
	for _, c := range []struct {
		name    string
		headers []string
		want    string
	}{
		{"no key", nil, ""},
		{"a key", []string{"Bearer a key"}, string(digest[:])},
		{"the scheme in other letters, as Keys takes it", []string{"bearer a key"}, string(digest[:])},
	} {
		if got := Caller(c.headers); got != c.want {
			t.Errorf("%s: got %x, want %x", c.name, got, c.want)
		}
	}
}

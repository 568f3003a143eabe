package edge

import (
	"crypto/sha256"
	"strings"
)

// Caller tells apart those that were let in with an API key, given the Authorization headers of a request that [Keys] let
// in: it is the digest of the key. Of a request without one it is empty.
func Caller(headers []string) string {
	if len(headers) == 0 {
		return ""
	}
	_, key, _ := strings.Cut(headers[0], " ")
	digest := sha256.Sum256([]byte(key))
	return string(digest[:])
}

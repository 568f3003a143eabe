package edge

import "crypto/sha256"

// Caller identifies the caller of a request by the digest of its API key, from the Authorization
// headers that [Keys] accepted. Without a key it is empty.
func Caller(headers []string) string {
	if len(headers) == 0 {
		return ""
	}
	key, _ := keyOf(headers[0])
	digest := sha256.Sum256([]byte(key))
	return string(digest[:])
}

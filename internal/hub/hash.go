package hub

import (
	"crypto/sha1"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	hasher "hash"
	"regexp"
	"strings"
)

// hash identifies a file's content, as the hub does, and is its name among the blobs: the SHA-256
// of a large file, in 64 digits, or the SHA-1 of a small one as Git computes it, in 40.
type hash string

var hashForm = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)

// parseHash reads a hash, or an ETag that holds one.
func parseHash(text string) (hash, error) {
	h := strings.Trim(strings.TrimPrefix(text, "W/"), `"`)
	if !hashForm.MatchString(h) {
		return "", fmt.Errorf("%q is neither a SHA-1 nor a SHA-256", text)
	}
	return hash(h), nil
}

// hasher begins to compute a hash of h's kind over size bytes.
func (h hash) hasher(size int64) hasher.Hash {
	if len(h) == 2*sha256.Size {
		return sha256.New()
	}
	s := sha1.New()
	fmt.Fprintf(s, "blob %d\x00", size) // Git hashes this in front of the content
	return s
}

func (h hash) kind() string {
	if len(h) == 2*sha256.Size {
		return "SHA-256"
	}
	return "SHA-1"
}

func digest(h hasher.Hash) hash { return hash(hex.EncodeToString(h.Sum(nil))) }

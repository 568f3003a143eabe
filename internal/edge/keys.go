package edge

import (
	"bufio"
	"crypto/sha256"
	"crypto/subtle"
	"encoding/hex"
	"fmt"
	"io"
	"net/http"
	"strings"
	"sync/atomic"

	"github.com/crossrank/crossrank"
)

// Digest is the SHA-256 of an API key. Keys themselves are not kept.
type Digest [sha256.Size]byte

// ParseDigest reads 64 hexadecimal digits, optionally after "sha256:". Its error does not repeat
// the text, which may be a key by mistake.
func ParseDigest(text string) (Digest, error) {
	var d Digest
	raw, err := hex.DecodeString(strings.TrimPrefix(text, "sha256:"))
	if err != nil || len(raw) != len(d) {
		return d, fmt.Errorf("want the SHA-256 of a key, %d hexadecimal digits", hex.EncodedLen(len(d)))
	}
	return Digest(raw), nil
}

// ReadDigests reads one digest per line. After a space, a line may have a comment, or the file name
// that sha256sum prints. Empty lines and lines that start with # are skipped. Errors name the line.
func ReadDigests(r io.Reader) ([]Digest, error) {
	var digests []Digest
	lines := bufio.NewScanner(r)
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		d, err := ParseDigest(strings.Fields(line)[0])
		if err != nil {
			return nil, fmt.Errorf("line %d: %w", n, err)
		}
		digests = append(digests, d)
	}
	return digests, lines.Err()
}

// Keys is the set of valid API keys. The zero value has none and refuses everybody. It is safe for
// concurrent use; Replace takes effect at the next request.
type Keys struct{ digests atomic.Pointer[[]Digest] }

// Replace replaces all keys. It keeps the slice.
func (k *Keys) Replace(digests []Digest) { k.digests.Store(&digests) }

// Authorization gives the Authorization headers of an HTTP request. Without one, a key in a header
// that clients of some APIs send instead counts as one.
func Authorization(h http.Header) []string {
	if headers := h["Authorization"]; len(headers) > 0 {
		return headers
	}
	for _, name := range []string{"Api-Key", "X-Api-Key"} {
		if keys := h[name]; len(keys) == 1 {
			return []string{"Bearer " + keys[0]}
		}
	}
	return nil
}

// keyOf gives the key in an Authorization header: "Bearer KEY", or the key alone.
func keyOf(header string) (key string, ok bool) {
	scheme, key, found := strings.Cut(header, " ")
	if !found {
		return header, header != "" && !strings.EqualFold(header, "Bearer")
	}
	return key, strings.EqualFold(scheme, "Bearer") && key != ""
}

// Authorize checks the Authorization headers of a request. There must be exactly one, "Bearer KEY"
// or the key alone. The error is [crossrank.Unauthenticated] and reveals nothing about the key.
//
// Nor does the duration: the digest of the key is compared with every valid digest, each in
// constant time.
func (k *Keys) Authorize(headers []string) error {
	if len(headers) != 1 {
		return crossrank.Errorf(crossrank.Unauthenticated, "an API key is needed here: send one header, Authorization: Bearer KEY")
	}
	key, ok := keyOf(headers[0])
	if !ok {
		return crossrank.Errorf(crossrank.Unauthenticated, "the Authorization header must be of the form Bearer KEY")
	}
	digest := sha256.Sum256([]byte(key))
	found := 0
	if digests := k.digests.Load(); digests != nil {
		for i := range *digests {
			found |= subtle.ConstantTimeCompare((*digests)[i][:], digest[:])
		}
	}
	if found == 0 {
		return crossrank.Errorf(crossrank.Unauthenticated, "this API key is not known here")
	}
	return nil
}

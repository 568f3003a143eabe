package edge

import "crypto/rand"

// RequestIDHeader names the HTTP header, and the gRPC metadata key, of a request's id.
const RequestIDHeader = "x-request-id"

// RequestID is the id that the caller gave, if it is fit to stand in a log and a header, else a new random one.
func RequestID(given string) string {
	if len(given) == 0 || len(given) > 128 {
		return rand.Text()
	}
	for _, c := range []byte(given) {
		if !idByte(c) {
			return rand.Text()
		}
	}
	return given
}

func idByte(c byte) bool {
	switch {
	case c >= 'a' && c <= 'z', c >= 'A' && c <= 'Z', c >= '0' && c <= '9':
		return true
	}
	return c == '-' || c == '_' || c == '.' || c == ':' || c == '/' || c == '+' || c == '='
}

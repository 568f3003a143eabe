package edge

import "crypto/rand"

// RequestIDHeader is the HTTP header and the gRPC metadata key of the id of a request.
const RequestIDHeader = "x-request-id"

// RequestID is the caller's id if it is valid in logs and headers, else a new random one.
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

package client

import (
	"encoding/json"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/crossrank/crossrank"
)

// codeOfStatus applies where the body of an error has no code of this project.
var codeOfStatus = map[int]crossrank.Code{
	http.StatusBadRequest:            crossrank.InvalidArgument,
	http.StatusMethodNotAllowed:      crossrank.InvalidArgument,
	http.StatusUnsupportedMediaType:  crossrank.InvalidArgument,
	http.StatusUnprocessableEntity:   crossrank.InvalidArgument,
	http.StatusUnauthorized:          crossrank.Unauthenticated,
	http.StatusForbidden:             crossrank.Unauthenticated,
	498:                              crossrank.Unauthenticated, // Cohere's, for an invalid token
	http.StatusNotFound:              crossrank.NotFound,
	http.StatusRequestEntityTooLarge: crossrank.TooLarge,
	http.StatusTooManyRequests:       crossrank.Overloaded,
	http.StatusRequestTimeout:        crossrank.DeadlineExceeded,
	http.StatusGatewayTimeout:        crossrank.DeadlineExceeded,
	499:                              crossrank.Canceled, // nginx's and Cohere's, for a canceled request
	http.StatusBadGateway:            crossrank.Unavailable,
	http.StatusServiceUnavailable:    crossrank.Unavailable,
}

// longestMessage is the maximum of bytes quoted from a third party.
const longestMessage = 500

// refusal turns an unsuccessful reply into an error with a code.
func (h *overHTTP) refusal(resp *http.Response, body []byte) error {
	var said struct {
		Error        json.RawMessage `json:"error"`
		Message      json.RawMessage `json:"message"`
		Detail       json.RawMessage `json:"detail"`
		Code         json.RawMessage `json:"code"`
		RetryAfterMS json.RawMessage `json:"retry_after_ms"`
	}
	e := &crossrank.Error{Code: crossrank.Internal, Message: fmt.Sprintf("%s answered %s", h.base, resp.Status)}
	if h.thirdParty {
		e.Message = fmt.Sprintf("%s%s answered %s", h.base, resp.Request.URL.Path, resp.Status)
	}
	if code, ok := codeOfStatus[resp.StatusCode]; ok {
		e.Code = code
	}
	if json.Unmarshal(body, &said) == nil {
		message := firstMessage(said.Error, said.Message, said.Detail)
		switch {
		case message != "" && h.thirdParty:
			e.Message += ": " + h.quoted(message)
		case message != "":
			e.Message = message
		}
		var code crossrank.Code
		if json.Unmarshal(said.Code, &code) == nil {
			e.Code = known(code, e.Code)
		}
		if isTooLong(resp.StatusCode, message) {
			e.Code = crossrank.TooLarge
		}
	}
	e.RetryAfter = retryAfter(said.RetryAfterMS, resp.Header.Get("Retry-After"))
	return e
}

// isTooLong recognizes how llama.cpp refuses a text that does not fit its batch: with the status of
// a fault.
func isTooLong(status int, message string) bool {
	return status == http.StatusInternalServerError && strings.Contains(message, "too large to process")
}

// quoted is a third party's message, shortened, and without the API key, which some repeat.
func (h *overHTTP) quoted(message string) string {
	if h.key != "" {
		message = strings.ReplaceAll(message, h.key, "[API key]")
	}
	if len(message) > longestMessage {
		message = strings.ToValidUTF8(message[:longestMessage], "") + "…"
	}
	return message
}

// retryAfter reads when to retry, from milliseconds in a body, or else from a header with seconds
// or a date.
func retryAfter(ms json.RawMessage, header string) time.Duration {
	var n int64
	if json.Unmarshal(ms, &n) == nil && n > 0 {
		return time.Duration(n) * time.Millisecond
	}
	if seconds, err := strconv.Atoi(header); err == nil {
		return max(0, time.Duration(seconds)*time.Second)
	}
	if at, err := http.ParseTime(header); err == nil {
		return max(0, time.Until(at))
	}
	return 0
}

// firstMessage finds the message in the first text that has one. Each text may be the message
// itself, an object with a message, or a list of such objects.
func firstMessage(texts ...json.RawMessage) string {
	for _, raw := range texts {
		var message string
		if json.Unmarshal(raw, &message) == nil && message != "" {
			return message
		}
		type object struct {
			Message string `json:"message"`
			Msg     string `json:"msg"` // of each error that FastAPI finds in a body
		}
		var one object
		if json.Unmarshal(raw, &one) == nil && one.Message != "" {
			return one.Message
		}
		var several []object
		if json.Unmarshal(raw, &several) == nil && len(several) > 0 && several[0].Msg != "" {
			return several[0].Msg
		}
	}
	return ""
}

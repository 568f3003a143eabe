package httpapi

import "github.com/crossrank/crossrank"

// vllm is the dialect of vLLM.
var vllm = &dialect{status: badRequest, body: vllmError}

func llamaError(f failure) any { return openAIBody(f, llamaTypes, "server_error") }

func vllmError(f failure) any { return openAIBody(f, vllmTypes, "InternalServerError") }

// Types of errors of two servers whose error objects are like OpenAI's.
var (
	llamaTypes = map[crossrank.Code]string{
		crossrank.InvalidArgument: "invalid_request_error",
		crossrank.Unauthenticated: "authentication_error",
		crossrank.NotFound:        "not_found_error",
		crossrank.TooLarge:        "invalid_request_error",
		crossrank.Overloaded:      "unavailable_error",
		crossrank.Unavailable:     "unavailable_error",
	}
	vllmTypes = map[crossrank.Code]string{
		crossrank.InvalidArgument: "BadRequestError",
		crossrank.Unauthenticated: "Unauthorized",
		crossrank.NotFound:        "NotFoundError",
		crossrank.TooLarge:        "BadRequestError",
		crossrank.Overloaded:      "TooManyRequestsError",
		crossrank.Unavailable:     "ServiceUnavailableError",
	}
)

type openAIError struct {
	Message string  `json:"message"`
	Type    string  `json:"type"`
	Param   *string `json:"param"`
	Code    int     `json:"code"` // the status
}

func openAIBody(f failure, types map[crossrank.Code]string, other string) any {
	kind, ok := types[f.code]
	if !ok {
		kind = other
	}
	return struct {
		Error openAIError `json:"error"`
		own
	}{openAIError{Message: f.message, Type: kind, Code: f.status}, f.own()}
}

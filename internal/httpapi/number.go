package httpapi

import (
	"bytes"
	"encoding/json"
	"strconv"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
)

// relevance is a score that is written as encoding/json writes it, but never as an integer: clients
// in Java, such as OpenSearch's connector for Cohere, read a 1 as another type than 0.5.
type relevance float32

// MarshalJSON implements [json.Marshaler].
func (r relevance) MarshalJSON() ([]byte, error) {
	text, err := json.Marshal(float32(r))
	if err == nil && !bytes.ContainsAny(text, ".e") {
		text = append(text, ".0"...)
	}
	return text, err
}

// wholeNumber reads a JSON number that is an integer in value, whatever its notation: 100, 100.0
// and 1e2 are the same in JSON Schema. The arithmetic is exact, so 1.00000000000000000001 is no
// integer. raw must be valid JSON; numbers of more than 18 digits are refused.
func wholeNumber(raw jsontext.Value) (n int64, ok bool) {
	text, negative := strings.CutPrefix(string(raw), "-")
	if text == "" || text[0] < '0' || text[0] > '9' {
		return 0, false
	}
	mantissa, exponent := text, "0"
	if i := strings.IndexAny(text, "eE"); i >= 0 {
		mantissa, exponent = text[:i], text[i+1:]
	}
	whole, fraction, _ := strings.Cut(mantissa, ".")
	digits := strings.TrimLeft(whole+fraction, "0")
	significant := strings.TrimRight(digits, "0")
	if significant == "" {
		return 0, true // 0, whatever its exponent
	}
	power, err := strconv.Atoi(exponent)
	if err != nil {
		return 0, false // an exponent beyond an int
	}
	// The value is significant × 10^zeros.
	zeros := int64(power) - int64(len(fraction)) + int64(len(digits)-len(significant))
	if zeros < 0 || zeros > 18 || len(significant)+int(zeros) > 18 {
		return 0, false
	}
	n, err = strconv.ParseInt(significant+strings.Repeat("0", int(zeros)), 10, 64)
	if negative {
		n = -n
	}
	return n, err == nil
}

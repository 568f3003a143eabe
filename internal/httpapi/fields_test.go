package httpapi

import (
	"encoding/json"
	"slices"
	"strings"
	"testing"

	"github.com/go-json-experiment/json/jsontext"
)

// FuzzElements holds the splitting of lists and the reading of strings against encoding/json.
func FuzzElements(f *testing.F) {
	for _, seed := range []string{
		`[]`, `[ ]`, `[1]`, ` [1,2] `, `["a","b,c","[","\\"]`, `["\"",",",{"a":[1,2],"b":"]"},[[],[{}]],null ]`, `["\ud800","\u00e9"]`,
		"[\"\xff\"]", "[\n\t1 ,\r2]", `["\\\\\"",1]`,
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, text string) {
		text = strings.Trim(text, " \t\r\n")
		var want []json.RawMessage
		if !strings.HasPrefix(text, "[") || json.Unmarshal([]byte(text), &want) != nil {
			return
		}
		got := slices.Collect(elements(jsontext.Value(text)))
		if len(got) != len(want) {
			t.Fatalf("%q has %d elements, not %d", text, len(want), len(got))
		}
		for i := range got {
			if string(got[i]) != string(want[i]) {
				t.Errorf("element %d of %q is %q, not %q", i, text, want[i], got[i])
			}
			var s any
			_ = json.Unmarshal(want[i], &s) // it is valid
			plain, isString := s.(string)
			if read, ok := unquote(got[i]); ok != isString || read != plain {
				t.Errorf("%q is %q, string %v; read as %q, %v", want[i], plain, isString, read, ok)
			}
		}
	})
}

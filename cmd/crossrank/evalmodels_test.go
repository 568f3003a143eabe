package main

import (
	"slices"
	"testing"
)

func TestContenders(t *testing.T) {
	const here, there = "grpc://a:1", "http://b:2"
	for _, tt := range []struct {
		what, target, against string
		want                  contender
	}{
		{"a precision", "", "int8", contender{"m", computeFlags{precision: "int8"}, ""}},
		{"a model in the same precision", "", "./other", contender{"./other", computeFlags{precision: "fp32"}, ""}},
		{"a model and its precision", "", "owner/name@abc:int8", contender{"owner/name@abc", computeFlags{precision: "int8"}, ""}},
		{"a colon that begins no precision", "", "builtin:minilm-l6", contender{"builtin:minilm-l6", computeFlags{precision: "fp32"}, ""}},
		{"that with a precision", "", "builtin:minilm-l6:int8", contender{"builtin:minilm-l6", computeFlags{precision: "int8"}, ""}},
		{"a server", "", there, contender{"", computeFlags{}, there}},
		{"another server", here, there, contender{"m", computeFlags{}, there}},
		{"a model of the server", here, "other", contender{"other", computeFlags{precision: "fp32"}, here}},
	} {
		opts := evalOptions{model: "m", compute: computeFlags{precision: "fp32"}, against: tt.against, target: targetFlags{address: tt.target}}
		want := []contender{{"m", computeFlags{precision: "fp32"}, tt.target}, tt.want}
		if got := opts.contenders(); !slices.Equal(got, want) {
			t.Errorf("%s: %+v, want %+v", tt.what, got, want)
		}
	}
}

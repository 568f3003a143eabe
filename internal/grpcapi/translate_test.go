package grpcapi

import (
	"reflect"
	"slices"
	"testing"

	"github.com/crossrank/crossrank"
	crossrankv1 "github.com/crossrank/crossrank/proto/crossrank/v1"
)

func TestUsage(t *testing.T) {
	u := usage(crossrank.Usage{Tokens: 1, CachedTokens: 2, TruncatedTokens: 3, PaddedTokens: 4})
	if u.Tokens != 1 || u.CachedTokens != 2 || u.TruncatedTokens != 3 || u.PaddedTokens != 4 {
		t.Errorf("got %v, want 1, 2, 3 and 4", u)
	}
}

func TestOptions(t *testing.T) {
	tests := []struct {
		name string
		in   *crossrankv1.Options
		want crossrank.Request
		code crossrank.Code
	}{
		{"none", nil, crossrank.Request{}, crossrank.OK},
		{"all", &crossrankv1.Options{
			Raw: true, MaxLength: 7, Priority: 8, MaxPassage: 9, Instruction: "i", Truncation: crossrankv1.Truncation_TRUNCATION_LEFT,
			Windows: &crossrankv1.Windows{Aggregate: crossrankv1.Aggregate_AGGREGATE_MEAN, Overlap: 1, Max: 2},
		}, crossrank.Request{
			Raw: true, MaxLength: 7, Priority: 8, MaxPassage: 9, Instruction: "i", Truncation: crossrank.TruncateLeft,
			Windows: crossrank.Windows{Aggregate: crossrank.MeanWindow, Overlap: 1, Max: 2},
		}, crossrank.OK},
		{"the best window", &crossrankv1.Options{Windows: &crossrankv1.Windows{Aggregate: crossrankv1.Aggregate_AGGREGATE_BEST}},
			crossrank.Request{Windows: crossrank.Windows{Aggregate: crossrank.BestWindow}}, crossrank.OK},
		{"windows without a word on them", &crossrankv1.Options{Windows: &crossrankv1.Windows{}}, crossrank.Request{}, crossrank.OK},
		{"an overlap of no windows", &crossrankv1.Options{Windows: &crossrankv1.Windows{Overlap: 1}}, crossrank.Request{}, crossrank.InvalidArgument},
		{"a number of no windows", &crossrankv1.Options{Windows: &crossrankv1.Windows{Max: 1}}, crossrank.Request{}, crossrank.InvalidArgument},
		{"an unknown aggregate", &crossrankv1.Options{Windows: &crossrankv1.Windows{Aggregate: 3}}, crossrank.Request{}, crossrank.InvalidArgument},
		{"a negative overlap", &crossrankv1.Options{Windows: &crossrankv1.Windows{Aggregate: 1, Overlap: -1}}, crossrank.Request{}, crossrank.InvalidArgument},
		{"a negative number", &crossrankv1.Options{Windows: &crossrankv1.Windows{Aggregate: 1, Max: -1}}, crossrank.Request{}, crossrank.InvalidArgument},
		{"a negative limit of passages", &crossrankv1.Options{MaxPassage: -1}, crossrank.Request{}, crossrank.InvalidArgument},
		{"an unknown truncation", &crossrankv1.Options{Truncation: 9}, crossrank.Request{}, crossrank.InvalidArgument},
	}
	for _, tt := range tests {
		got, err := request(tt.in, nil)
		if tt.code != crossrank.OK && err == nil {
			got.Pairs = make([]crossrank.Pair, 1)
			err = got.Validate() // as the scorer does
		}
		if code := crossrank.CodeOf(err); code != tt.code {
			t.Errorf("%s: got %s (%v), want %s", tt.name, code, err, tt.code)
			continue
		}
		if tt.want.Pairs = []crossrank.Pair{}; err == nil && !reflect.DeepEqual(*got, tt.want) {
			t.Errorf("%s: got %+v, want %+v", tt.name, *got, tt.want)
		}
	}
}

func TestTruncatedTokensOfPairs(t *testing.T) {
	for _, tt := range []struct {
		in   []int
		want []int32
	}{{nil, nil}, {[]int{0, 0}, nil}, {[]int{0, 5}, []int32{0, 5}}, {[]int{1 << 40, 0}, []int32{1<<31 - 1, 0}}} {
		if got := truncated(&crossrank.Response{Scores: make([]float32, 2), Truncated: tt.in}); !slices.Equal(got, tt.want) {
			t.Errorf("%v: got %v, want %v", tt.in, got, tt.want)
		}
	}
}

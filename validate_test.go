package crossrank

import (
	"math"
	"strings"
	"testing"
)

func TestValidate(t *testing.T) {
	pairs := []Pair{{}}
	for _, r := range []Request{
		{Pairs: pairs},
		{Pairs: pairs, MaxLength: math.MaxInt, MaxPassage: math.MaxInt, Priority: math.MaxInt, Truncation: TruncateNever, Raw: true},
		{Pairs: pairs, Windows: Windows{Aggregate: MeanWindow, Overlap: 1, Max: 1}},
	} {
		if err := r.Validate(); err != nil {
			t.Errorf("%+v: %v", r, err)
		}
	}
	for says, r := range map[string]*Request{
		"no pairs":                     nil,
		"has no pairs":                 {},
		"max_length is -1":             {Pairs: pairs, MaxLength: -1},
		"truncation is 3":              {Pairs: pairs, Truncation: 3},
		"max_passage is -1":            {Pairs: pairs, MaxPassage: -1},
		"windows.aggregate is 3":       {Pairs: pairs, Windows: Windows{Aggregate: 3}},
		"windows has an overlap of -1": {Pairs: pairs, Windows: Windows{Overlap: -1}},
		"a max of -1":                  {Pairs: pairs, Windows: Windows{Max: -1}},
		"priority is -1":               {Pairs: pairs, Priority: -1},
	} {
		if err := r.Validate(); CodeOf(err) != InvalidArgument || !strings.Contains(err.Error(), says) {
			t.Errorf("got %v, want InvalidArgument that says %q", err, says)
		}
	}
}

package batch

import (
	"strings"
	"testing"
	"time"
)

func TestZeroOptionsAreTheDefaults(t *testing.T) {
	r := Options{}.WithDefaults()
	if r.MaxTokens != DefaultMaxTokens || r.MaxPairs != DefaultMaxPairs || r.MaxQueuedTokens != DefaultMaxQueuedTokens ||
		r.MaxQueueAge != 0 || r.Timeout != 0 || r.Quantum != DefaultMaxTokens/4 || !*r.Enabled || !*r.LengthAware {
		t.Errorf("got %+v, want the defaults", r)
	}
	r = Options{MaxPairs: 7, Timeout: time.Second, PreferredPairs: []int{2}, Enabled: new(false), LengthAware: new(false)}.WithDefaults()
	if r.MaxPairs != 7 || r.MaxTokens != DefaultMaxTokens || *r.Enabled || *r.LengthAware || r.Timeout != 0 || r.PreferredPairs != nil {
		t.Errorf("got %+v, want batches of 7 pairs of one request, in their order, that wait for nothing", r)
	}
}

func TestCheck(t *testing.T) {
	for _, c := range []struct {
		opts Options
		want string // in the error; "" means none
	}{
		{Options{}, ""},
		{Options{PreferredPairs: []int{1, 8, 512}}, ""},
		{Options{MaxTokens: -1}, "max tokens is negative"},
		{Options{MaxPairs: -1}, "max pairs is negative"},
		{Options{MaxQueuedTokens: -1}, "max queued tokens is negative"},
		{Options{MaxQueueAge: -1}, "max queue age is negative"},
		{Options{Timeout: -1}, "timeout is negative"},
		{Options{Quantum: -1}, "quantum is negative"},
		{Options{PreferredPairs: []int{8, 4}}, "ascending"},
		{Options{PreferredPairs: []int{4, 4}}, "ascending"},
		{Options{PreferredPairs: []int{0, 4}}, "from 1"},
		{Options{PreferredPairs: []int{4, 9}, MaxPairs: 8}, "to 8"},
		{Options{PreferredPairs: []int{513}}, "to 512"},
	} {
		err := c.opts.Check()
		if (err == nil) != (c.want == "") || err != nil && !strings.Contains(err.Error(), c.want) {
			t.Errorf("%+v: got error %v, want one with %q", c.opts, err, c.want)
		}
	}
}

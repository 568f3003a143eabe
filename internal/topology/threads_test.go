package topology

import (
	"strings"
	"testing"
)

func TestCheckThreads(t *testing.T) {
	for _, c := range []struct {
		threads       int
		warning, fail string // what they hold; "" means that there is none
	}{
		{1, "", ""},
		{4, "", ""},
		{5, "5 over all instances share 4 cores and slow each other down; use 4", ""},
		{512, "512 over all", ""},
		{513, "", "513 over all instances exceed the maximum of 512 for 4 cores; use 4"},
	} {
		warning, err := CheckThreads(c.threads, 4)
		if (warning == "") != (c.warning == "") || !strings.Contains(warning, c.warning) {
			t.Errorf("%d threads: got warning %q, want %q", c.threads, warning, c.warning)
		}
		if (err == nil) != (c.fail == "") || err != nil && !strings.Contains(err.Error(), c.fail) {
			t.Errorf("%d threads: got error %v, want %q", c.threads, err, c.fail)
		}
	}
}

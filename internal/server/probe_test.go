package server

import (
	"strings"
	"testing"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/scorertest"
)

// TestProbes: a server that accepts no requests is alive and not ready, over either protocol, and
// the dialects of third parties have no probes.
func TestProbes(t *testing.T) {
	r := start(t, &scorertest.Fake{}, Config{})
	for name, target := range r.targets() {
		c := dial(t, target)
		for i, ready := range []bool{true, false, true} {
			if i > 0 { // the answer to the first probe shows that the server runs
				r.setReady(ready)
			}
			if err := c.Live(t.Context()); err != nil {
				t.Errorf("%s: ready %t: alive: %v", name, ready, err)
			}
			switch err := c.Ready(t.Context()); {
			case ready && err != nil:
				t.Errorf("%s: %v, want that it is ready", name, err)
			case !ready && (crossrank.CodeOf(err) != crossrank.Unavailable || !strings.Contains(err.Error(), "not accept requests now")):
				t.Errorf("%s: %v, want that it accepts no requests", name, err)
			}
		}
	}
	if err := r.dialTo(t, client.TEI, client.Options{}).Ready(t.Context()); crossrank.CodeOf(err) != crossrank.InvalidArgument {
		t.Errorf("of a third party: %v, want that it cannot be asked for", err)
	}
}

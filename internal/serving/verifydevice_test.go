package serving

import (
	"bytes"
	"log/slog"
	"strings"
	"testing"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/local"
)

// comparedDevice is a model on a device, which was compared when it was opened.
type comparedDevice struct{ Model }

func (comparedDevice) Info() crossrank.Info { return crossrank.Info{Model: "m"} }

func (comparedDevice) Verify() (local.Verification, error) {
	return local.Verification{Precision: "fp16", Largest: 0.01, Limit: 0.03, Blocks: 6, AllBlocks: 6}, nil
}

// TestVerifyLogsADevice: what is true of cores alone is not logged of a device.
func TestVerifyLogsADevice(t *testing.T) {
	var log bytes.Buffer
	r := newRouter(t, "v1", comparedDevice{})
	if err := r.verify(slog.New(slog.NewTextHandler(&log, nil))); err != nil {
		t.Fatal(err)
	}
	if got := log.String(); !strings.Contains(got, `msg="verified against plain Go" model=m precision=fp16 difference=0.01 limit=0.03 blocks="6 of 6"`+"\n") {
		t.Errorf("got the log %s", got)
	}
}

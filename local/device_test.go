package local

import (
	"testing"

	"github.com/crossrank/crossrank/internal/backend"
	"github.com/crossrank/crossrank/internal/network"
)

// fakeOpening starts engines with the properties that it has.
type fakeOpening struct {
	network.Receiver
	properties backend.Properties
	asked      backend.Options
}

func (o *fakeOpening) Start(opts backend.Options) (backend.Engine, error) {
	o.asked = opts
	return fakeEngine{properties: o.properties}, nil
}

type fakeEngine struct {
	backend.Engine
	properties backend.Properties
}

func (e fakeEngine) Properties() backend.Properties { return e.properties }

func (e fakeEngine) Replica(int, []int) (backend.Engine, error) { return e, nil }

// TestDeviceHasOneEngine: instances on cores are as many engines, and on a device one engine that
// takes as many batches at once.
func TestDeviceHasOneEngine(t *testing.T) {
	two := Options{Instances: make([]Instance, 2)}
	for _, c := range []struct {
		name           string
		opts           Options
		onCores        bool
		engines, asked int
	}{
		{"on cores", two, true, 2, 2},
		{"on a device", two, false, 1, 2},
		{"on a device, as it likes", Options{}, false, 1, 0},
		{"on a device, with threads", Options{Threads: 1}, false, 1, 0},
	} {
		o := &fakeOpening{properties: backend.Properties{OnCores: c.onCores}}
		engines, err := c.opts.engines(o, 10)
		if err != nil || len(engines) != c.engines || o.asked.InFlight != c.asked {
			t.Errorf("%s: got %d engines, %d batches in flight, %v; want %d and %d", c.name, len(engines), o.asked.InFlight, err, c.engines, c.asked)
		}
	}
}

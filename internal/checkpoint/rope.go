package checkpoint

import (
	"math"

	"github.com/crossrank/crossrank/internal/network"
)

// refuse fails a member that asks for something which cannot be computed: one that is neither
// false, nor null, nor absent.
func (o *object) refuse(key string) {
	if raw, ok := o.get(key); ok && string(raw) != "false" {
		o.fail(key, "it is %.80s, which cannot be computed", raw)
	}
}

// rotary makes rotary positions over whole heads: the angle between one token and the next is 1 for
// the first pair of elements, and theta^(−2i/size) for the i-th after it (Su et al. 2021).
func rotary(theta float64, size int) *network.Rotary {
	f := make([]float64, size/2)
	for i := range f {
		f[i] = math.Pow(theta, -2*float64(i)/float64(size))
	}
	return &network.Rotary{Frequencies: f}
}

// rotaryKeys are the members of an object about rotary positions that change nothing, or are read
// on their own.
var rotaryKeys = []string{"rope_type", "type", "rope_theta", "partial_rotary_factor"}

// ropeType returns the kind of rotary positions that an object such as rope_parameters or
// rope_scaling asks for. It refuses those that turn only a part of a head.
func (o *object) ropeType() string {
	if part := o.positive("partial_rotary_factor", 1); part != 1 {
		o.fail("partial_rotary_factor", "it is %g; only whole heads can be turned", part)
	}
	return o.str("rope_type", o.str("type", "default"))
}

// plainRope reads the member key of o, which is about rotary positions, and returns its rope_theta.
// It refuses every scaling.
func (o *object) plainRope(key string, fallback float64) (theta float64) {
	part := o.object(key)
	if kind := part.ropeType(); kind != "default" {
		part.fail("rope_type", "it is %.80q; only default can be computed", kind)
	}
	theta = part.positive("rope_theta", fallback)
	o.merge(part)
	o.harmless(key, rotaryKeys...)
	return theta
}

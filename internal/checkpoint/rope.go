package checkpoint

import (
	"math"
	"slices"

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
	o.wholeHeads()
	return o.str("rope_type", o.str("type", "default"))
}

func (o *object) wholeHeads() {
	if part := o.positive("partial_rotary_factor", 1); part != 1 {
		o.fail("partial_rotary_factor", "it is %g; only whole heads can be turned", part)
	}
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

// rope are the rotary positions of a decoder: their base, and how they are scaled.
type rope struct {
	theta  float64
	llama3 *llama3Rope // nil: not
}

// readRope reads rope_theta and rope_scaling, or rope_parameters as transformers 5 writes both.
// Of the scalings it reads llama3 where a family has it.
func (o *object) readRope(theta float64, llama3 bool) rope {
	o.wholeHeads()
	r := rope{theta: o.positive("rope_theta", theta)}
	for _, key := range []string{"rope_scaling", "rope_parameters"} {
		part := o.object(key)
		if !llama3 || part.ropeType() != "llama3" {
			r.theta = o.plainRope(key, r.theta)
			continue
		}
		r.theta = part.positive("rope_theta", r.theta)
		r.llama3 = readLlama3Rope(part)
		o.merge(part)
		o.harmless(key, slices.Concat(llama3Keys, rotaryKeys)...)
	}
	return r
}

func (r rope) rotary(size int) *network.Rotary {
	turns := rotary(r.theta, size)
	if r.llama3 != nil {
		for i, f := range turns.Frequencies {
			turns.Frequencies[i] = r.llama3.scale(f)
		}
	}
	return turns
}

// llama3Rope is how Llama 3.1 and later make the texts longer that rotary positions reach.
type llama3Rope struct{ factor, low, high, length float64 }

var llama3Keys = []string{"factor", "low_freq_factor", "high_freq_factor", "original_max_position_embeddings"}

func readLlama3Rope(o *object) *llama3Rope {
	var values [4]float64
	for i, key := range llama3Keys {
		o.need(key)
		values[i] = o.positive(key, 1)
	}
	r := &llama3Rope{values[0], values[1], values[2], values[3]}
	if r.high <= r.low {
		o.fail("high_freq_factor", "it is %g; it must be more than low_freq_factor, which is %g", r.high, r.low)
	}
	return r
}

// scale divides by the factor the frequency of a pair that turns round less than low times within
// the length that the model was first trained with. Frequencies of more than high turns stay, and
// between the two both are mixed by the number of turns.
func (r *llama3Rope) scale(frequency float64) float64 {
	turns := r.length * frequency / (2 * math.Pi)
	share := min(max((turns-r.low)/(r.high-r.low), 0), 1)
	return (1-share)*frequency/r.factor + share*frequency
}

package config

import (
	"fmt"
	"slices"

	"github.com/crossrank/crossrank/internal/backend/catalog"
	"github.com/crossrank/crossrank/internal/keypath"
	"github.com/crossrank/crossrank/internal/strictyaml"
)

// instancesKey is the list of instances.
const instancesKey = "model_pool.instances"

// MinLength is the number of tokens of the shortest pair.
const MinLength = 3

// ShortestPair says why a maximum length cannot be below MinLength.
const ShortestPair = "a pair has at least the 3 tokens [CLS] [SEP] [SEP]; 0 is the model's maximum"

// Unsupported lists what s asks for that this build cannot do. Programs refuse such settings.
func Unsupported(s Settings) []strictyaml.Fault {
	var why []strictyaml.Fault
	add := func(key, format string, args ...any) {
		why = append(why, strictyaml.Fault{Key: key, Msg: fmt.Sprintf(format, args...)})
	}
	for i, in := range s.ModelPool.Instances {
		at := keypath.Element(instancesKey, i)
		if n := in.MaxLength; n != 0 && n < MinLength {
			add(keypath.Join(at, "max_length"), "is %d; %s", n, ShortestPair)
		}
		if key, why := catalog.Check(in.Backend, in.Device, in.Quantization); key != "" {
			add(keypath.Join(at, key), "%s", why)
		}
	}
	s.conflictingInstances(add)
	s.preferredSizeFaults(add)
	room := s.Server.RequestBytes - s.Server.RequestBytes/4
	for _, one := range []struct {
		key   string
		bytes int
	}{{"server.grpc.message_bytes", s.Server.GRPC.MessageBytes}, {"server.http.body_bytes", s.Server.HTTP.BodyBytes}} {
		if one.bytes > room {
			add(one.key, "is %d, but must be at most %d, three quarters of server.request_bytes", one.bytes, room)
		}
	}
	return why
}

// preferredSizeFaults reports preferred sizes that no batch can have.
func (s Settings) preferredSizeFaults(add strictyaml.Report) {
	const at = "batching.preferred_batch_size"
	sizes, most := s.Batching.PreferredPairs, s.Batching.MaxPairs
	switch {
	case len(sizes) == 0:
	case !s.Batching.Enabled:
		add(at, "has no meaning where batching.enabled is false; leave one of them out")
	case !slices.IsSorted(sizes) || len(slices.Compact(slices.Clone(sizes))) < len(sizes):
		add(at, "is %v; list the sizes in ascending order, each once", sizes)
	case most > 0 && sizes[len(sizes)-1] > most:
		add(at, "has %d, but batching.max_batch_size is %d", sizes[len(sizes)-1], most)
	}
}

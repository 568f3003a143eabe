package experiment

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"slices"

	"github.com/crossrank/crossrank/internal/config"
	"github.com/crossrank/crossrank/internal/definition"
	"github.com/crossrank/crossrank/internal/results"
)

// keyOf returns the key of a configuration: equal for equal settings, in whatever run. Results
// files hold keys, so that the names and the order of what is encoded here stay as they are.
func keyOf(s definition.Settings, c results.Configuration) string {
	return fingerprint(struct {
		Server        string
		Target        definition.Target `json:"target,omitzero"`
		Data          definition.Data
		Arrival       definition.Arrival
		Stability     definition.Stability  `json:"settles,omitzero"`
		Configuration results.Configuration `json:"Point"`
	}{serverPart(s), s.Target, s.Data, s.Experiment.Arrival, s.Experiment.Stability, c})
}

// serverPart is what a server is started with: configurations with the same share a server.
func serverPart(s definition.Settings) string {
	s.Model = cmp.Or(s.Model, config.BuiltinModel)
	b, err := config.Encode(s.Settings)
	if err != nil {
		panic("experiment: server settings do not encode: " + err.Error())
	}
	return string(b)
}

// fingerprint is the same for equal values.
func fingerprint(v any) string {
	b, err := json.Marshal(v)
	if err != nil {
		panic("experiment: settings do not encode: " + err.Error())
	}
	sum := sha256.Sum256(b)
	return hex.EncodeToString(sum[:8])
}

// keptOf returns, by its key, whether older results hold all of a planned configuration.
func keptOf(processes []process, old *results.Results) map[string]bool {
	keep := map[string]bool{}
	if old == nil {
		return keep
	}
	complete := map[string]bool{}
	for _, m := range old.Configurations {
		key, ok := m.Configuration.Key, m.End != nil && m.End.Complete
		before, seen := complete[key]
		complete[key] = ok && (before || !seen)
	}
	for _, p := range processes {
		for _, c := range p.configurations {
			searched := func(r results.SLOResult) bool { return r.Key == c.Key }
			keep[c.Key] = complete[c.Key] && (!c.searches() || slices.ContainsFunc(old.SLOResults, searched))
		}
	}
	return keep
}

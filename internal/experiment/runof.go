package experiment

import (
	"encoding/json"
	"fmt"
	"time"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/dataset"
	"github.com/crossrank/crossrank/internal/definition"
	"github.com/crossrank/crossrank/internal/machine"
	"github.com/crossrank/crossrank/internal/results"
)

// InProcess is the target of a measurement without a server.
const InProcess = "in process"

// RunOf describes a measurement that begins now. The caller adds the command line and the version.
func RunOf(s definition.Settings, data *dataset.Set, info crossrank.Info, target string) (results.Run, error) {
	settings, err := json.Marshal(settingsInEffect(s, target))
	if err != nil {
		return results.Run{}, fmt.Errorf("encoding the settings: %w", err)
	}
	loop := "closed"
	if s.Experiment.Arrival.Open() {
		loop = "open"
	}
	return results.Run{
		Name: s.Name, Description: s.Description, Started: time.Now(), Settings: settings,
		Model: info, Target: target, Dialect: foreignDialect(s.Target), ExternalServer: s.Target.Address != "",
		Loop: loop, Data: Provenance(data, s.Data), Machine: results.Machine(machine.Here()),
	}, nil
}

// settingsInEffect returns the settings of a run, without those of a server unless it is started
// with them.
func settingsInEffect(s definition.Settings, target string) any {
	if s.Target.Address == "" && target != InProcess {
		return s
	}
	return struct {
		Name        string                `json:"name"`
		Description string                `json:"description,omitempty"`
		Target      definition.Target     `json:"target,omitzero"`
		Data        definition.Data       `json:"data"`
		Experiment  definition.Experiment `json:"experiment"`
	}{s.Name, s.Description, s.Target, s.Data, s.Experiment}
}

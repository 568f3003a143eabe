package config

import (
	"fmt"
)

// backendNeeds says why a backend of the schema cannot run in this build.
var backendNeeds = map[string]string{
	"mps":  "needs the Metal backend, which this build does not have",
	"cuda": "needs the CUDA backend, which this build does not have",
	"onnx": "needs the ONNX Runtime backend, which this build does not have",
}

// Unsupported lists what s asks for that this build cannot do, a sentence each that names the key; nothing when it can
// do everything. Programs refuse such settings.
func Unsupported(s Settings) []string {
	var why []string
	add := func(key, format string, args ...any) {
		if line := s.lines[key]; line > 0 {
			key = fmt.Sprintf("%s (line %d)", key, line)
		}
		why = append(why, key+": "+fmt.Sprintf(format, args...))
	}
	for i, in := range s.ModelPool.Instances {
		at := fmt.Sprintf("model_pool.instances[%d].", i)
		if need, ok := backendNeeds[in.Backend]; ok {
			add(at+"backend", "%s %s", in.Backend, need)
		} else if in.Device != "" && in.Device != "cpu" {
			add(at+"device", "the %s backend runs on cpu, not on %s", in.Backend, in.Device)
		}
		if in.Quantization == "fp16" {
			add(at+"quantization", "fp16 needs an engine that this build does not have; it computes in fp32 or int8")
		}
	}
	s.disagreements(add)
	e := s.Experiment
	if e.Duration > 0 {
		add("experiment.duration", "this build ends a configuration by benchmark_requests, not by time")
	}
	if e.Arrival.Process != "closed" {
		add("experiment.arrival.process", "%s needs the open-loop generator, which this build does not have", e.Arrival.Process)
	} else if (e.Arrival != Arrival{Process: "closed"}) {
		add("experiment.arrival", "a closed loop has no rate, shape, seed or trace")
	}
	if (e.Objective != Objective{}) {
		add("experiment.objective", "the search for the highest rate within an objective is not in this build")
	}
	if e.Repeats > 1 {
		add("experiment.repeats", "this build measures once, not %d times", e.Repeats)
	}
	return why
}

// ForServer lists the sections of s's file that a server has no use for; a server refuses such a file rather than
// pretend that they do something.
func ForServer(s Settings) []string {
	var why []string
	for _, section := range []string{"data", "experiment"} {
		if line := s.lines[section]; line > 0 {
			why = append(why, fmt.Sprintf("%s (line %d): belongs to an experiment's definition, not to a server's settings", section, line))
		}
	}
	return why
}

// ForExperiment lists what the definition of an experiment still needs.
func ForExperiment(s Settings) []string {
	if s.Name == "" {
		return []string{"name: an experiment needs a name; its results are filed under it"}
	}
	return nil
}

package compare

import (
	"encoding/json"
	"fmt"
	"math"
	"slices"
	"strings"

	"github.com/crossrank/crossrank/internal/keypath"
	"github.com/crossrank/crossrank/internal/markdown"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/stats"
	"github.com/crossrank/crossrank/internal/summary"
)

const (
	leastDifference = 0.02 // part by which throughputs must differ, however steady a machine is
	unknownNoise    = 0.05 // the same where no configuration was measured twice
)

// Noise is how far measurements of one and the same configuration differ, each by a server process
// of its own. Other differences are compared with it.
type Noise struct {
	Configurations int     `json:"configs"`      // that were measured more than once
	Measured       int     `json:"measurements"` // of those
	Spread         float64 `json:"spread"`       // standard deviation of the logarithms of the throughputs, within a configuration
	Widest         float64 `json:"widest"`       // largest excess of a fastest over its slowest, as a part
	Where          string  `json:"widest_of"`    // the configuration of Widest
}

// quantiles are t₀.₉₇₅ of Student's distribution for 1, 2, … degrees of freedom; 2.1 is no less
// than it for more than 20.
var quantiles = []float64{12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
	2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086}

// minDetectable is the part by which a throughput must differ from another for the difference to be
// real with 95 % confidence, where both are geometric means over n configurations: t·√(2/n)·Spread
// in the logarithm, and at least 2 %.
func (n Noise) minDetectable(configurations int) float64 {
	if n.Configurations == 0 {
		return unknownNoise
	}
	t := 2.1
	if free := n.Measured - n.Configurations; free <= len(quantiles) {
		t = quantiles[free-1]
	}
	return max(leastDifference, math.Expm1(t*math.Sqrt(2/float64(max(1, configurations)))*n.Spread))
}

// Words says what is called a difference, and why, in Markdown.
func (n Noise) Words() string {
	if n.Configurations == 0 {
		return fmt.Sprintf("No configuration was measured by more than one server process, so the noise of the measurement is unknown; "+
			"a difference below %.0f %% counts as none.", 100*n.minDetectable(1))
	}
	were := "s were"
	if n.Configurations == 1 {
		were = " was"
	}
	return fmt.Sprintf("Noise: %d configuration%s measured by several server processes, %d in all. The standard deviation of their throughputs is "+
		"%.1f %%; the widest gap, %.1f %%, is that of %s. So a difference between two measurements below %.1f %% counts as none, and one in the "+
		"mean of n pairs of them below that over √n (95 %% confidence; at least %.0f %%).",
		n.Configurations, were, n.Measured, 100*n.Spread, 100*n.Widest, markdown.Text(n.Where), 100*n.minDetectable(1), 100*leastDifference)
}

// repeatGroup is the throughputs of configurations that differ in nothing.
type repeatGroup struct {
	name string
	from []string  // experiments
	logs []float64 // of the throughputs
}

// NoiseOf compares configurations that differ in nothing.
func NoiseOf(all []*summary.Summary) Noise {
	var n Noise
	squares := 0.0
	for _, g := range repeatGroups(all) {
		if len(g.logs) < 2 {
			continue
		}
		n.Configurations, n.Measured = n.Configurations+1, n.Measured+len(g.logs)
		mean := stats.Mean(g.logs)
		for _, l := range g.logs {
			squares += (l - mean) * (l - mean)
		}
		if wide := math.Expm1(slices.Max(g.logs) - slices.Min(g.logs)); n.Configurations == 1 || wide > n.Widest {
			n.Widest, n.Where = wide, fmt.Sprintf("%s in %s", g.name, strings.Join(g.from, ", "))
		}
	}
	if n.Configurations > 0 {
		n.Spread = math.Sqrt(squares / float64(n.Measured-n.Configurations))
	}
	return n
}

// repeatGroups groups the configurations of closed loops that differ in nothing, in the order of
// the results.
func repeatGroups(all []*summary.Summary) []*repeatGroup {
	var groups []*repeatGroup
	byCondition := map[string]*repeatGroup{}
	for _, s := range all {
		r := experiment{s}
		for i := range r.Configurations {
			c := &r.Configurations[i]
			if !c.Counts() || c.Arrival != "" || c.RampTo != 0 {
				continue
			}
			key := r.condition(c)
			g := byCondition[key]
			if g == nil {
				g = &repeatGroup{name: fmt.Sprintf("batch=%d, conc=%d", c.Batch, c.Concurrency)}
				byCondition[key], groups = g, append(groups, g)
			}
			g.logs = append(g.logs, math.Log(float64(c.PairsPerSecond)))
			if !slices.Contains(g.from, r.Run.Name) {
				g.from = append(g.from, r.Run.Name)
			}
		}
	}
	return groups
}

// condition is the same for configurations that differ in nothing that could change their speed:
// the settings of the server with the values that c has for what is varied, the data, the machine
// and the load.
func (r experiment) condition(c *configuration) string {
	var settings map[string]any
	if json.Unmarshal(r.Run.Settings, &settings) != nil {
		settings = map[string]any{}
	}
	var elsewhere []results.Setting // that the settings do not show
	for _, s := range c.Set {
		if !keypath.Assign(settings, s.Key, valueOfText(s.Value)) {
			elsewhere = append(elsewhere, s)
		}
	}
	for _, other := range []string{"name", "description", "experiment", "data", "server"} {
		delete(settings, other)
	}
	b, err := json.Marshal([]any{settings, elsewhere, r.Run.Model.Weights, r.Run.Data, r.Run.Machine, r.Run.Version, c.Batch, c.Concurrency})
	if err != nil {
		return r.Run.Name + c.Name() // what does not encode is like nothing else
	}
	return string(b)
}

// valueOfText gives the value that JSON would have.
func valueOfText(s string) any {
	var v any
	if json.Unmarshal([]byte(s), &v) != nil {
		return s
	}
	return v
}

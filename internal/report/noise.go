package report

import (
	"encoding/json"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/internal/stats"
)

const (
	leastTold = 0.02 // part by which throughputs must differ, however steady a machine is
	untested  = 0.05 // where no configuration was measured twice
)

// noise is how much measurements of one and the same configuration differ, each by a server process of its own. It is the
// measure of what other differences are worth.
type noise struct {
	Configs  int     `json:"configs"`      // that were measured more than once
	Measured int     `json:"measurements"` // of those
	Spread   float64 `json:"spread"`       // the standard deviation of the logarithms of their throughputs, within a configuration
	Widest   float64 `json:"widest"`       // the largest part by which a fastest was faster than its slowest
	Where    string  `json:"widest_of"`    // where that was
}

// quantiles are t₀.₉₇₅ of Student's distribution for 1, 2, … degrees of freedom; 2.1 is no less than it for more than 20.
var quantiles = []float64{12.71, 4.303, 3.182, 2.776, 2.571, 2.447, 2.365, 2.306, 2.262, 2.228,
	2.201, 2.179, 2.160, 2.145, 2.131, 2.120, 2.110, 2.101, 2.093, 2.086}

// told is the part by which a throughput must differ from another for a difference to be told with 95 % confidence, the two being
// geometric means over n configurations: t·√(2/n)·Spread in the logarithm, and 2 % at least.
func (n noise) told(configs int) float64 {
	if n.Configs == 0 {
		return untested
	}
	t := 2.1
	if free := n.Measured - n.Configs; free <= len(quantiles) {
		t = quantiles[free-1]
	}
	return max(leastTold, math.Expm1(t*math.Sqrt(2/float64(max(1, configs)))*n.Spread))
}

func (n noise) words() string {
	if n.Configs == 0 {
		return fmt.Sprintf("No configuration was measured by more than one server process, so how much chance does is not known; "+
			"a difference of less than %.0f %% is called none.", 100*n.told(1))
	}
	return fmt.Sprintf("How much chance does: %d configuration%s measured by several server processes, %d in all. Their throughputs have a standard deviation of "+
		"%.1f %%; the widest apart, by %.1f %%, are those of %s. So a difference between two measurements is called none below %.1f %%, and one in the "+
		"mean of n pairs of them below that over √n (95 %% confidence; %.0f %% at least).",
		n.Configs, either(n.Configs == 1, " was", "s were"), n.Measured, 100*n.Spread, 100*n.Widest, n.Where, 100*n.told(1), 100*leastTold)
}

// noiseOf looks for configurations that differ in nothing.
func noiseOf(reports []*Report) noise {
	type group struct {
		logs []float64
		name string
		from []string
	}
	groups := map[string]*group{}
	var order []string
	for _, r := range reports {
		for i := range r.Configs {
			c := &r.Configs[i]
			if !c.counts() || c.Arrival != "" {
				continue
			}
			key := r.condition(c)
			g := groups[key]
			if g == nil {
				g = &group{name: fmt.Sprintf("batch=%d, conc=%d", c.Batch, c.Concurrency)}
				groups[key], order = g, append(order, key)
			}
			g.logs = append(g.logs, math.Log(float64(c.PairsPerSecond)))
			if !slices.Contains(g.from, r.Run.Name) {
				g.from = append(g.from, r.Run.Name)
			}
		}
	}
	var n noise
	squares := 0.0
	for _, key := range order {
		g := groups[key]
		if len(g.logs) < 2 {
			continue
		}
		n.Configs, n.Measured = n.Configs+1, n.Measured+len(g.logs)
		mean := stats.Mean(g.logs)
		for _, l := range g.logs {
			squares += (l - mean) * (l - mean)
		}
		if wide := math.Expm1(slices.Max(g.logs) - slices.Min(g.logs)); n.Configs == 1 || wide > n.Widest {
			n.Widest, n.Where = wide, fmt.Sprintf("%s in %s", g.name, strings.Join(g.from, ", "))
		}
	}
	if n.Configs > 0 {
		n.Spread = math.Sqrt(squares / float64(n.Measured-n.Configs))
	}
	return n
}

// counts tells whether a configuration was measured whole, for its own sake.
func (c *Config) counts() bool {
	return c.Search == "" && c.Complete && c.Invalid == "" && c.PairsPerSecond.Measured() && c.Latency.Average.Measured()
}

// condition is the same for configurations that differ in nothing that could change their speed: the settings of the server with the
// values that c has for what is swept, the data, the machine and the load.
func (r *Report) condition(c *Config) string {
	var settings map[string]any
	if json.Unmarshal(r.Run.Settings, &settings) != nil {
		settings = map[string]any{}
	}
	for _, s := range c.Set {
		assign(settings, s)
	}
	for _, other := range []string{"name", "description", "experiment", "data", "server"} {
		delete(settings, other)
	}
	b, err := json.Marshal([]any{settings, r.Run.Model.Weights, r.Run.Data, r.Run.Machine, r.Run.Version, c.Batch, c.Concurrency})
	if err != nil {
		return r.Run.Name + c.name("") // what does not encode is like nothing else
	}
	return string(b)
}

var keyPart = regexp.MustCompile(`[^.\[\]]+`)

// assign puts a swept value where its key says, as in model_pool.instances[0].threads. A place that is not there is left.
func assign(at any, s results.Setting) {
	parts := keyPart.FindAllString(s.Key, -1)
	for i, part := range parts {
		last := i == len(parts)-1
		switch v := at.(type) {
		case map[string]any:
			if last {
				v[part] = valueOfText(s.Value)
			}
			at = v[part]
		case []any:
			k, err := strconv.Atoi(part)
			if err != nil || k < 0 || k >= len(v) {
				return
			}
			at = v[k]
		default:
			return
		}
	}
}

// valueOfText gives the value that JSON would have.
func valueOfText(s string) any {
	var v any
	if json.Unmarshal([]byte(s), &v) != nil {
		return s
	}
	return v
}

package report

import (
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/crossrank/crossrank/internal/results"
)

const (
	leastTold = 0.02 // part by which throughputs must differ, however steady a machine is
	untested  = 0.05 // where no configuration was measured twice
)

// noise is how much measurements of one and the same configuration differ, each by a server process of its own. It is the
// measure of what other differences are worth.
type noise struct {
	Processes int     `json:"processes"` // of the configuration that was measured most often
	Groups    int     `json:"groups"`    // configurations that were measured more than once
	Spread    float64 `json:"spread"`    // the largest part by which a fastest was faster than its slowest
	Config    string  `json:"config"`    // where that was
	From      string  `json:"from"`      // the experiments that measured it
}

// told is the part by which two throughputs must differ for a difference to be told.
func (n noise) told() float64 {
	if n.Groups == 0 {
		return untested
	}
	return max(leastTold, n.Spread)
}

func (n noise) words() string {
	if n.Groups == 0 {
		return fmt.Sprintf("No configuration was measured by more than one server process, so how much chance does is not known; "+
			"a difference of less than %.0f %% is called none.", 100*n.told())
	}
	return fmt.Sprintf("%d configuration%s measured by several server processes each. The fastest of those was up to %.1f %% faster than the "+
		"slowest (%s, by %d processes: %s). A difference of less than %.1f %% is called none.",
		n.Groups, either(n.Groups == 1, " was", "s were"), 100*n.Spread, n.Config, n.Processes, n.From, 100*n.told())
}

// noiseOf looks for configurations that differ in nothing.
func noiseOf(reports []*Report) noise {
	type group struct {
		low, high Value
		n         int
		name      string
		from      []string
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
				g = &group{low: c.PairsPerSecond, high: c.PairsPerSecond, name: fmt.Sprintf("batch=%d, conc=%d", c.Batch, c.Concurrency)}
				groups[key], order = g, append(order, key)
			}
			g.low, g.high, g.n = min(g.low, c.PairsPerSecond), max(g.high, c.PairsPerSecond), g.n+1
			if !slices.Contains(g.from, r.Run.Name) {
				g.from = append(g.from, r.Run.Name)
			}
		}
	}
	var n noise
	for _, key := range order {
		g := groups[key]
		if g.n < 2 {
			continue
		}
		n.Groups++
		if spread := float64(g.high/g.low) - 1; n.Groups == 1 || spread > n.Spread {
			n.Spread, n.Processes, n.Config, n.From = spread, g.n, g.name, strings.Join(g.from, ", ")
		}
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

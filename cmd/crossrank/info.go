package main

import (
	"encoding/json"
	"fmt"
	"io"
	"os"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/cpu"
	"github.com/crossrank/crossrank/internal/machine"
	"github.com/crossrank/crossrank/internal/topology"
	"github.com/crossrank/crossrank/local"
)

type infoOptions struct {
	model   string
	compute computeFlags
	json    bool
}

func newInfoCommand() *cobra.Command {
	var opts infoOptions
	cmd := &cobra.Command{
		Use:   "info [--model M]",
		Short: "Show CPU features, kernels in use and model details",
		Long: `Info shows the version, the processor with its cores and caches, the instances that a model has
by default, and the instruction tier whose kernels are in use: the best tier that this machine and
this build can run, or the one that the environment variable CROSSRANK_CPU names. If that tier
cannot be run, info says why and exits with 1. A tier can run if the CPU has its instructions, the
system saves the registers that they use, and the build has kernels for it; info lists the tiers of
each. With --model, info opens the model as serve would and shows its details.`,
		Example: `  $ crossrank info
  $ CROSSRANK_CPU=generic crossrank info --model ./ms-marco-MiniLM-L-6-v2 --json`,
		RunE: func(cmd *cobra.Command, _ []string) error { return runInfo(cmd, opts) },
	}
	f := cmd.Flags()
	pullFlag(cmd)
	f.StringVarP(&opts.model, "model", "m", "", modelUsage)
	opts.compute.register(cmd, "")
	f.BoolVar(&opts.json, "json", false, "one JSON object instead of a table")
	return cmd
}

// about is what info shows. Scripts read its JSON: keys may be added, none changes its meaning.
type about struct {
	Version string          `json:"version"`
	Machine machine.Machine `json:"machine"`
	Tier    cpu.Tier        `json:"tier"`             // in use; empty if the forced one cannot be run
	Tiers   []cpu.Tier      `json:"tiers"`            // that this machine and build can run, best first
	Support []cpu.Support   `json:"support"`          // of every tier of this architecture, best first
	Forced  string          `json:"forced,omitempty"` // the value of CROSSRANK_CPU
	Why     string          `json:"why"`              // the tier is in use, or none is

	// Instances are those that a model gets where nothing is asked for.
	Instances []instance `json:"instances"`

	Model        *crossrank.Info `json:"model,omitempty"`
	Tuning       string          `json:"tuning,omitempty"`              // how products are divided on a device
	DeviceMemory int64           `json:"device_memory_bytes,omitempty"` // that is allocated on a device
	Notes        []string        `json:"notes,omitempty"`               // on the model, such as why backend auto took no other
}

// instance is the cores of one instance.
type instance struct {
	Threads int   `json:"threads"`
	CPUs    []int `json:"cpus,omitempty"` // that its threads are bound to
}

// defaultInstances are those of this machine.
func defaultInstances() []instance {
	var all []instance
	for _, g := range topology.Here().Groups() {
		all = append(all, instance{g.Threads, g.CPUs})
	}
	return all
}

// instancesText describes instances on one line, those alike together.
func instancesText(all []instance) string {
	var parts []string
	for i, n := 0, 0; i < len(all); i += n {
		n = 1
		for i+n < len(all) && all[i+n].Threads == all[i].Threads {
			n++
		}
		parts = append(parts, fmt.Sprintf("%d of %d threads", n, all[i].Threads))
	}
	return strings.Join(parts, ", ") + mark(all[0].CPUs != nil, ", bound to cores that share a cache or a memory node")
}

func runInfo(cmd *cobra.Command, opts infoOptions) error {
	if err := opts.compute.check(); err != nil {
		return err
	}
	if opts.model == "" && cmd.Flags().Changed("pull") {
		return usageError("--pull downloads the model of --model; name one, or leave it out")
	}
	a := about{
		Version: programVersion(), Machine: machine.Here(), Instances: defaultInstances(),
		Tiers: cpu.Tiers(), Support: cpu.Supports(), Forced: os.Getenv(cpu.Variable),
	}
	tier, wrong := cpu.Choose()
	a.Tier = tier
	switch {
	case wrong != nil:
		a.Why = wrong.Error()
	case a.Forced != "":
		a.Why = fmt.Sprintf("%s=%s asks for it", cpu.Variable, a.Forced)
	default:
		a.Why = "the best that this machine and build can run"
	}
	if opts.model != "" && wrong == nil {
		if err := ensureModels(cmd, opts.model); err != nil {
			return err
		}
		model, err := local.Open(opts.model, opts.compute.options())
		if err != nil {
			return err
		}
		info := model.Info()
		info.Version = a.Version
		a.Model, a.Tuning, a.Notes = &info, model.Tuning(), model.Warnings()
		if d := model.Device(); d != nil {
			a.DeviceMemory = d.Memory
		}
		if err := model.Close(); err != nil {
			return err
		}
	}
	write := a.writeTable
	if opts.json {
		write = a.writeJSON
	}
	if err := write(cmd.OutOrStdout()); err != nil {
		return err
	}
	return wrong
}

func (a *about) writeJSON(w io.Writer) error {
	enc := json.NewEncoder(w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", "  ")
	return enc.Encode(a)
}

func (a *about) writeTable(w io.Writer) error {
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	row := func(name, format string, args ...any) {
		text := fmt.Sprintf(format, args...)
		if text == "" {
			text = "n/a"
		}
		fmt.Fprintf(t, "%s\t%s\n", name, text)
	}
	row("version", "%s, %s, %s", a.Version, a.Machine.Go, a.Machine.Arch)
	row("system", "%s", a.Machine.OS)
	row("processor", "%s", a.Machine.CPU)
	row("cores", "%d", a.Machine.Cores)
	row("instances", "%s, unless asked otherwise", instancesText(a.Instances))
	row("caches", "%s", a.Machine.Caches)
	if a.Tier == "" {
		row("tier", "none: %s", a.Why)
	} else {
		row("tier", "%s: %s", a.Tier, a.Why)
	}
	row("tiers", "%s", a.tiers(cpu.Support.Runs))
	row("CPU has", "%s", a.tiers(func(s cpu.Support) bool { return s.CPU }))
	row("OS allows", "%s", a.tiers(func(s cpu.Support) bool { return s.System }))
	row("build has", "%s", a.tiers(func(s cpu.Support) bool { return s.Build }))
	if m := a.Model; m != nil {
		row("model", "%s (%s)%s", m.Pinned(), m.Weights, mark(m.Meaningless, ": its scores mean nothing"))
		row("family", "%s", m.Family)
		row("shape", "%d layers, hidden size %d, %d parameters, %d pieces of vocabulary", m.Layers, m.Hidden, m.Parameters, m.VocabSize)
		if m.WeightBytes > 0 {
			row("memory", "%.1f MB of weights", float64(m.WeightBytes)/1e6)
		}
		row("reads", "pairs of up to %d tokens", m.MaxLength)
		if m.Prompt != "" {
			row("prompt", "%q, before every query", m.Prompt)
		}
		if m.Instruction != "" {
			row("instruction", "%q, for requests that give none", m.Instruction)
		}
		row("gives", "%s", m.ScoreType)
		row("engine", "%s", engineText(m))
		if a.DeviceMemory > 0 {
			row("device", "%.1f MB of its memory allocated", float64(a.DeviceMemory)/1e6)
		}
		if a.Tuning != "" {
			row("products", "%s", a.Tuning)
		}
		for _, note := range a.Notes {
			row("note", "%s", note)
		}
	}
	return t.Flush()
}

// tiers lists the tiers of which something is true.
func (a *about) tiers(is func(cpu.Support) bool) string {
	var names []string
	for _, s := range a.Support {
		if is(s) {
			names = append(names, string(s.Tier))
		}
	}
	return strings.Join(names, ", ")
}

package main

import (
	"strings"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/backend/catalog"
	"github.com/crossrank/crossrank/local"
)

// computeFlags say what a model in this process computes with.
type computeFlags struct{ backend, device, precision string }

// register adds the flags. The suffix of their help says when they count.
func (c *computeFlags) register(cmd *cobra.Command, suffix string) {
	c.registerBackend(cmd, suffix)
	cmd.Flags().StringVar(&c.precision, "quantization", catalog.AutoPrecision, precisionUsage+suffix)
}

// registerBackend adds the flags without that of the precision.
func (c *computeFlags) registerBackend(cmd *cobra.Command, suffix string) {
	f := cmd.Flags()
	f.StringVar(&c.backend, "backend", catalog.Native,
		"engine that computes the model: native (the CPU), webgpu, onnx, or auto for the fastest"+suffix)
	f.StringVar(&c.device, "device", "",
		"device of the backend, such as cuda or coreml for onnx; empty = the backend's default"+suffix)
}

// options are those of a model that the flags ask for.
func (c *computeFlags) options() local.Options {
	return local.Options{Backend: c.backend, Device: c.device, Quantization: c.precision}
}

// precisionUsage is the help of --quantization.
const precisionUsage = "precision of the linear layers: fp32, fp16, bf16, bf16-dot, int8, or cascade: int8, then fp32 for what a top_n needs; " +
	"auto = fp32, or the 16 bits of the model's file if its weights have them, which changes no score; " +
	"native has all of them, webgpu fp32 and fp16, onnx these and int8"

// check refuses what this build cannot compute.
func (c *computeFlags) check() error {
	if err := checkBackend(c.backend); err != nil {
		return err
	}
	if c.precision != "" {
		if err := checkPrecision(c.backend, "quantization", c.precision); err != nil {
			return err
		}
	}
	if flag, why := catalog.Check(c.backend, c.device, c.precision); flag != "" {
		return usageError("--%s: %s", flag, why)
	}
	return nil
}

// checkBackend refuses a name that no backend has.
func checkBackend(name string) error {
	var names []string
	for _, b := range catalog.All {
		names = append(names, b.Name)
	}
	return checkChoice("backend", name, names...)
}

// engineText describes what computes a model, on one line.
func engineText(m *crossrank.Info) string {
	parts := []string{m.Backend + " on " + m.Device}
	if m.Tier != "" {
		parts = append(parts, m.Tier)
	}
	if m.Threads > 0 {
		parts = append(parts, plural(m.Threads, "thread"))
	}
	return strings.Join(append(parts, m.Quantization), ", ")
}

package local

import (
	"runtime/debug"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/internal/backend"
	"github.com/crossrank/crossrank/internal/checkpoint"
	"github.com/crossrank/crossrank/internal/pipeline"
)

// describe says what model was opened and how it is run.
func describe(m *checkpoint.Model, engines []backend.Engine, opts Options) crossrank.Info {
	engine := engines[0].Properties()
	info := crossrank.Info{
		Model:        m.Name,
		Weights:      m.Hash,
		Meaningless:  m.Meaningless,
		Backend:      engine.Backend,
		Device:       engine.Device,
		Tier:         engine.Tier,
		Threads:      engine.Threads,
		Instances:    len(engines),
		Quantization: engine.Precision,
		MaxLength:    opts.maxLength(m),
		Prompt:       m.Prompt.BeforeQuery,
		ScoreType:    scoreType(m),
		Padded:       opts.pipeline(0, 0).Pads(),
		Family:       m.Family,
		Layers:       len(m.Network.Blocks),
		Hidden:       m.Network.Hidden,
		Parameters:   m.Network.Parameters(),
		WeightBytes:  backend.WeightBytes(m.Network, engine.Precision),
		VocabSize:    m.Network.Embeddings.Tokens.Rows,
		Version:      version(),
	}
	if m.Prompt.BeforeInstruction != "" {
		info.Prompt, info.Instruction = "", m.Prompt.Instruction
	}
	switch pipeline.Mode(opts.Mode) {
	case pipeline.TokenizationOnly:
		info.ScoreType = crossrank.NoScore
		info.Mode = opts.Mode
	case pipeline.InferenceOnly:
		info.Mode = opts.Mode
	}
	return info
}

// scoreType is what the model's scores are.
func scoreType(m *checkpoint.Model) crossrank.ScoreType {
	if m.Activation == checkpoint.Sigmoid {
		return crossrank.Probability
	}
	return crossrank.Logit
}

const module = "github.com/crossrank/crossrank"

// version is that of the crossrank module in this program, as the Go command recorded it; "devel"
// if it did not.
func version() string {
	version := ""
	if build, ok := debug.ReadBuildInfo(); ok {
		if build.Main.Path == module {
			version = build.Main.Version
		}
		for _, dep := range build.Deps {
			if dep.Path == module {
				version = dep.Version
			}
		}
	}
	if version == "" || version == "(devel)" {
		return "devel"
	}
	return version
}

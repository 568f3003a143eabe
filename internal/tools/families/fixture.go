package main

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"
	"os"
	"path/filepath"

	"github.com/crossrank/crossrank/internal/checkpoint"
	"github.com/crossrank/crossrank/internal/cpu"
	"github.com/crossrank/crossrank/internal/native"
	"github.com/crossrank/crossrank/internal/network"
)

const errorsFile = "errors.jsonl"

// record says how far this engine's logits are from those of a fixture.
type record struct {
	Family  string   `json:"family"`
	Fixture string   `json:"fixture"`
	Cases   int      `json:"cases"`
	Tier    cpu.Tier `json:"tier"` // of instructions
	Largest float64  `json:"largest_error"`
	FP16    float64  `json:"fp16_error"` // likewise with weights in 16 bits
	BF16    float64  `json:"bf16_error"`
	BF16Dot float64  `json:"bf16_dot_error"` // likewise with activations in 16 bits too
}

// fixtureCase is a sequence and its logits.
type fixtureCase struct {
	IDs       []int32   `json:"ids"`
	TypeIDs   []int     `json:"type_ids"`
	TypesFrom *int      `json:"types_from"` // instead of TypeIDs: the first token of type 1
	Logits    []float64 `json:"logits"`
}

// sequence is the case as an executor reads it.
func (c fixtureCase) sequence() network.Sequence {
	boundary := len(c.IDs)
	if c.TypesFrom != nil {
		boundary = *c.TypesFrom
	}
	for i, kind := range c.TypeIDs {
		if kind == 1 {
			boundary = i
			break
		}
	}
	return network.Sequence{IDs: c.IDs, TypeBoundary: boundary}
}

// logit is the one logit of a case: of two labels, the second less the first.
func (c fixtureCase) logit() float64 {
	if len(c.Logits) == 2 {
		return c.Logits[1] - c.Logits[0]
	}
	return c.Logits[0]
}

// computeAll computes the fixtures in folders, in the order of their names, but for those of
// families that this build does not have.
func computeAll(folders []string, log io.Writer) (records []record, err error) {
	for _, folder := range folders {
		configs, err := filepath.Glob(filepath.Join(folder, "*", "config.json"))
		if err != nil {
			return nil, err
		}
		if len(configs) == 0 {
			return nil, fmt.Errorf("%s: it has no fixtures", folder)
		}
		for _, config := range configs {
			dir := filepath.Dir(config)
			family, err := checkpoint.Family(dir)
			if err != nil {
				fmt.Fprintf(log, "passed over: %v\n", err)
				continue
			}
			r, err := compute(family, dir)
			if err != nil {
				return nil, err
			}
			fmt.Fprintf(log, "%-20s %-18s %3d cases: %.2g, fp16 %.2g, bf16 %.2g, bf16-dot %.2g\n",
				r.Family, r.Fixture, r.Cases, r.Largest, r.FP16, r.BF16, r.BF16Dot)
			records = append(records, r)
		}
	}
	return records, nil
}

// compute computes one fixture with the best instructions of this machine.
func compute(family, dir string) (r record, err error) {
	var expected struct{ Cases []fixtureCase }
	data, err := os.ReadFile(filepath.Join(dir, "expected.json"))
	if err != nil {
		return r, err
	}
	if err := json.Unmarshal(data, &expected); err != nil {
		return r, fmt.Errorf("reading %s: %w", filepath.Join(dir, "expected.json"), err)
	}
	n, positions, err := checkpoint.OpenNetwork(dir)
	if err != nil {
		return r, err
	}
	r = record{Family: family, Fixture: filepath.Base(dir), Cases: len(expected.Cases), Tier: cpu.Tiers()[0]}
	for precision, largest := range map[native.Precision]*float64{
		native.FP32: &r.Largest, native.FP16: &r.FP16, native.BF16: &r.BF16, native.BF16Dot: &r.BF16Dot,
	} {
		if *largest, err = largestError(n, expected.Cases, native.Options{MaxTokens: positions, Precision: precision}); err != nil {
			return r, err
		}
	}
	return r, nil
}

// largestError is the largest difference of an engine's logits from those of the cases.
func largestError(n *network.Network, cases []fixtureCase, opts native.Options) (largest float64, err error) {
	e, err := native.New(n, opts)
	if err != nil {
		return 0, err
	}
	defer func() { err = errors.Join(err, e.Close()) }()
	var seqs []network.Sequence
	for _, c := range cases {
		seqs = append(seqs, c.sequence())
	}
	got := make([]float32, len(seqs))
	if err := e.Logits(seqs, got); err != nil {
		return 0, err
	}
	for i, c := range cases {
		largest = max(largest, math.Abs(float64(got[i])-c.logit()))
	}
	return largest, nil
}

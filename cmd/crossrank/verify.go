package main

import (
	"fmt"
	"math"
	"os"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank/internal/checkpoint"
	"github.com/crossrank/crossrank/internal/cpu"
	"github.com/crossrank/crossrank/internal/hub"
	"github.com/crossrank/crossrank/internal/network"
	"github.com/crossrank/crossrank/internal/parity"
)

func newVerifyCommand() *cobra.Command {
	var model string
	cmd := &cobra.Command{
		Use:   "verify --model M",
		Short: "Compare a model's logits on each instruction tier with plain Go",
		Long: `Verify scores a few pairs in each precision, on each instruction tier that this machine and
this build have, and compares the logits with those of plain Go in fp32, which is the reference. It
prints the largest difference and the pair that has it. The exit code is 1 if a difference is more
than rounding explains. The lines of plain Go in the other precisions have no limit: they are what
rounding costs this model. In fp16 and bf16 the other tiers may differ as in fp32 on top, in
bf16-dot and int8 by five times as much.

Plain Go is slow: verify takes some seconds to a minute for a model of base size.`,
		Example: `  $ crossrank verify --model BAAI/bge-reranker-base --pull`,
		RunE:    func(cmd *cobra.Command, _ []string) error { return runVerify(cmd, model) },
	}
	requireModel(cmd, &model)
	return cmd
}

func runVerify(cmd *cobra.Command, model string) error {
	if err := ensureModels(cmd, model); err != nil {
		return err
	}
	at, err := hub.Locate(model, os.Getenv)
	if err != nil {
		return err
	}
	m, err := checkpoint.Open(at.Path)
	if err != nil {
		return err
	}
	var seqs []network.Sequence
	for _, pair := range parity.Pairs {
		ids, boundary := m.Pair(nil, pair.Query, pair.Passage)
		seqs = append(seqs, network.Sequence{IDs: ids, TypeBoundary: boundary})
	}
	fmt.Fprintf(cmd.OutOrStdout(), "%s, %s (%s), %d pairs\n", model, m.Family, m.Hash, len(seqs))
	wrong := 0
	t := tabwriter.NewWriter(cmd.OutOrStdout(), 0, 0, 2, ' ', 0)
	fmt.Fprintln(t, "TIER\tPRECISION\tLARGEST DIFFERENCE\tOF PAIR\tLIMIT")
	err = parity.Check(m.Network, seqs, func(r parity.Result) {
		if r.Refused != nil {
			fmt.Fprintf(t, "none\t%s\tn/a\tn/a\tnot computed: %v\n", r.Precision, r.Refused)
			return
		}
		limit := fmt.Sprintf("%.2g", r.Limit)
		switch {
		case !r.OK():
			limit += "  exceeded"
			wrong++
		case math.IsInf(r.Limit, 1):
			limit = "n/a"
		}
		fmt.Fprintf(t, "%s\t%s\t%.2g\t%d\t%s\n", r.Tier, r.Precision, r.Largest, r.Pair+1, limit)
	})
	if err != nil {
		return err
	}
	if err := t.Flush(); err != nil {
		return err
	}
	if wrong > 0 {
		return fmt.Errorf("verifying %s: %s with plain Go beyond the limit; set %s=%s to compute without the kernels, and "+
			"report this machine", model, plural(wrong, "difference"), cpu.Variable, cpu.Generic)
	}
	return nil
}

package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/backend/catalog"
	"github.com/crossrank/crossrank/internal/results"
	"github.com/crossrank/crossrank/local"
)

// rankingRetries is how often a request that a server refuses is sent again: one that fails ends an
// evaluation.
const rankingRetries = 8

// contender says which model ranks, and where it is.
type contender struct {
	model   string
	compute computeFlags // of a model in this process
	address string       // of a server; empty for a model in this process
}

// evaluated is a model that ranks.
type evaluated struct {
	scorer  closingScorer
	dialect client.Dialect // of a server
	model   results.EvaluatedModel
}

// contenders are the model and the one that it is compared with, if there is one.
func (o *evalOptions) contenders() []contender {
	a := contender{o.model, o.compute, o.target.address}
	if o.against == "" {
		return []contender{a}
	}
	b := a
	model, precision, found := cutPrecision(o.against)
	switch {
	case strings.Contains(o.against, "://"):
		b = contender{address: o.against}
		if a.address != "" {
			b.model = a.model
		}
	case a.address != "":
		b.model = o.against
	case found:
		b.model, b.compute.precision = cmp.Or(model, a.model), precision
	default:
		b.model = o.against
	}
	return []contender{a, b}
}

// cutPrecision cuts the precision off MODEL:PRECISION. A precision alone has no model.
func cutPrecision(s string) (model, precision string, found bool) {
	for _, p := range catalog.Precisions(catalog.Native) {
		if s == p {
			return "", p, true
		}
		if model, found := strings.CutSuffix(s, ":"+p); found {
			return model, p, true
		}
	}
	return s, "", false
}

// checkServer looks at the flags of servers, and refuses a comparison of a model with itself.
func (o *evalOptions) checkServer(cmd *cobra.Command) error {
	all := o.contenders()
	if len(all) == 2 && all[0] == all[1] {
		return usageError("--against is %s, the model and precision that --model already names; give another", o.against)
	}
	if strings.Contains(o.against, "://") && o.target.address == "" {
		return checkChoice("dialect", o.target.dialect, client.Dialects()...)
	}
	if _, precision, found := cutPrecision(o.against); found && o.target.address != "" && precision == o.against {
		return usageError("--against is %s, but the precision of a server's model is its own; name another model of the server, or another server", o.against)
	}
	return o.target.check(cmd)
}

// openEvaluated opens the models and says what people should know of them. On an error, those that
// it returns are open.
func openEvaluated(cmd *cobra.Command, opts *evalOptions) (models []evaluated, err error) {
	for _, c := range opts.contenders() {
		m, err := opts.open(cmd, c)
		if err != nil {
			return models, err
		}
		models = append(models, m)
		warnMeaningless(cmd.ErrOrStderr(), m.model.Info)
		printWarnings(cmd.ErrOrStderr(), m.scorer)
	}
	return models, distinguish(models)
}

// inProcess is the target of a model in this process.
const inProcess = "in process"

// distinguish gives models of one name different labels. It refuses two names of one model of a
// server.
func distinguish(models []evaluated) error {
	if len(models) < 2 {
		return nil
	}
	a, b := &models[0].model, &models[1].model
	if a.Target == b.Target && a.Info.Weights != "" && a.Info == b.Info {
		return fmt.Errorf("both models are %s, %s; name another model, or another precision in this process", a.Label, whereIs(a.Target))
	}
	if a.Label != b.Label {
		return nil
	}
	for _, m := range []*results.EvaluatedModel{a, b} {
		m.Label += " " + whereIs(m.Target)
	}
	return nil
}

// whereIs says where a model is.
func whereIs(target string) string {
	if target == inProcess {
		return target
	}
	return "at " + target
}

func (o *evalOptions) open(cmd *cobra.Command, c contender) (evaluated, error) {
	if c.address != "" {
		conn, info, err := o.target.connect(cmd.Context(), c.address, c.model, rankingRetries)
		return evaluated{conn, o.target.api(), results.EvaluatedModel{Label: labelOf(info, c), Target: c.address, Info: info}}, err
	}
	if err := ensureModels(cmd, c.model); err != nil {
		return evaluated{}, err
	}
	options := c.compute.options()
	options.Threads = o.threads
	model, err := local.Open(c.model, options)
	if err != nil {
		return evaluated{}, err
	}
	info := model.Info()
	info.Version = programVersion()
	return evaluated{scorer: model, model: results.EvaluatedModel{Label: labelOf(info, c), Target: inProcess, Info: info}}, nil
}

// labelOf names a model in few words: its name without folders, and its precision if that is known.
func labelOf(info crossrank.Info, c contender) string {
	name := cmp.Or(results.PublicPath(info.Pinned()), c.model, c.address)
	return strings.TrimSpace(name + " " + info.Quantization)
}

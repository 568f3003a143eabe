package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank"
	"github.com/crossrank/crossrank/client"
	"github.com/crossrank/crossrank/internal/dataset"
	"github.com/crossrank/crossrank/internal/definition"
	"github.com/crossrank/crossrank/internal/experiment"
)

// targetFlags say which server is measured, and how requests to it are made.
type targetFlags struct {
	address string
	dialect string
	keyEnv  string
	caFile  string
}

func (t *targetFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVar(&t.address, "target", "", "server to measure instead of a model: grpc://host:port or http://host:port (grpcs, https)")
	f.StringVar(&t.dialect, "dialect", string(client.Crossrank), "API of the server: "+orList(client.Dialects()))
	f.StringVar(&t.keyEnv, "api-key-env", "", "name of the environment variable with the API key")
	f.StringVar(&t.caFile, "ca-file", "", "PEM file with the authorities to trust instead of the system's, for grpcs and https")
}

// check looks at the flags as far as that is possible without the server.
func (t *targetFlags) check(cmd *cobra.Command) error {
	for _, name := range []string{"dialect", "api-key-env", "ca-file"} {
		if t.address == "" && cmd.Flags().Changed(name) {
			return usageError("--%s applies only to a server; give its address with --target", name)
		}
	}
	return checkChoice("dialect", t.dialect, client.Dialects()...)
}

func (t *targetFlags) api() client.Dialect { return client.Dialect(t.dialect) }

// settings are those of the server at an address, with the model to ask for.
func (t *targetFlags) settings(address, model string) definition.Target {
	return definition.Target{Address: address, Dialect: t.dialect, Model: model, APIKeyEnv: t.keyEnv, CAFile: t.caFile}
}

// connect makes a client of the server at an address, which sends a refused request again up to so
// many times, and asks the server for its model.
func (t *targetFlags) connect(ctx context.Context, address, model string, retries int) (*client.Client, crossrank.Info, error) {
	conn, err := experiment.Connect(t.settings(address, model), retries)
	if err != nil {
		return nil, crossrank.Info{}, usageError("%w", err)
	}
	info, err := conn.Info(ctx)
	if err != nil {
		return nil, crossrank.Info{}, errors.Join(fmt.Errorf("asking the server for its model: %w", err), conn.Close())
	}
	return conn, info, nil
}

// fits refuses what the server cannot be asked for before anything is measured. Synthetic pairs get
// one query per request where it needs that.
func (t *targetFlags) fits(opts *benchOptions, data *dataset.Set) error {
	d, ranks := t.api(), t.address != "" && opts.topN > 0
	if ranks && d != client.Crossrank {
		return usageError("--top-n asks a server for its highest scores alone, which the dialect %s cannot", d)
	}
	if opts.scores != "" && !d.Logits() {
		return usageError("--scores writes logits, which the dialect %s cannot be asked for", d)
	}
	if !d.OneQuery() && !ranks {
		return nil
	}
	if opts.scores != "" && d.OneQuery() {
		return usageError("--scores scores every pair with its own query, but the dialect %s accepts one query per request", d)
	}
	at := experiment.SeveralQueries(data.Pairs, opts.load.batch)
	switch {
	case at == 0 || opts.load.oneQuery:
	case opts.pairs != "" || opts.collection != "":
		who := fmt.Sprintf("the dialect %s accepts", d)
		if ranks {
			who = "--top-n is for"
		}
		return usageError("%s one query per request, but requests of %d pairs hold several, as pair %d of %s; "+
			"use --one-query, or give pairs sorted by query", who, opts.load.batch, at, data.Name)
	default:
		opts.load.oneQuery = true // of synthetic pairs, which belong to no query
	}
	return nil
}

package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// arguments is the rule of a command whose arguments are all required.
func arguments(names ...string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) < len(names) {
			return fmt.Errorf("argument %s is missing", names[len(args)])
		}
		return noMore(args[len(names):])
	}
}

// optionalArgument is the rule of a command that accepts one argument or none.
func optionalArgument(_ *cobra.Command, args []string) error {
	return noMore(args[min(1, len(args)):])
}

// oneOrMore is the rule of a command that accepts any number of arguments but none.
func oneOrMore(name string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return fmt.Errorf("argument %s is missing", name)
		}
		return nil
	}
}

func noMore(args []string) error {
	if len(args) > 0 {
		return fmt.Errorf("unexpected argument %q", args[0])
	}
	return nil
}

// checkUsage has every command below cmd check its arguments and flags before it runs. What is
// wrong with them is wrong usage. A command without a rule for its arguments accepts none.
func checkUsage(cmd *cobra.Command) {
	for _, sub := range cmd.Commands() {
		rule := sub.Args
		if rule == nil {
			rule = arguments()
		}
		if sub.HasSubCommands() {
			rule = cobra.ArbitraryArgs
		}
		sub.Args = func(cmd *cobra.Command, args []string) error {
			for _, check := range []func() error{
				func() error { return rule(cmd, args) },
				func() error { return checkRequired(cmd) },
				func() error { return checkExclusive(cmd) },
			} {
				if err := check(); err != nil {
					return usageError("%w", err)
				}
			}
			return nil
		}
		checkUsage(sub)
	}
}

// checkRequired names the first flag that [require] marks and that is not set.
func checkRequired(cmd *cobra.Command) (err error) {
	cmd.Flags().VisitAll(func(f *pflag.Flag) {
		if _, required := f.Annotations[cobra.BashCompOneRequiredFlag]; required && !f.Changed && err == nil {
			err = fmt.Errorf("--%s is required", f.Name)
		}
	})
	return err
}

// checkExclusive names flags that exclude each other and are both set. It rewords cobra's error,
// which ends in a list of them: "[a b] were all set".
func checkExclusive(cmd *cobra.Command) error {
	err := cmd.ValidateFlagGroups()
	if err == nil {
		return nil
	}
	text, found := strings.CutSuffix(err.Error(), "] were all set")
	_, set, listed := strings.Cut(text, "; [")
	if !found || !listed {
		return err
	}
	names := strings.Fields(set)
	for i := range names {
		names[i] = "--" + names[i]
	}
	return fmt.Errorf("%s exclude each other; leave one out", strings.Join(names, " and "))
}

// flagError is the error of a flag that is unknown or whose value cannot be read.
func flagError(cmd *cobra.Command, err error) error {
	if invalid, ok := errors.AsType[*pflag.InvalidValueError](err); ok {
		f := invalid.GetFlag()
		if want := valueNames[f.Value.Type()]; want != "" {
			return usageError("--%s is %q; it must be %s", f.Name, invalid.GetValue(), want)
		}
	}
	return usageError("%w%s", err, nearestFlag(cmd, err))
}

// valueNames describes the values of pflag's types.
var valueNames = map[string]string{"int": "a whole number", "float64": "a number", "bool": "true or false", "duration": "a time, such as 30s"}

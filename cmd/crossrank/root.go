package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// newRootCommand makes the command tree. Every run makes its own, so that runs in one process share
// no flags.
func newRootCommand() *cobra.Command {
	root := &cobra.Command{
		Use:   "crossrank",
		Short: "Score, rank and serve (query, passage) pairs with a cross-encoder, and measure it",
		Long: `crossrank scores (query, passage) pairs with a cross-encoder on its own CPU engine, serves the
scores over gRPC and HTTP, and measures itself.

A model is one of these:
  - a directory in the Hugging Face layout: config.json, model.safetensors, tokenizer.json or
    vocab.txt;
  - the name of a model on the Hugging Face hub, once crossrank pull has downloaded it;
  - builtin:minilm-l6, which has random weights: it runs at the speed of the real model, and its
    scores mean nothing.`,
		Example: `  $ printf 'Paris\nRome\n' | crossrank rank -m ./ms-marco-MiniLM-L-6-v2 -q "capital of France"
  $ crossrank serve -m ./ms-marco-MiniLM-L-6-v2
  $ crossrank bench`,
		SilenceUsage:      true,
		SilenceErrors:     true,
		CompletionOptions: cobra.CompletionOptions{HiddenDefaultCmd: true},
	}
	root.AddCommand(
		newScoreCommand(),
		newJobCommand(),
		newRankCommand(),
		newTokenizeCommand(),
		newServeCommand(),
		newHealthCommand(),
		newReadyCommand(),
		newPullCommand(),
		newModelsCommand(),
		newConfigCommand(),
		newBenchCommand(),
		newEvalCommand(),
		newExperimentCommand(),
		newReportCommand(),
		newCompareCommand(),
		newInfoCommand(),
		newVerifyCommand(),
		newVersionCommand(),
		newManualCommand(),
	)
	group(root)
	wrapHelp(root)
	root.SetHelpCommand(newHelpCommand())
	root.SetFlagErrorFunc(flagError)
	checkUsage(root)
	return root
}

// newHelpCommand is cobra's own, except that an unknown command is wrong usage.
func newHelpCommand() *cobra.Command {
	return &cobra.Command{
		Use:   "help [command]",
		Short: "Show the help of a command",
		Example: `  $ crossrank help serve
  $ crossrank help config show`,
		Args: cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			named, rest, err := cmd.Root().Find(args)
			if err != nil || len(rest) > 0 {
				return usageError("no help on %q", strings.Join(args, " "))
			}
			return named.Help()
		},
	}
}

// group makes cmd a command that only has subcommands. Alone it shows its help and is wrong usage,
// like an unknown subcommand.
func group(cmd *cobra.Command) *cobra.Command {
	cmd.RunE = func(cmd *cobra.Command, args []string) error {
		if len(args) > 0 {
			return usageError("%w", unknownWord(cmd, args[0]))
		}
		fmt.Fprintf(cmd.ErrOrStderr(), "%s\n\n%s\n", cmd.Long, cmd.UsageString())
		return usageError("a command is missing")
	}
	cmd.DisableFlagsInUseLine = true
	return cmd
}

// unknownWord is the error for a word that is none of cmd's subcommands, with the nearest of them.
func unknownWord(cmd *cobra.Command, word string) error {
	if cmd.SuggestionsMinimumDistance <= 0 {
		cmd.SuggestionsMinimumDistance = 2
	}
	if near := cmd.SuggestionsFor(word); len(near) > 0 {
		return fmt.Errorf("unknown command %q (did you mean %s?)", word, strings.Join(near, " or "))
	}
	return fmt.Errorf("unknown command %q", word)
}

package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"github.com/crossrank/crossrank/internal/backend/catalog"
	"github.com/crossrank/crossrank/internal/config"
	"github.com/crossrank/crossrank/internal/strictyaml"
)

// helpWidth is the most columns of a line of help.
const helpWidth = 100

func init() {
	cobra.AddTemplateFunc("wrapped", func(f *pflag.FlagSet) string {
		return strings.TrimRight(f.FlagUsagesWrapped(helpWidth), " \n")
	})
}

// wrapHelp breaks the help of the flags of root, and of all commands below it, into lines.
func wrapHelp(root *cobra.Command) {
	usage := root.UsageTemplate()
	for _, flags := range []string{".LocalFlags", ".InheritedFlags"} {
		usage = strings.ReplaceAll(usage, flags+".FlagUsages | trimTrailingWhitespaces", "wrapped "+flags)
	}
	root.SetUsageTemplate(usage)
}

// modelUsage is the help of every --model flag.
const modelUsage = "model directory, name on the Hugging Face hub, or builtin:minilm-l6 (random weights)"

// requireModel gives cmd a --model that must be set, and a --pull.
func requireModel(cmd *cobra.Command, name *string) {
	cmd.Flags().StringVarP(name, "model", "m", "", modelUsage)
	require(cmd, "model")
	pullFlag(cmd)
}

// require marks a flag of cmd as one that must be set.
func require(cmd *cobra.Command, flag string) {
	if err := cmd.MarkFlagRequired(flag); err != nil {
		panic(err) // there is no such flag
	}
}

// pairsFlag gives cmd an --input for pairs.
func pairsFlag(cmd *cobra.Command, file *string) {
	cmd.Flags().StringVarP(file, "input", "i", "-", "JSONL file of pairs; - = standard input")
}

// instructionFlag gives cmd an --instruction.
func instructionFlag(cmd *cobra.Command, text *string) {
	cmd.Flags().StringVar(text, "instruction", "", "instruction for a model whose prompt template has a place for one, on what relevance means; empty = the template's default")
}

// maxLengthFlag gives cmd a --max-length, to be checked with checkMaxLength.
func maxLengthFlag(cmd *cobra.Command, n *int) {
	cmd.Flags().IntVar(n, "max-length", 0, "max tokens per pair, special tokens included; 0 = the model's maximum")
}

func checkMaxLength(n int) error {
	if n != 0 && n < config.MinLength {
		return usageError("--max-length is %d; %s", n, config.ShortestPair)
	}
	return nil
}

// nearestFlag suggests a flag of cmd if err is about an unknown one that resembles it.
func nearestFlag(cmd *cobra.Command, err error) string {
	unknown, ok := errors.AsType[*pflag.NotExistError](err)
	if !ok {
		return ""
	}
	var names []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { names = append(names, f.Name) })
	near := strictyaml.Nearest(unknown.GetSpecifiedName(), names)
	if near == "" {
		return ""
	}
	return fmt.Sprintf("; did you mean --%s?", near)
}

// onlyFlags refuses flags of cmd that have no effect beside the first of those that may be given.
func onlyFlags(cmd *cobra.Command, may ...string) (err error) {
	cmd.Flags().Visit(func(f *pflag.Flag) {
		if err == nil && !slices.Contains(may, f.Name) {
			err = usageError("--%s has no effect beside --%s; leave it out", f.Name, may[0])
		}
	})
	return err
}

// checkAtLeast refuses a number below the least that a flag takes.
func checkAtLeast(flag string, n, least int) error {
	if n < least {
		return usageError("--%s is %d; it must be at least %d", flag, n, least)
	}
	return nil
}

// checkRange refuses a number outside the range that a flag takes.
func checkRange(flag string, n, least, most int) error {
	if n > most {
		return usageError("--%s is %d; it must be at most %d", flag, n, most)
	}
	return checkAtLeast(flag, n, least)
}

// checkChoice refuses a word that is none of those that a flag takes.
func checkChoice[T ~string](flag, word string, choices ...T) error {
	if slices.Contains(choices, T(word)) {
		return nil
	}
	return usageError("--%s is %q; use %s", flag, word, orList(choices))
}

// orList writes words as a choice: a, b or c.
func orList[T ~string](words []T) string {
	texts := make([]string, len(words))
	for i, w := range words {
		texts[i] = string(w)
	}
	if len(texts) < 2 {
		return strings.Join(texts, "")
	}
	last := len(texts) - 1
	return fmt.Sprintf("%s or %s", strings.Join(texts[:last], ", "), texts[last])
}

// checkPrecision refuses a precision that a backend does not have.
func checkPrecision(backend, flag, value string) error {
	return checkChoice(flag, value, append([]string{catalog.AutoPrecision}, catalog.Precisions(backend)...)...)
}

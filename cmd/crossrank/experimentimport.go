package main

import (
	"fmt"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank/internal/importer"
	"github.com/crossrank/crossrank/internal/outfile"
)

func newExperimentImportCommand() *cobra.Command {
	output := "-"
	cmd := &cobra.Command{
		Use:   "import FILE",
		Short: "Convert an experiment of the Python project",
		Long: `Import converts an experiment of the Python project that crossrank follows, a YAML file, into a
definition for experiment run. A base_config.yaml beside FILE is read too, as that project does.

Every setting that could not be carried over is named on standard error, with its file, its line
and the reason, and in the comments of the definition. Backends and precisions that this build
lacks are replaced and named likewise. An unknown key is an error.`,
		Example: `  $ crossrank experiment import 05a_batch_size.yaml -o experiments/05a_batch_size.yaml
  $ crossrank experiment run 05a_batch_size --data pairs.jsonl`,
		Args: arguments("FILE"),
		RunE: func(cmd *cobra.Command, args []string) error {
			converted, err := importer.Import(args[0])
			if err != nil {
				return err
			}
			if err := outfile.WriteOr(cmd.OutOrStdout(), output, converted.Definition); err != nil {
				return err
			}
			for _, left := range converted.Left {
				fmt.Fprintln(cmd.ErrOrStderr(), left)
			}
			return nil
		},
	}
	cmd.Flags().StringVarP(&output, "output", "o", output, "file for the definition; - = standard output")
	return cmd
}

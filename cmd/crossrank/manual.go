package main

import (
	"fmt"
	"os"

	"github.com/spf13/cobra"
	"github.com/spf13/cobra/doc"
)

// newManualCommand writes what packages install beside the program. It is hidden: users have
// --help.
func newManualCommand() *cobra.Command {
	return &cobra.Command{
		Use:    "manual DIRECTORY",
		Short:  "Write the man pages of all commands",
		Args:   arguments("DIRECTORY"),
		Hidden: true,
		Long: `Manual writes one man page per command to a directory, which must exist. The date on the pages is
that of SOURCE_DATE_EPOCH (seconds since 1970), or else today's.`,
		Example: `  $ SOURCE_DATE_EPOCH=$(git log -1 --format=%ct) crossrank manual dist/man`,
		RunE: func(cmd *cobra.Command, args []string) error {
			if info, err := os.Stat(args[0]); err != nil {
				return err
			} else if !info.IsDir() {
				return usageError("%s is not a directory", args[0])
			}
			header := &doc.GenManHeader{Section: "1", Source: "crossrank " + programVersion(), Manual: "crossrank"}
			root := cmd.Root()
			root.DisableAutoGenTag = true
			if err := doc.GenManTree(root, header, args[0]); err != nil {
				return fmt.Errorf("writing man pages: %w", err)
			}
			return nil
		},
	}
}

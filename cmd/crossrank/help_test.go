package main

import (
	"bytes"
	"os"
	"regexp"
	"slices"
	"strings"
	"syscall"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"
)

// TestHelpOfEveryCommand holds the help of all commands to one language: each flag begins with a
// noun phrase, a number says its default or what 0 means, and every line fits the width of a
// terminal.
func TestHelpOfEveryCommand(t *testing.T) {
	for _, cmd := range commands(newRootCommand()) {
		path := cmd.CommandPath()
		var out, stderr bytes.Buffer
		args := append(strings.Fields(path)[1:], "--help")
		if code := run(t.Context(), args, strings.NewReader(""), &out, &stderr); code != 0 || stderr.Len() > 0 {
			t.Errorf("%s --help: exit code %d, %s", path, code, &stderr)
		}
		for line := range strings.Lines(out.String()) {
			if n := utf8.RuneCountInString(strings.TrimRight(line, "\n")); n > helpWidth || strings.ContainsRune(line, '\t') {
				t.Errorf("%s: a line of %d columns, or with a tab: %s", path, n, line)
			}
		}
		if cmd.Example == "" {
			t.Errorf("%s has no example", path)
		}
		if m := unplain.FindString(cmd.Short + " " + cmd.Long); m != "" {
			t.Errorf("%s: %q; use a plain word", path, m)
		}
		cmd.LocalFlags().VisitAll(func(f *pflag.Flag) {
			if why := faultOfHelp(f); why != "" {
				t.Errorf("%s --%s: %q %s", path, f.Name, f.Usage, why)
			}
		})
	}
}

// commands lists cmd and all below it that a user can see.
func commands(cmd *cobra.Command) []*cobra.Command {
	all := []*cobra.Command{cmd}
	for _, sub := range cmd.Commands() {
		if !sub.Hidden && sub.Name() != "completion" {
			all = append(all, commands(sub)...)
		}
	}
	return all
}

// notNouns are first words that begin no noun phrase: articles, conjunctions and verbs.
var notNouns = strings.Fields(`a an the after also and how of only or those what where which who
	allow ask cut fail fill force give have keep list make measure print put rank read run save send set
	show sum take tell turn use write`)

// unplain are phrasings that must be read twice.
var unplain = regexp.MustCompile(`(?i)\b(what who|those of them|of all that there are|tells?|told|one a line|a line a)\b`)

// zero says what the value 0 means, or that an empty text means something.
var zero = regexp.MustCompile(`\b(0|empty) = `)

// faultOfHelp says what is wrong with the help of a flag, or nothing.
func faultOfHelp(f *pflag.Flag) string {
	first, _, _ := strings.Cut(f.Usage, " ")
	initial, _ := utf8.DecodeRuneInString(first)
	switch acronym := first == strings.ToUpper(first); {
	case unicode.IsUpper(initial) && !acronym:
		return "begins with a capital"
	case slices.Contains(notNouns, first):
		return "does not begin with a noun phrase"
	case unplain.MatchString(f.Usage):
		return "must be read twice"
	case strings.HasSuffix(f.Usage, "."):
		return "ends with a full stop"
	}
	numeric := slices.Contains([]string{"int", "int64", "float", "float64", "duration"}, f.Value.Type())
	if unset := f.DefValue == "0" || f.DefValue == "0s" || f.DefValue == ""; numeric && unset && !zero.MatchString(f.Usage) {
		return "does not say what 0 means"
	}
	return ""
}

// TestOutputThatCannotBeWritten ends with exit code 1, whatever the command; a closed pipe is no
// error.
func TestOutputThatCannotBeWritten(t *testing.T) {
	for _, args := range []string{"--help", "serve --help", "help score", "version", "info", "config show", "config show --origin"} {
		for cause, want := range map[error]int{syscall.ENOSPC: 1, syscall.EPIPE: 0} {
			var stderr bytes.Buffer
			code := run(t.Context(), strings.Fields(args), strings.NewReader(""), brokenWriter{cause}, &stderr)
			if code != want || (want == 0) != (stderr.Len() == 0) {
				t.Errorf("%s: %v gives exit code %d, want %d; %s", args, cause, code, want, &stderr)
			}
		}
	}
}

// brokenWriter fails every write.
type brokenWriter struct{ err error }

func (w brokenWriter) Write([]byte) (int, error) {
	return 0, &os.PathError{Op: "write", Path: "/dev/stdout", Err: w.err}
}

// TestFaultsOfHelp has every rule refuse something.
func TestFaultsOfHelp(t *testing.T) {
	flags := pflag.NewFlagSet("", pflag.ContinueOnError)
	flags.Int("good", 0, "max connections per remote IP (IPv6: per /64); 0 = unlimited")
	flags.Int("default", 5, "JSONL files")
	flags.String("capital", "", "File of pairs")
	flags.String("verb", "", "write to this file")
	flags.String("puzzle", "", "max wait of what who is refused")
	flags.Int("zero", 0, "connections")
	want := map[string]string{
		"capital": "begins with a capital", "verb": "does not begin with a noun phrase",
		"puzzle": "must be read twice", "zero": "does not say what 0 means",
	}
	flags.VisitAll(func(f *pflag.Flag) {
		if got := faultOfHelp(f); got != want[f.Name] {
			t.Errorf("%s: %q, want %q", f.Usage, got, want[f.Name])
		}
	})
}

package main

import (
	"io"
	"log/slog"

	"github.com/spf13/cobra"
)

// logOptions are the flags of a command that logs.
type logOptions struct {
	format string
	level  string
}

func (o *logOptions) register(cmd *cobra.Command) {
	cmd.Flags().StringVar(&o.format, "log-format", "text", "format of the log on standard error: text or json")
	cmd.Flags().StringVar(&o.level, "log-level", "info", "least severe lines to log: debug, info, warn or error")
}

// logger makes the logger that the flags ask for.
func (o *logOptions) logger(w io.Writer) (*slog.Logger, error) {
	if err := checkChoice("log-format", o.format, "text", "json"); err != nil {
		return nil, err
	}
	if err := checkChoice("log-level", o.level, "debug", "info", "warn", "error"); err != nil {
		return nil, err
	}
	var level slog.Level
	if err := level.UnmarshalText([]byte(o.level)); err != nil {
		return nil, err
	}
	handler := &slog.HandlerOptions{Level: level}
	if o.format == "json" {
		return slog.New(slog.NewJSONHandler(w, handler)), nil
	}
	return slog.New(slog.NewTextHandler(w, handler)), nil
}

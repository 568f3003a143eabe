package main

import (
	"errors"
	"fmt"
	"regexp"
	"strings"

	"github.com/crossrank/crossrank/internal/config"
	"github.com/crossrank/crossrank/internal/server"
)

// withOrigin adds to an error that names a setting where its value comes from: the file and the
// line, or the environment variable. Where it is a flag, the error names flags instead of settings.
func withOrigin(err error, settings config.Settings) error {
	wrong, ok := errors.AsType[*server.SettingError](err)
	if !ok {
		return err
	}
	origin := settings.Origin(wrong.Path)
	switch {
	case strings.HasPrefix(origin, "flag "):
		return errors.New(settingPath.ReplaceAllStringFunc(err.Error(), flagOf))
	case origin == "default":
		return err
	}
	return fmt.Errorf("%s: %w", origin, err)
}

var settingPath = regexp.MustCompile(`\bserver(\.[a-z_]+)+\b`)

// flagOf is the flag for a setting of the server.
func flagOf(path string) string { return "--" + serverFlag(path) }

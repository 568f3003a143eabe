package main

import (
	"errors"
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"github.com/crossrank/crossrank/internal/config"
	"github.com/crossrank/crossrank/internal/strictyaml"
)

// settingsFlags are the flags that a command takes a server's settings from: the file, the model,
// and one flag for every key of the server section.
type settingsFlags struct {
	file    string
	model   string
	compute computeFlags
	given   []givenSetting // the server's, in the order of the command line
}

// givenSetting is a flag that stands for a key.
type givenSetting struct{ flag, path, text string }

func (s *settingsFlags) register(cmd *cobra.Command) {
	f := cmd.Flags()
	f.StringVarP(&s.file, "config", "c", "", "settings file in YAML")
	f.StringVarP(&s.model, "model", "m", config.BuiltinModel, modelUsage)
	s.compute.register(cmd, "")
	for _, key := range config.Default().Keys() {
		name := serverFlag(key.Path)
		if name == "" {
			continue
		}
		f.Var(&settingFlag{settings: s, name: name, key: key}, name, key.Help)
		if key.Type == "bool" {
			f.Lookup(name).NoOptDefVal = "true"
		}
	}
}

// settingFlag is a flag that stands for a key. It is a [pflag.Value].
type settingFlag struct {
	settings *settingsFlags
	name     string
	key      strictyaml.Key
}

// Set notes the text; it is checked with all other settings.
func (s *settingFlag) Set(text string) error {
	s.settings.given = append(s.settings.given, givenSetting{s.name, s.key.Path, text})
	return nil
}

// String is the default that help shows.
func (s *settingFlag) String() string {
	if s.key.Value == `""` || s.key.Type == "list" {
		return ""
	}
	return s.key.Value
}

// Type names what the flag takes.
func (s *settingFlag) Type() string { return s.key.Type }

// serverFlag names the flag of a key of the server's section: server.grpc.streams is
// --grpc-streams. Other keys have none.
func serverFlag(path string) string {
	name, ok := strings.CutPrefix(path, "server.")
	if !ok {
		return ""
	}
	return strings.NewReplacer(".", "-", "_", "-").Replace(name)
}

// resolve gives the settings that are in effect: a flag overrides the environment, which overrides
// the file, which overrides the default.
func (s *settingsFlags) resolve(cmd *cobra.Command, environ []string) (config.Settings, error) {
	settings := config.Default()
	if s.file != "" {
		var err error
		if settings, err = config.Load(s.file); err != nil {
			return settings, err
		}
	}
	fromFile := settings.Origin("model")
	if err := settings.SetFromEnvironment(environ); err != nil {
		return settings, err
	}
	if err := s.applyFlags(cmd, &settings); err != nil {
		return settings, usageError("%w", err)
	}
	if settings.Origin("model") != fromFile {
		settings = settings.WithModel(settings.Model)
	}
	var errs []error
	for _, fault := range config.Unsupported(settings) {
		errs = append(errs, settings.Locate(fault))
	}
	return settings, errors.Join(errs...)
}

// applyFlags overlays settings with the flags that were given.
func (s *settingsFlags) applyFlags(cmd *cobra.Command, settings *config.Settings) error {
	if cmd.Flags().Changed("model") {
		if s.model == "" {
			return errors.New("--model is empty; give a model's directory, or leave the flag out")
		}
		if err := settings.Set("model", s.model, "flag --model"); err != nil {
			return err
		}
	}
	if err := s.applyCompute(cmd, settings); err != nil {
		return err
	}
	for _, g := range s.given {
		if err := settings.Set(g.path, g.text, "flag --"+g.flag); err != nil {
			return err
		}
	}
	return nil
}

// applyCompute overlays every instance with what computes it.
func (s *settingsFlags) applyCompute(cmd *cobra.Command, settings *config.Settings) error {
	if err := checkBackend(s.compute.backend); err != nil {
		return err
	}
	for _, f := range []struct{ flag, text string }{
		{"backend", s.compute.backend}, {"device", s.compute.device}, {"quantization", s.compute.precision},
	} {
		for i, in := range settings.ModelPool.Instances {
			if !cmd.Flags().Changed(f.flag) {
				break
			}
			if f.flag == "quantization" {
				if err := checkPrecision(in.Backend, f.flag, f.text); err != nil {
					return err
				}
			}
			path := fmt.Sprintf("model_pool.instances[%d].%s", i, f.flag)
			if err := settings.Set(path, f.text, "flag --"+f.flag); err != nil {
				return err
			}
		}
	}
	return nil
}

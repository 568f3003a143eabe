package config

import (
	"fmt"

	"github.com/crossrank/crossrank/internal/strictyaml"
)

// variables sets server.grpc.streams by CROSSRANK_SERVER_GRPC_STREAMS.
var variables = strictyaml.Variables{Prefix: "CROSSRANK_", Hint: "crossrank config show lists the settings"}

// file is what a server's settings file may hold.
type file struct {
	// A name and a description are for people; a server has no use for them.
	Name        string `yaml:"name" check:"filename"`
	Description string `yaml:"description"`

	Settings `yaml:",inline"`
}

const notServer = "belongs to an experiment's definition, not to a server's settings"

var fileSchema = strictyaml.Schema[file]{
	Default:   func() file { return file{Settings: Default()} },
	Checks:    Checks,
	Elsewhere: map[string]string{"target": notServer, "data": notServer, "experiment": notServer},
}

var schema = strictyaml.Schema[Settings]{Default: Default, Checks: Checks}

// Load reads the settings file at path, and the files that it extends.
func Load(path string) (Settings, error) { return settingsOf(fileSchema.Load(path)) }

// Parse reads settings from YAML. The name stands for the file in errors.
func Parse(name string, data []byte) (Settings, error) {
	return settingsOf(fileSchema.Parse(name, data))
}

func settingsOf(f file, origins strictyaml.Origins, err error) (Settings, error) {
	f.Settings.Origins = origins
	return f.Settings, err
}

// Set gives the setting at path, such as server.deadline, the value that text is. The origin, such
// as "flag --deadline", appears in errors and is what Origin returns later.
func (s *Settings) Set(path, text, origin string) error {
	return schema.Set(s, &s.Origins, path, text, origin)
}

// SetFromEnvironment overlays s with the variables of an environment, as os.Environ gives them.
func (s *Settings) SetFromEnvironment(environ []string) error {
	return schema.SetFromEnvironment(s, &s.Origins, variables, environ)
}

// WithoutSettings gives an environment without settings, for a server whose settings are all in a
// file.
func WithoutSettings(environ []string) []string { return variables.Without(Default().Keys(), environ) }

// Keys lists every setting of s, in the order of the schema.
func (s Settings) Keys() []strictyaml.Key { return strictyaml.Keys(s) }

// Encode writes s as YAML that Parse reads back. It leaves out the digests of API keys: what is
// shown gets pasted.
func Encode(s Settings) ([]byte, error) {
	s.Server.APIKeys = nil
	b, err := strictyaml.Encode(s)
	if err != nil {
		return nil, fmt.Errorf("the server's settings: %w", err)
	}
	return b, nil
}

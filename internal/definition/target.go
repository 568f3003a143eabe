package definition

import "github.com/crossrank/crossrank/internal/strictyaml"

// Target is a server that is already running. An experiment that has one starts no server and
// chooses no settings of one.
type Target struct {
	// Address is where the server listens: grpc://host:port or http://host:port, with an s for TLS
	// (grpcs, https). Default: empty, the experiment starts its servers.
	Address string `yaml:"address,omitempty" json:"address,omitempty" check:"filled" sweep:"no"`

	// Dialect is its API. Default: crossrank.
	Dialect string `yaml:"dialect,omitempty" json:"dialect,omitempty" oneof:"crossrank,inference,cohere,cohere-v1,jina,tei,vllm,llamacpp" sweep:"no"`

	// Model is the model to ask for, in a dialect that can. Default: empty, the server's choice.
	Model string `yaml:"model,omitempty" json:"model,omitempty" check:"filled" sweep:"no"`

	// APIKeyEnv is the environment variable with the API key. Default: empty, none.
	APIKeyEnv string `yaml:"api_key_env,omitempty" json:"api_key_env,omitempty" check:"filled" sweep:"no"`

	// CAFile is a PEM file with the authorities that are trusted instead of the system's. Default:
	// empty.
	CAFile string `yaml:"ca_file,omitempty" json:"ca_file,omitempty" check:"filled" sweep:"no"`
}

// serverSections are the sections that configure a server.
var serverSections = []string{"model", "model_pool", "tokenizer_pool", "batching", "pipeline", "cache", "server"}

// targetFaults reports keys that have no effect beside a target, or without one.
func (s Settings) targetFaults(add strictyaml.Report) {
	if s.Target.Address == "" {
		for _, key := range []string{"dialect", "model", "api_key_env", "ca_file"} {
			if s.Given("target." + key) {
				add("target."+key, "belongs to a server that is already running; give its target.address")
			}
		}
		s.serverFaults(add)
		return
	}
	if s.Experiment.Quality.Against != "" {
		add("experiment.quality.against", "compares servers that the experiment starts, but the one at target.address is alone")
	}
	for _, section := range serverSections {
		if s.Given(section) {
			add(section, "belongs to a server that the experiment starts; the server at target.address has its own settings, so leave this out")
		}
	}
}

// serverFaults reports settings that have no effect on a server that the experiment starts, or
// would keep the experiment out of it.
func (s Settings) serverFaults(add strictyaml.Report) {
	for _, key := range []string{"grpc_addr", "http_addr"} {
		if s.Given("server." + key) {
			add("server."+key, "has no effect, since an experiment's server takes ports that are free; leave it out")
		}
	}
	for _, key := range []string{"api_keys", "api_keys_file", "tls"} {
		if s.Given("server." + key) {
			add("server."+key, "would keep the experiment out of its own server; leave it out, or start the server yourself and make it the target")
		}
	}
}

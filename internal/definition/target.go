package definition

// Target is a server that runs already, here or elsewhere. An experiment that has one starts no server: it measures what is
// there, whose settings are not its to choose.
type Target struct {
	// Address is where the server listens: grpc://host:port or http://host:port, with an s for TLS (grpcs, https). Default:
	// empty, the experiment starts servers of its own.
	Address string `yaml:"address,omitempty" json:"address,omitempty" check:"filled" sweep:"no"`

	// Dialect is the API that it speaks. Default: crossrank.
	Dialect string `yaml:"dialect,omitempty" json:"dialect,omitempty" oneof:"crossrank,inference,cohere,cohere-v1,jina,tei,vllm,llamacpp" sweep:"no"`

	// Model names the model that is asked for, in a dialect that can. Default: empty, the server's own choice.
	Model string `yaml:"model,omitempty" json:"model,omitempty" check:"filled" sweep:"no"`

	// APIKeyEnv is the environment variable that holds the key to show. Default: empty, none.
	APIKeyEnv string `yaml:"api_key_env,omitempty" json:"api_key_env,omitempty" check:"filled" sweep:"no"`

	// CAFile holds the authorities, in PEM, that are trusted instead of the machine's. Default: empty.
	CAFile string `yaml:"ca_file,omitempty" json:"ca_file,omitempty" check:"filled" sweep:"no"`
}

// serverSections are the sections of a file that choose what a server is like.
var serverSections = []string{"model", "model_pool", "tokenizer_pool", "batching", "pipeline", "cache", "server"}

// targeted lists what a file says beside a target, or instead of one, that has no effect. Add is told the key and what is
// wrong.
func (s Settings) targeted(add func(key, format string, args ...any)) {
	if s.Target.Address == "" {
		for _, key := range []string{"dialect", "model", "api_key_env", "ca_file"} {
			if s.Given("target." + key) {
				add("target."+key, "says how to speak to a server, but target.address does not say where it is")
			}
		}
		s.ownServer(add)
		return
	}
	if s.Experiment.Quality.Against != "" {
		add("experiment.quality.against", "compares servers that the experiment starts, but the one at target.address is alone")
	}
	for _, section := range serverSections {
		if s.Given(section) {
			add(section, "belongs to a server that the experiment starts; the one at target.address has settings of its own, so leave it out")
		}
	}
}

// ownServer lists what a file says of the server that an experiment starts itself, and would keep it from that server or has no
// effect on it.
func (s Settings) ownServer(add func(key, format string, args ...any)) {
	for _, key := range []string{"grpc_addr", "http_addr"} {
		if s.Given("server." + key) {
			add("server."+key, "has no effect, since an experiment's server takes ports that are free; leave it out")
		}
	}
	for _, key := range []string{"api_keys", "api_keys_file", "tls"} {
		if s.Given("server." + key) {
			add("server."+key, "would keep the experiment from its own server; leave it out, or start the server yourself and name it as target")
		}
	}
}

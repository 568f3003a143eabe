package config

// BuiltinModel is the model that is used when none is named. It needs no download, and its scores
// mean nothing.
const BuiltinModel = "builtin:minilm-l6"

// Default gives the settings of an empty file. No default depends on what else a file says.
func Default() Settings {
	s := Settings{
		Model:     BuiltinModel,
		ModelPool: ModelPool{Routing: "first_idle", Instances: []Instance{{}}},
		Batching:  Batching{Enabled: true, MaxQueueAgeMS: 20_000, LengthAware: true, Packing: true},
		Pipeline:  Pipeline{Mode: "full"},
		Cache:     Cache{Coalesce: true},
		Server:    defaultServer(),
	}
	s.ModelPool.Instances[0].SetDefaults()
	return s
}

// SetDefaults makes in an instance with the defaults of one that says nothing.
func (in *Instance) SetDefaults() {
	*in = Instance{Backend: "native", Quantization: "auto", Replicas: 1}
}

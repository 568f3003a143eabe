package checkpoint

import "strings"

// Activation maps logits to scores; Identity leaves them as they are.
type Activation string

const (
	Identity Activation = "identity"
	Sigmoid  Activation = "sigmoid"
)

// activations are the classes of torch that can be computed, by each name that torch has for them.
var activations = map[string]Activation{
	"torch.nn.modules.linear.Identity":    Identity,
	"torch.nn.modules.Identity":           Identity,
	"torch.nn.Identity":                   Identity,
	"torch.nn.modules.activation.Sigmoid": Sigmoid,
	"torch.nn.modules.Sigmoid":            Sigmoid,
	"torch.nn.Sigmoid":                    Sigmoid,
}

// readActivation finds the activation that sentence-transformers applies: the first of these keys
// that exists and is not null.
//
//   - activation_fn in config_sentence_transformers.json, written since version 5.4
//   - sentence_transformers.activation_fn in config.json, written since version 4
//   - sbert_ce_default_activation_function in config.json, written by older versions
//
// Without any of them it is the sigmoid. For two labels, sentence-transformers then returns both
// logits; the sigmoid of their difference is the softmax of the second one.
func readActivation(settings, config *object) (Activation, error) {
	for _, at := range []struct {
		o   *object
		key string
	}{
		{settings, "activation_fn"},
		{config.object("sentence_transformers"), "activation_fn"},
		{config, "sbert_ce_default_activation_function"},
	} {
		path := at.o.str(at.key, "")
		if path == "" && at.o.err == nil {
			continue
		}
		act := at.o.activation(at.key, path)
		return act, at.o.err
	}
	return Sigmoid, config.err
}

// activation finds the class that a path of Python names.
func (o *object) activation(key, path string) Activation {
	act, ok := activations[path]
	const known = "torch.nn.modules.linear.Identity and torch.nn.modules.activation.Sigmoid can be computed"
	switch {
	case ok:
	case strings.HasPrefix(path, "torch."):
		o.fail(key, "it is %.80q; %s", path, known)
	default:
		o.fail(key, "it is %.80q, which is outside torch; a model's own code is never run, and %s", path, known)
	}
	return act
}

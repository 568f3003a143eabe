package checkpoint

import (
	"cmp"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/crossrank/crossrank/internal/network"
)

// family translates one class of models into a network: the keys of its config.json and the names
// of its tensors. Each family has its own file, family_NAME.go.
type family struct {
	name      string // as people write it
	class     string // its name under "architectures" in config.json
	modelType string // its name under "model_type"

	// config is the class of configuration that the model's own code has under "auto_map", where
	// another family has the same class; "" if no code is asked for.
	config string

	base   string   // prefix of the encoder's tensor names, such as "bert."; some files lack it
	unused []string // prefixes of the names, without the base, of tensors that cannot change a score

	// translate reads the family's own keys and describes the network. If a key is wrong it fails
	// o, and what it returns does not count.
	translate func(o *object, labels int) *translation
}

// families are those that can be translated.
var families = []*family{
	&bert, &roberta, &jina, &xlmRoberta, &distilBERT, &electra, &deBERTa, &modernBERT, &gte,
	&qwen3, &qwen3Classifier, &qwen2, &qwen2Classifier, &llama, &llamaClassifier, &llamaBothWays,
	&gemma, &gemmaClassifier,
}

// translation is a network whose tensors are still empty, and where each of them is found.
type translation struct {
	network   *network.Network
	positions int // most tokens of a pair, special tokens included
	slots     []slot
	decoder   *decoder // nil: it is an encoder
}

// findFamily returns the family that config.json names. If there is none it fails o and returns
// nil.
func findFamily(o *object) *family {
	o.need("architectures")
	names := o.list("architectures")
	code := o.object("auto_map").str("AutoConfig", "")
	for _, f := range families {
		if f.config != "" && !strings.HasSuffix(code, "."+f.config) {
			continue
		}
		if slices.ContainsFunc(names, func(raw jsontext.Value) bool { return string(raw) == `"`+f.class+`"` }) {
			if kind := cmp.Or(o.str("model_type", ""), f.modelType); kind != f.modelType {
				o.fail("model_type", "it is %.80q; a %s has %q there", kind, f.class, f.modelType)
			}
			return f
		}
	}
	o.fail("architectures", "it is %.120s; these classes can be computed: %s", join(names), classes())
	return nil
}

// classes lists the families' classes, those with the same ending together.
func classes() string {
	var lists []string
	for _, ending := range []string{"ForSequenceClassification", "ForCausalLM"} {
		var names []string
		for _, f := range families {
			if name, ok := strings.CutSuffix(f.class, ending); ok {
				names = append(names, name)
			}
		}
		lists = append(lists, ending+" of "+strings.Join(slices.Compact(names), ", "))
	}
	return strings.Join(lists, "; ")
}

func join(list []jsontext.Value) string {
	parts := make([]string, len(list))
	for i, raw := range list {
		parts[i] = string(raw)
	}
	return "[" + strings.Join(parts, ", ") + "]"
}

// hiddenAct reads the name of an activation inside the network, as transformers spells it.
func (o *object) hiddenAct(key, fallback string, supported map[string]network.Activation) network.Activation {
	name := o.str(key, fallback)
	act, ok := supported[name]
	if !ok {
		var names []string
		for n := range supported {
			names = append(names, n)
		}
		slices.Sort(names)
		o.fail(key, "it is %.80q; these can be computed: %s", name, strings.Join(names, ", "))
	}
	return act
}

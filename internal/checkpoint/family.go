package checkpoint

import (
	"fmt"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"

	"github.com/crossrank/crossrank/internal/network"
)

// family translates one class of models into a network: the keys of its config.json and the names
// of its tensors. Each family has a file of its own, family_NAME.go.
type family struct {
	class     string // its name under "architectures" in config.json
	modelType string // its name under "model_type"

	base   string   // what stands before the names of the encoder's tensors, such as "bert."
	unused []string // beginnings of names, without the base, of tensors that cannot change a score

	// translate reads the family's own keys. If one is wrong, it fails o and returns anything.
	translate func(o *object, labels int) *translation
}

// families are those that can be translated.
var families = []*family{&bert}

// translation is a network whose tensors are still empty, and what fills them.
type translation struct {
	network   *network.Network
	positions int // the most tokens of a pair
	slots     []slot
}

// slot is one tensor of a file and where it belongs.
type slot struct {
	name  string // without the family's base
	top   bool   // it is part of the head: the base never stands before its name
	shape []int
	in    int // of a linear layer: how many inputs it has
	dst   *[]float32
}

func (s slot) len() int {
	n := 1
	for _, d := range s.shape {
		n *= d
	}
	return n
}

// findFamily returns the family that config.json names. If there is none it fails o and returns
// nil.
func findFamily(o *object) *family {
	o.need("architectures")
	names := o.list("architectures")
	for _, f := range families {
		if slices.ContainsFunc(names, func(raw jsontext.Value) bool { return string(raw) == `"`+f.class+`"` }) {
			if kind := o.str("model_type", f.modelType); kind != f.modelType {
				o.fail("model_type", "it is %.80q; a %s has %q there", kind, f.class, f.modelType)
			}
			return f
		}
	}
	o.fail("architectures", "it is %.120s; of all classes, %s can be computed", join(names), classes())
	return nil
}

// classes lists the families' classes.
func classes() string {
	var names []string
	for _, f := range families {
		names = append(names, f.class)
	}
	return strings.Join(names, ", ")
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

// slots collects what fills a network.
type slots []slot

func (s *slots) table(name string, t *network.Table) {
	*s = append(*s, slot{name: name + ".weight", shape: []int{t.Rows, t.Width}, dst: &t.Data})
}

func (s *slots) norm(name string, width int, n *network.Norm) {
	*s = append(*s,
		slot{name: name + ".weight", shape: []int{width}, dst: &n.Weight},
		slot{name: name + ".bias", shape: []int{width}, dst: &n.Bias})
}

// linear adds a linear layer with a bias.
func (s *slots) linear(name string, in, out int, l *network.Linear) {
	l.In, l.Out = in, out
	*s = append(*s,
		slot{name: name + ".weight", shape: []int{out, in}, in: in, dst: &l.Weight},
		slot{name: name + ".bias", shape: []int{out}, in: in, dst: &l.Bias})
}

// top adds a linear layer of the head, whose name never has the family's base before it.
func (s *slots) top(name string, in, out int, l *network.Linear) {
	first := len(*s)
	s.linear(name, in, out, l)
	for i := range (*s)[first:] {
		(*s)[first+i].top = true
	}
}

// checkCommon refuses what no family can compute.
func checkCommon(o *object) {
	for _, key := range []string{"is_decoder", "add_cross_attention", "is_encoder_decoder"} {
		if o.boolean(key, false) {
			o.fail(key, "it is true; a cross-encoder has false there")
		}
	}
	if kind := o.str("problem_type", ""); kind == "multi_label_classification" {
		o.fail("problem_type", "it is %q; the labels must belong to one question", kind)
	}
	for _, key := range []string{"quantization_config", "pruned_heads"} {
		part := o.object(key)
		o.merge(part)
		if len(part.members) > 0 {
			o.fail(key, "it is %.80s; such weights cannot be read", o.members[key])
		}
	}
}

// labels counts the classes. Where the file does not say, there are two: transformers leaves its
// default out.
func labels(o *object) int {
	names := o.object("id2label")
	o.merge(names)
	if _, ok := o.get("id2label"); !ok {
		return o.sizeOr("num_labels", 1, 2, 2)
	}
	n := len(names.members)
	if n < 1 || n > 2 {
		o.fail("id2label", "it has %d labels; a cross-encoder has 1 or 2", n)
		return 1
	}
	for i := range n {
		if _, ok := names.members[fmt.Sprint(i)]; !ok {
			o.fail("id2label", "it has no label %d", i)
		}
	}
	if also := o.sizeOr("num_labels", 1, 2, n); also != n {
		o.fail("num_labels", "it is %d, but id2label has %d", also, n)
	}
	return n
}

package importer

import (
	"cmp"
	"reflect"
	"slices"
	"strings"

	"github.com/crossrank/crossrank/internal/backend/catalog"
	"github.com/crossrank/crossrank/internal/keypath"
)

// usualModel is the model of an experiment that names none.
const usualModel = "cross-encoder/ms-marco-MiniLM-L-6-v2"

// models sets the model and the pool.
func (c *converter) models() {
	var instances []outputInstance
	for i := 0; ; i++ {
		at := keypath.Element("model_pool.instances", i)
		if !c.given(at) {
			break
		}
		instances = append(instances, c.instance(at))
	}
	if instances != nil {
		c.drop("model") // which is for display there
	} else if c.given("model") {
		instances = append(instances, c.single())
	}
	c.out.ModelPool.Routing = scalars(c.take("model_pool.routing_strategy"))
	c.shareModel(instances)
	for _, in := range instances {
		if n := len(c.out.ModelPool.Instances); n > 0 && alike(c.out.ModelPool.Instances[n-1], in) {
			c.out.ModelPool.Instances[n-1].Replicas = max(1, c.out.ModelPool.Instances[n-1].Replicas) + 1
			continue
		}
		c.out.ModelPool.Instances = append(c.out.ModelPool.Instances, in)
	}
	if in := c.out.ModelPool.Instances; len(in) == 1 && alike(in[0], outputInstance{}) && in[0].Replicas == 0 {
		c.out.ModelPool.Instances = nil
	}
}

// given reports whether a section has any key.
func (c *converter) given(section string) bool {
	return slices.ContainsFunc(c.keys, func(key string) bool { return strings.HasPrefix(key, section+".") })
}

// alike reports whether two instances differ in their replicas at most.
func alike(a, b outputInstance) bool {
	a.Replicas, b.Replicas = 0, 0
	return reflect.DeepEqual(a, b)
}

// shareModel moves a model that all instances have out of them.
func (c *converter) shareModel(instances []outputInstance) {
	c.out.Model = usualModel
	for _, in := range instances {
		if in.Model != instances[0].Model {
			return // each keeps its own
		}
	}
	for i := range instances {
		c.out.Model, instances[i].Model = cmp.Or(instances[i].Model, c.out.Model), ""
	}
}

// instance converts one instance of a pool.
func (c *converter) instance(at string) outputInstance {
	at += "."
	out := outputInstance{Model: strings.Join(c.take(at+"name"), ""), MaxLength: scalars(c.take(at + "max_length"))}
	if !slices.Contains(c.values[at+"backend"], "onnx") {
		c.drop(at + "onnx_optimize")
		c.drop(at + "onnx_use_coreml")
	}
	backends := c.backends(at, &out)
	switch {
	case c.values[at+"quantization"] != nil:
		out.Quantization = c.precisions(at+"quantization", precisionNames, backends)
		c.drop(at + "quantization_bits")
		c.drop(at + "use_fp16")
	case c.values[at+"quantization_bits"] != nil && c.is(at+"backend", "mlx"):
		out.Quantization = c.precisions(at+"quantization_bits", precisionOfBits, backends)
		c.drop(at + "use_fp16")
	default:
		out.Quantization = c.precisions(at+"use_fp16", precisionOfFP16, backends)
		c.drop(at + "quantization_bits")
	}
	c.nothingToCompile(at, "compile", "compile_model")
	return out
}

// single converts the model of a file without a pool.
func (c *converter) single() outputInstance {
	const at = "model."
	out := outputInstance{Model: strings.Join(c.take(at+"name"), ""), MaxLength: scalars(c.take(at + "max_length"))}
	original := c.values[at+"backend"]
	backends := c.backends(at, &out)
	for _, section := range []string{"mps", "mlx", "onnx", "compiled"} {
		if !slices.Contains(original, section) {
			c.drop(at + section)
		}
	}
	fp16 := at + "mps.fp16"
	if slices.Contains(original, "compiled") && !slices.Contains(original, "mps") {
		fp16 = at + "compiled.fp16"
	}
	switch mode := at + "quantization_mode"; {
	case c.values[at+"quantization"] != nil:
		out.Quantization = c.precisions(at+"quantization", precisionNames, backends)
	case len(c.values[mode]) > 1, c.is(at+"quantized", "true") && c.values[mode] != nil:
		out.Quantization = c.precisions(mode, precisionNames, backends)
	case c.values[fp16] != nil && !c.taken[fp16]:
		out.Quantization = c.precisions(fp16, precisionOfFP16, backends)
	case c.values[at+"mlx.bits"] != nil && !c.taken[at+"mlx.bits"]:
		out.Quantization = c.precisions(at+"mlx.bits", precisionOfBits, backends)
	}
	if len(original) > 1 { // whose precisions are one sweep here
		for _, key := range []string{"mlx.bits", "compiled.fp16"} {
			if !c.is(at+key, "16") && !c.is(at+key, "true") {
				c.leave(at+key, "all backends are measured in the same precisions")
			}
		}
	}
	if out.Quantization == nil && c.is(at+"quantized", "true") {
		c.leave(at+"quantized", "names no precision; say which in quantization_mode")
	}
	for _, key := range []string{"quantization", "quantized", "quantization_mode", "mps.fp16", "compiled.fp16", "mlx.bits"} {
		c.drop(at + key) // one of them decided
	}
	c.nothingToCompile(at, "compile", "mps.compile")
	return out
}

// nothingToCompile passes over compilations that are turned off, and their modes.
func (c *converter) nothingToCompile(at string, keys ...string) {
	on := false
	for _, key := range keys {
		if v := c.values[at+key]; v == nil || c.is(at+key, "false") {
			c.taken[at+key] = true
		} else {
			on = true
		}
	}
	if !on && !slices.Contains(c.values[at+"backend"], "compiled") {
		c.drop(at + "compile_mode")
	}
}

// backends sets the backends of an instance and returns their names. What this build cannot use is
// replaced by the native backend.
func (c *converter) backends(at string, out *outputInstance) []string {
	device := cmp.Or(strings.Join(c.values[at+"device"], ""), "mps")
	var backends, why []string
	for _, original := range c.values[at+"backend"] {
		name := backendOf(original, device)
		if original != name {
			why = append(why, original+" is not a backend here")
		}
		if b, _ := catalog.Find(name); b.Missing() != "" {
			why = append(why, name+" "+b.Missing())
			name = catalog.Native
		}
		if !slices.Contains(backends, name) {
			backends = append(backends, name)
		}
	}
	if why != nil {
		c.leave(at+"backend", "%s; %s takes its place", strings.Join(why, "; "), strings.Join(backends, " or "))
	}
	c.take(at + "backend")
	out.Backend = scalars(backends)
	if backends == nil {
		backends = []string{catalog.Native}
	}
	for _, name := range backends {
		if b, _ := catalog.Find(name); !slices.Contains(b.Devices, device) {
			c.leave(at+"device", "the %s backend runs on %s", name, strings.Join(b.Devices, " or "))
		}
	}
	c.take(at + "device")
	return backends
}

// backendOf is the backend here that computes on the same device as one of the Python project.
func backendOf(original, device string) string {
	switch {
	case original == "onnx":
		return "onnx"
	case original == "tensorrt" || original == "cuda" || device == "cuda":
		return "cuda"
	case original == "mps" || original == "mlx" || device == "mps":
		return catalog.WebGPU // by Metal, on the same GPU
	}
	return catalog.Native
}

// Precisions by the values of a key.
var (
	precisionNames  = map[string]string{"fp32": "fp32", "fp16": "fp16", "int8": "int8", "int4": "int4"}
	precisionOfFP16 = map[string]string{"true": "fp16", "false": "fp32"}
	precisionOfBits = map[string]string{"32": "fp32", "16": "fp16", "8": "int8", "4": "int4"}
)

// precisions gives the precisions that a key means. One that the backends do not have is replaced
// by the next larger one that they have.
func (c *converter) precisions(key string, names map[string]string, backends []string) any {
	larger := []string{"int4", "int8", "fp16", "fp32"}
	var list, missing []string
	for _, v := range c.values[key] {
		p, ok := names[v]
		at := slices.Index(larger, p)
		if !ok {
			missing = append(missing, v)
			continue
		}
		for at < len(larger)-1 && !everyOneHas(backends, larger[at]) {
			at++
		}
		if larger[at] != p {
			missing = append(missing, p+" ("+larger[at]+" takes its place)")
		}
		if !slices.Contains(list, larger[at]) {
			list = append(list, larger[at])
		}
	}
	if missing != nil {
		c.leave(key, "the %s backend has no %s", strings.Join(backends, " or "), strings.Join(missing, ", no "))
	}
	c.take(key)
	return scalars(list)
}

func everyOneHas(backends []string, precision string) bool {
	for _, b := range backends {
		if !slices.Contains(catalog.Precisions(b), precision) {
			return false
		}
	}
	return true
}

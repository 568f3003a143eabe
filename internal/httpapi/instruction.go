package httpapi

// templateArguments is vLLM's key for values of a model's template.
const templateArguments = "chat_template_kwargs"

// instruction reads what relevance means to the caller: the instruction of Contextual and vLLM,
// the instruct of Qwen and SGLang, or the one among vLLM's arguments of the template. Other
// arguments are refused, because they change scores.
func (o *object) instruction() (text string) {
	name := o.oneOf("instruction", "instruct")
	if name != "" {
		text = o.text(name, false)
	}
	if !o.has(templateArguments) {
		return text
	}
	inner, err := parseObject(o.fields[templateArguments])
	if err != nil {
		o.fail("%q must be an object", templateArguments)
		return ""
	}
	for key := range inner.fields {
		if key != "instruction" {
			o.fail("%q has %.40q, which is not supported; leave it out", templateArguments, key)
		}
	}
	if !inner.has("instruction") {
		return text
	}
	if name != "" {
		o.fail("%q and the instruction in %q mean the same; give one", name, templateArguments)
	}
	text = inner.text("instruction", false)
	if inner.err != nil {
		o.fail("%q: %v", templateArguments, inner.err)
	}
	return text
}

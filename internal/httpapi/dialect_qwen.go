package httpapi

// qwen is the dialect of Qwen's hosted models, whose keys are in two objects.
var qwen = &dialect{status: badRequest, body: qwenError, list: "documents", lax: true, keys: qwenKeys, reply: qwenReply}

// qwenPath is the route of Qwen's own API.
const qwenPath = "/api/v1/services/rerank/text-rerank/text-rerank"

// qwenKeys moves the keys of input and parameters to the others.
func qwenKeys(o *object) {
	for _, part := range []string{"input", "parameters"} {
		if !o.has(part) {
			continue
		}
		inner, err := parseObject(o.fields[part])
		if err != nil {
			o.fail("%q must be an object", part)
			return
		}
		for name, value := range inner.fields {
			if o.has(name) {
				o.fail("%.40q is given twice", name)
			}
			o.fields[name] = value
		}
	}
}

func qwenReply(r *answer) any {
	type output struct {
		Results []reranked `json:"results"`
	}
	return struct {
		Output    output      `json:"output"`
		Usage     totalTokens `json:"usage"`
		RequestID string      `json:"request_id"`
	}{output{r.reranked()}, totalTokens{r.tokens()}, r.id}
}

func qwenError(f failure) any {
	return struct {
		Message string `json:"message"`
		own
	}{f.message, f.own()}
}

package httpapi

// nim is the dialect of NVIDIA's NIM, whose scores are logits.
var nim = &dialect{
	status: badRequest, body: jinaError, list: "passages", lax: true, scores: logit, keys: nimKeys, reply: nimReply,
}

// retrievalPath is the route of the models that NVIDIA hosts. Its rest, …/MODEL/reranking, says
// nothing that the body does not.
const retrievalPath = "/v1/retrieval/{id}"

// nimKeys reads truncate, which is a word there.
func nimKeys(o *object) {
	if o.has("truncate") {
		o.truncateWord("truncate")
	}
}

// truncateWord turns a word for how texts that are too long are handled into the shared keys.
func (o *object) truncateWord(name string) {
	switch o.choice(name, "NONE", "END", "START") {
	case "NONE":
		o.set("truncate", "false")
	case "END":
		o.set("truncate", "true")
	case "START":
		o.set("truncate", "true")
		o.set("truncation_direction", `"left"`)
	}
}

// nimRank is a result of NIM.
type nimRank struct {
	Index int     `json:"index"`
	Logit float32 `json:"logit"`
	extras
}

func nimReply(r *answer) any {
	out := make([]nimRank, len(r.best))
	for i, b := range r.best {
		out[i] = nimRank{b.Index, b.Score, r.extras(b.Index)}
	}
	return struct {
		Rankings []nimRank `json:"rankings"`
		Usage    usage     `json:"usage"`
	}{out, r.usage()}
}

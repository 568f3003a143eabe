package httpapi

import (
	"github.com/crossrank/crossrank"
)

// textToken is a token in the reply to POST /tokenize of Text Embeddings Inference. Its position in
// the text is not known.
type textToken struct {
	ID      int32  `json:"id"`
	Text    string `json:"text"`
	Special bool   `json:"special"`
	Start   *int   `json:"start"`
	Stop    *int   `json:"stop"`
}

// tokenCount is the reply of vLLM.
type tokenCount struct {
	Count       int     `json:"count"`
	MaxModelLen int     `json:"max_model_len"`
	Tokens      []int32 `json:"tokens"`
}

// tokenIDs is the reply of llama.cpp.
type tokenIDs struct {
	Tokens []int32 `json:"tokens"`
}

// tokenize is POST /tokenize of three servers: "inputs" of Text Embeddings Inference, "prompt" of
// vLLM or "content" of llama.cpp.
func (a *API) tokenize(x *exchange) error {
	o, err := a.readObject(x)
	if err != nil {
		return err
	}
	key := o.oneOf("inputs", "prompt", "content")
	special := key != "content" // llama.cpp adds none by default
	if name := o.oneOf("add_special_tokens", "add_special"); name != "" {
		special = o.flag(name)
	}
	model := o.text("model", false)
	var texts []string
	switch key {
	case "":
		o.fail(`"inputs" is missing; it must be a string or a list of strings`)
	case "inputs":
		texts, _ = o.textOrTexts(key, a.cfg.Limits.Documents)
	default:
		x.dialect = map[string]*dialect{"prompt": vllm, "content": llama}[key]
		texts = []string{o.text(key, true)}
	}
	switch {
	case o.err != nil:
		return o.err
	case len(texts) == 0:
		return refuseEmpty("%q is empty; send at least one text", key)
	}
	info, err := a.infoOf(model)
	if err != nil {
		return err
	}
	for i, text := range texts {
		if len(text) > a.cfg.Limits.DocumentBytes {
			return crossrank.Errorf(crossrank.TooLarge, "text %d has %d bytes; at most %d are taken", i, len(text), a.cfg.Limits.DocumentBytes)
		}
	}
	out, err := a.tokens(info, key, texts, special)
	if err != nil {
		return err
	}
	return x.reply(out)
}

// maxTokens is the maximum of tokens in a reply. A byte of text can become a token, which takes
// about a hundred bytes until it is written; without a maximum, a body of 8 MiB would cost
// gigabytes.
const maxTokens = 100_000

func (a *API) tokens(info crossrank.Info, key string, texts []string, special bool) (any, error) {
	total := 0
	lists := make([][]textToken, len(texts))
	for i, text := range texts {
		tokens := a.cfg.Tokenize(info.Model, text, special)
		if total += len(tokens); total > maxTokens {
			return nil, crossrank.Errorf(crossrank.TooLarge, "up to text %d there are %d tokens; a reply has at most %d, "+
				"split the request", i, total, maxTokens)
		}
		lists[i] = make([]textToken, len(tokens))
		for j, t := range tokens {
			lists[i][j] = textToken{ID: t.ID, Text: t.Text, Special: t.Special}
		}
	}
	if key == "inputs" {
		return lists, nil
	}
	ids := make([]int32, len(lists[0]))
	for i, t := range lists[0] {
		ids[i] = t.ID
	}
	if key == "content" {
		return tokenIDs{ids}, nil
	}
	return tokenCount{len(ids), info.MaxLength, ids}, nil
}

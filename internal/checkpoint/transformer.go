package checkpoint

import (
	"errors"
	"maps"
	"slices"
)

// readTransformer reads how the Transformer module turns a pair into tokens. An unknown key is
// refused, as sentence-transformers refuses it.
func (s *settings) readTransformer(o *object) error {
	for _, key := range slices.Sorted(maps.Keys(o.members)) {
		switch key {
		case "max_seq_length":
			s.limit = lengthLimit(o, key)
		case "do_lower_case":
			if o.boolean(key, false) {
				s.lowerFile = o.file
			}
		case "transformer_task":
			s.only(o, key, "sequence-classification", "text-generation")
		case "module_output_name":
			s.only(o, key, "scores", "causal_logits")
		case "modality_config":
			s.checkModality(o, key)
		case "processing_kwargs", "unpad_inputs", "query_length", "document_length", "query_expansion":
			// The first is read below; the others have no effect on pairs.
		case "model_args", "model_kwargs":
			o.harmless(key, "attn_implementation", "device_map", "dtype", "torch_dtype", "trust_remote_code")
		case "tokenizer_args", "processor_kwargs", "config_args", "config_kwargs":
			o.harmless(key, "trust_remote_code")
		default:
			if _, ok := o.get(key); ok {
				o.fail(key, "this key cannot be read, and scores may depend on it")
			}
		}
	}
	s.readProcessing(o.object("processing_kwargs"), o)
	return o.err
}

// readProcessing reads the arguments with which the tokenizer is called. Those of common win over
// those of text, and both win over max_seq_length.
func (s *settings) readProcessing(kwargs, o *object) {
	for _, name := range []string{"text", "common"} {
		part := kwargs.object(name)
		if n := lengthLimit(part, "max_length"); n > 0 {
			s.limit = n
		}
		if raw, ok := part.get("truncation"); ok && string(raw) != "true" {
			part.only("truncation", "longest_first")
		}
		kwargs.merge(part)
		kwargs.harmless(name, "max_length", "truncation", "padding", "padding_side", "pad_to_multiple_of", "return_tensors",
			"logits_to_keep")
	}
	// What else a chat template is given changes nothing in those that can be computed.
	chat := kwargs.object("chat_template")
	if !chat.boolean("restore_suffix", true) {
		chat.fail("restore_suffix", "it is false, so that the end of a prompt may be cut off; only true can be computed")
	}
	kwargs.merge(chat)
	o.merge(kwargs)
}

// only refuses a member that has another value, which may be that of a language model where texts
// are read in a chat.
func (s *settings) only(o *object, key, want, languageModel string) {
	if s.chats && o.str(key, want) == languageModel {
		return
	}
	o.only(key, want)
}

var errReadsMessages = errors.New("text that is read through a chat template cannot be computed")

// checkModality checks that a pair is read as text, and that the score is the logit. Other kinds of
// input do not matter, except messages: text goes through a chat template then, as that of a
// decoder does.
func (s *settings) checkModality(o *object, key string) {
	if _, ok := o.get(key); !ok {
		return
	}
	m := o.object(key)
	if _, ok := m.get("message"); ok {
		s.messages = m.fault("message", m.members["message"], errReadsMessages)
		if !s.chats {
			m.fail("message", "%w", errReadsMessages)
		}
		o.merge(m)
		return
	}
	if _, ok := m.need("text"); ok {
		text := m.object("text")
		text.only("method", "forward")
		text.only("method_output_name", "logits")
		m.merge(text)
	}
	o.merge(m)
}

// only refuses a member that has another value.
func (o *object) only(key, want string) {
	if got := o.str(key, want); got != want {
		o.fail(key, "it is %.80q; only %s can be computed", got, want)
	}
}

// harmless refuses members of the object key that are not among those listed.
func (o *object) harmless(key string, known ...string) {
	part := o.object(key)
	for _, name := range slices.Sorted(maps.Keys(part.members)) {
		if raw, ok := part.get(name); ok && !slices.Contains(known, name) {
			part.fail(name, "it is %.80s; scores may depend on it, and it cannot be read", raw)
		}
	}
	o.merge(part)
}

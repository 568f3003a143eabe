package checkpoint

import (
	"maps"
	"slices"
)

// The files in which sentence-transformers keeps what config.json does not.
const (
	settingsFile = "config_sentence_transformers.json" // activation, prompts
	modulesFile  = "modules.json"                      // the parts of a model
)

// transformerFiles are names of one file, the newest first: how a Transformer module reads text.
var transformerFiles = []string{
	"sentence_bert_config.json", "sentence_roberta_config.json", "sentence_distilbert_config.json",
	"sentence_camembert_config.json", "sentence_albert_config.json", "sentence_xlm-roberta_config.json",
	"sentence_xlnet_config.json",
}

// settings are what the files of sentence-transformers say. Absent files say nothing.
type settings struct {
	o      *object // of settingsFile
	prompt string  // stands directly before every query
	limit  int     // max tokens of a pair; 0 = the tokenizer's own limit

	lowerFile string // the file that asks for lower-casing; "" if none does

	chats    bool     // texts are read in a chat
	messages error    // that a file asks for one; nil: none does
	answers  *answers // of a LogitScore module; nil: there is none
}

// readSettings reads the files of an encoder, or of a decoder if there is one.
func readSettings(dir string, d *decoder) (s *settings, err error) {
	s = &settings{chats: d != nil}
	if err := s.readModules(dir, d != nil && d.head != nil); err != nil {
		return nil, err
	}
	if s.o, err = readObject(dir, settingsFile); err != nil {
		return nil, err
	}
	if kind := s.o.str("model_type", "CrossEncoder"); kind != "CrossEncoder" {
		s.o.fail("model_type", "it is %.80q; only CrossEncoder can be computed", kind)
	}
	s.readPrompt()
	if s.o.err != nil {
		return nil, s.o.err
	}
	for _, name := range transformerFiles {
		o, err := readObject(dir, name)
		if err != nil {
			return nil, err
		}
		if len(o.members) > 0 {
			return s, s.readTransformer(o)
		}
	}
	return s, nil
}

// readPrompt finds the default prompt, which default_prompt_name names. The other prompts are only
// for callers that ask for them.
func (s *settings) readPrompt() {
	prompts := s.o.object("prompts")
	for _, name := range slices.Sorted(maps.Keys(prompts.members)) {
		prompts.str(name, "")
	}
	if name, ok := s.o.get("default_prompt_name"); ok {
		name := s.o.str("default_prompt_name", string(name))
		if _, ok := prompts.members[name]; !ok {
			s.o.fail("default_prompt_name", "it is %.80q, but prompts has no such name", name)
		}
		s.prompt = prompts.str(name, "")
	}
	s.o.merge(prompts)
}

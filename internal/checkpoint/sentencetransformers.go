package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"slices"
	"strings"

	"github.com/go-json-experiment/json/jsontext"
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
}

func readSettings(dir string) (*settings, error) {
	if err := checkModules(dir); err != nil {
		return nil, err
	}
	s := &settings{}
	var err error
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

// checkModules makes sure that a model has no part besides the network that config.json describes.
func checkModules(dir string) error {
	data, err := readFile(dir, modulesFile, maxConfigBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	list := &object{file: modulesFile, text: quoteConstants(data)}
	modules, err := elements(list.text)
	if err != nil {
		return &Error{File: modulesFile, Err: fmt.Errorf("reading a JSON list: %w", err)}
	}
	if len(modules) == 0 {
		return &Error{File: modulesFile, Err: errors.New("it lists no modules; a cross-encoder has one Transformer")}
	}
	for i, raw := range modules {
		if err := checkModule(list.part(fmt.Sprintf("[%d]", i), raw), i); err != nil {
			return err
		}
	}
	return nil
}

func checkModule(m *object, index int) error {
	kind, path := m.str("type", ""), m.str("path", "")
	name := kind[strings.LastIndexByte(kind, '.')+1:]
	switch {
	case index > 0 || name != "Transformer" || !strings.HasPrefix(kind, "sentence_transformers."):
		m.fail("type", "it is %.120q, which cannot be computed; a model must be one Transformer module", kind)
	case strings.Trim(path, "./") != "":
		m.fail("path", "it is %.80q; only a Transformer in the directory itself can be read", path)
	}
	return m.err
}

// readTransformer reads how the Transformer module turns a pair into tokens. An unknown key is
// refused, as in sentence-transformers.
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
			o.only(key, "sequence-classification")
		case "module_output_name":
			o.only(key, "scores")
		case "modality_config":
			checkModality(o, key)
		case "processing_kwargs", "unpad_inputs", "query_length", "document_length", "query_expansion":
			// The first is read below; the others have no effect on pairs.
		case "model_args", "model_kwargs":
			o.harmless(key, "attn_implementation", "device_map", "dtype", "torch_dtype", "trust_remote_code")
		case "tokenizer_args", "processor_kwargs", "config_args", "config_kwargs":
			o.harmless(key, "trust_remote_code")
		default:
			if _, ok := o.get(key); ok {
				o.fail(key, "sentence-transformers has no such key, so its effect is unknown")
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
	o.merge(kwargs)
}

// checkModality checks that a pair is read as text, and that the score is the logit. Other kinds of
// input do not matter, except messages: text would then go through a chat template.
func checkModality(o *object, key string) {
	if _, ok := o.get(key); !ok {
		return
	}
	m := o.object(key)
	if _, ok := m.get("message"); ok {
		m.fail("message", "text that is read through a chat template cannot be computed")
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
			part.fail(name, "it is %.80s; scores may depend on it, and it cannot be read", jsontext.Value(raw))
		}
	}
	o.merge(part)
}

// readObject reads a file that is one JSON object; an absent file is an empty object.
func readObject(dir, name string) (*object, error) {
	data, err := readFile(dir, name, maxConfigBytes)
	if errors.Is(err, fs.ErrNotExist) {
		return &object{file: name}, nil
	}
	if err != nil {
		return nil, err
	}
	o := parseObject(name, data)
	return o, o.err
}

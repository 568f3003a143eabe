package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// readModules makes sure that a model has no part besides the network that config.json describes:
// one Transformer, and after a language model a LogitScore.
func (s *settings) readModules(dir string, languageModel bool) error {
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
		m := list.part(fmt.Sprintf("[%d]", i), raw)
		if i == 1 && languageModel && moduleClass(m) == "LogitScore" {
			if err := s.readLogitScore(dir, m); err != nil {
				return err
			}
			continue
		}
		if err := checkModule(m, i); err != nil {
			return err
		}
	}
	return nil
}

// moduleClass is the class of a module of sentence-transformers, without its package; "" if it is
// of another library.
func moduleClass(m *object) string {
	kind := m.str("type", "")
	if !strings.HasPrefix(kind, "sentence_transformers.") {
		return ""
	}
	return kind[strings.LastIndexByte(kind, '.')+1:]
}

func checkModule(m *object, index int) error {
	kind, path := m.str("type", ""), m.str("path", "")
	switch {
	case index > 0 || moduleClass(m) != "Transformer":
		m.fail("type", "it is %.120q, which cannot be computed; a model must be one Transformer module", kind)
	case strings.Trim(path, "./") != "":
		m.fail("path", "it is %.80q; only a Transformer in the directory itself can be read", path)
	}
	return m.err
}

// logitScoreFile is where sentence-transformers keeps the settings of a LogitScore that is the
// second module.
const logitScoreFile = "1_LogitScore/config.json"

// readLogitScore reads the tokens whose logits make a score.
func (s *settings) readLogitScore(dir string, m *object) error {
	if path := m.str("path", ""); path+"/config.json" != logitScoreFile {
		m.fail("path", "it is %.80q; only %s can be read", path, logitScoreFile)
	}
	if m.err != nil {
		return m.err
	}
	o, err := readObject(dir, logitScoreFile)
	if err != nil {
		return err
	}
	a := answers{yes: int32(o.size("true_token_id", 0, maxVocab-1))}
	if _, ok := o.get("false_token_id"); ok {
		a.no = int32(o.size("false_token_id", 0, maxVocab-1))
	} else {
		a.one = true
	}
	s.answers = &a
	return o.err
}

package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"strings"
)

// tokenizerForm is a set of files that hold a tokenizer together.
type tokenizerForm struct {
	files []string
	read  func(files [][]byte, c *tokenizerConfig) (*vocabulary, error)
}

// tokenizerForms are those that can be read, the one that says most first. All but the first leave
// stages of the tokenizer to the class of transformers that reads them.
var tokenizerForms = []tokenizerForm{
	{[]string{tokenizerFile}, func(files [][]byte, c *tokenizerConfig) (*vocabulary, error) { return fromTokenizerJSON(files[0], c) }},
	{[]string{vocabFile}, func(files [][]byte, c *tokenizerConfig) (*vocabulary, error) { return fromVocab(files[0], c) }},
	{[]string{bytesVocabFile, mergesFile}, func(files [][]byte, c *tokenizerConfig) (*vocabulary, error) {
		return fromMerges(files[0], files[1], c)
	}},
	{[]string{xlmRobertaFile}, func(files [][]byte, c *tokenizerConfig) (*vocabulary, error) { return fromXLMRoberta(files[0], c) }},
	{[]string{deBERTaFile}, func(files [][]byte, c *tokenizerConfig) (*vocabulary, error) { return fromDeBERTa(files[0], c) }},
}

// readVocabulary reads the first form of a tokenizer that is there, with tokenizer_config.json.
func readVocabulary(dir string) (*vocabulary, error) {
	c, err := readTokenizerConfig(dir)
	if err != nil {
		return nil, err
	}
	for _, form := range tokenizerForms {
		files, err := form.readFiles(dir)
		if err != nil {
			return nil, err
		}
		if files != nil {
			return form.read(files, c)
		}
	}
	return nil, missingVocabulary(dir)
}

// readFiles reads the files of a form; nil if the first of them is not there.
func (f tokenizerForm) readFiles(dir string) (files [][]byte, err error) {
	for i, name := range f.files {
		data, err := readFile(dir, name, maxVocabBytes)
		switch {
		case errors.Is(err, fs.ErrNotExist) && i == 0:
			return nil, nil
		case errors.Is(err, fs.ErrNotExist):
			return nil, &Error{File: name, Err: fmt.Errorf("%w; %s is only half of a tokenizer without it", fs.ErrNotExist, f.files[0])}
		case err != nil:
			return nil, err
		}
		files = append(files, data)
	}
	return files, nil
}

func fromTokenizerJSON(data []byte, c *tokenizerConfig) (*vocabulary, error) {
	v, err := parseTokenizer(data)
	if err != nil {
		return nil, err
	}
	v.limit, v.noTypes, v.affix = c.limit, c.noTypes, c.agreeOnAffixes(v)
	return v, c.agree(v)
}

// saveAdvice says how to have any tokenizer of transformers as tokenizer.json.
const saveAdvice = "save it as " + tokenizerFile + " once: python -c 'from transformers import AutoTokenizer as T; " +
	"T.from_pretrained(\"DIRECTORY\").save_pretrained(\"DIRECTORY\")'"

// needClass refuses a tokenizer_class other than class, by whose rules the file would be read.
func (c *tokenizerConfig) needClass(file, class string) {
	if got := strings.TrimSuffix(c.o.str("tokenizer_class", class), "Fast"); got != class {
		c.o.fail("tokenizer_class", "it is %.80q, but %s can only be read as %s reads it; %s", got, file, class, saveAdvice)
	}
}

// formFiles names the files of each form, for errors.
func formFiles() string {
	var names []string
	for _, f := range tokenizerForms {
		names = append(names, strings.Join(f.files, " with "))
	}
	last := len(names) - 1
	return strings.Join(names[:last], ", ") + " or " + names[last]
}

// otherVocabularies are files of tokenizers that cannot be read.
var otherVocabularies = []string{"spiece.model", "tokenizer.model", "sentencepiece.model", "bpe.codes"}

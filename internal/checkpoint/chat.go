package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"

	"github.com/crossrank/crossrank/internal/tokenizer"
)

const chatTemplateFile = "chat_template.jinja"

// chat is the text in which a decoder reads a pair. The prefix and the suffix always stay; what is
// between them is cut at its end.
type chat struct {
	prefix, suffix string
	prompt         tokenizer.Prompt
	special        bool // the tokenizer's special tokens of a single text stand around it

	// Of a chat whose parts the reference encodes each by itself too, and what stands before the
	// suffix, likewise.
	apart        bool
	beforeSuffix string
}

// readChat finds the chat of a decoder: the template in its files if that is one of a reranker,
// else the family's own. It returns nil if pairs are read without one.
func (d *decoder) readChat(dir string) (*chat, error) {
	file, template, err := chatTemplate(dir)
	if err != nil {
		return nil, err
	}
	if isRerankTemplate(template) {
		c, err := parseChat(template)
		if err != nil {
			return nil, &Error{File: file, Err: fmt.Errorf("%w; if its prompt is known, %s", err, templateAdvice)}
		}
		return c, nil
	}
	if d.chat == nil && !d.pairs {
		return nil, &Error{File: chatTemplateFile, Err: errors.New("no template in the model's files has places for a query and a document, " +
			"so how it reads a pair is not known; " + templateAdvice)}
	}
	return d.chat, nil
}

// chatTemplate returns the chat template of a model and the file that it is in; "" if there is
// none.
func chatTemplate(dir string) (file, template string, err error) {
	o, err := readObject(dir, tokenizerConfigFile)
	if err != nil {
		return "", "", err
	}
	file = tokenizerConfigFile
	data, err := readFile(dir, chatTemplateFile, maxConfigBytes)
	switch raw, ok := o.get("chat_template"); {
	case err == nil:
		file, template = chatTemplateFile, string(data)
	case !errors.Is(err, fs.ErrNotExist):
		return "", "", err
	case !ok || raw.Kind() != '"':
		return "", "", nil // several templates by name are those of a chat
	default:
		template = o.str("chat_template", "")
	}
	return file, fillBOS(template, specialName(o, "bos_token", "")), o.err
}

// bosPlace is a Jinja expression for the token that begins a text, where a template begins with it.
var bosPlace = regexp.MustCompile(`^\{\{-?\s*bos_token\s*(?:\}\}|-\}\}\s*)`)

// fillBOS puts a token into its place, if a template has that and there is one.
func fillBOS(template, token string) string {
	at := bosPlace.FindString(template)
	if at == "" || token == "" {
		return template
	}
	return token + template[len(at):]
}

// isRerankTemplate reports whether a template is a reranker's, not one of conversations.
func isRerankTemplate(template string) bool {
	return slices.ContainsFunc([]string{`"document"`, `'document'`}, func(role string) bool { return strings.Contains(template, role) })
}

// place is a Jinja expression for the text of a role. A default is what stands there without one.
var place = regexp.MustCompile(`\{\{\s*messages\s*\|\s*selectattr\(\s*["']role["']\s*,\s*["'](?:eq|equalto|==)["']\s*,` +
	`\s*["'](system|query|document)["']\s*\)\s*\|\s*map\(\s*attribute\s*=\s*["']content["']\s*\)\s*\|\s*first\s*` +
	`(?:\|\s*default\(\s*(?:"([^"\\]*)"|'([^'\\]*)')\s*\)\s*)?\}\}`)

// parseChat reads a template that is text with one place each for the query and the document, and
// perhaps one for the instruction before them. It reads no other Jinja.
func parseChat(template string) (*chat, error) {
	template = strings.TrimSuffix(template, "\n") // as Jinja does
	var c chat
	var texts, roles []string
	from := 0
	for _, at := range place.FindAllStringSubmatchIndex(template, -1) {
		texts, roles = append(texts, template[from:at[0]]), append(roles, template[at[2]:at[3]])
		for _, group := range []int{4, 6} {
			if at[group] >= 0 && roles[len(roles)-1] == "system" {
				c.prompt.Instruction = template[at[group]:at[group+1]]
			}
		}
		from = at[1]
	}
	c.suffix = template[from:]
	switch strings.Join(roles, " ") {
	case "system query document":
		c.prompt.BeforeInstruction, c.prompt.BeforeQuery = texts[0], texts[1]
	case "query document":
		c.prompt.BeforeQuery = texts[0]
	default:
		return nil, fmt.Errorf("its places are %q; a query and then a document can be computed, with an instruction before them",
			strings.Join(roles, " "))
	}
	if strings.Contains(strings.Join(texts, "")+c.suffix, "{{") || strings.Contains(strings.Join(texts, "")+c.suffix, "{%") {
		return nil, errors.New("it has instructions besides the places of texts, which cannot be computed")
	}
	first := &c.prompt.BeforeInstruction
	if *first == "" {
		first = &c.prompt.BeforeQuery
	}
	line := strings.LastIndexByte(strings.TrimSuffix(*first, "\n"), '\n') + 1
	c.prefix, *first = (*first)[:line], (*first)[line:]
	c.prompt.AfterQuery = texts[len(texts)-1]
	if after, ok := strings.CutSuffix(c.prompt.AfterQuery, " "); ok {
		c.prompt.AfterQuery, c.prompt.BeforePassage = after, " "
	}
	return &c, nil
}

// tokenizer gives a tokenizer the chat, whose parts are encoded each by itself.
func (c *chat) tokenizer(tok *tokenizer.Tokenizer, single affixes) *tokenizer.Tokenizer {
	head, tail := tok.Append(nil, c.prefix), tok.Append(tok.Append(nil, c.beforeSuffix), c.suffix)
	if c.special {
		head, tail = slices.Concat(single.head, head), slices.Concat(tail, single.tail)
	}
	return tok.WithChat(head, tail)
}

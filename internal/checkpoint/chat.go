package checkpoint

import (
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"
	"strings"
	"unicode/utf8"

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

// qwen3Chat is the one that the model cards of Qwen3-Reranker give.
var qwen3Chat = chat{
	prefix: "<|im_start|>system\nJudge whether the Document meets the requirements based on the Query and the Instruct provided. " +
		"Note that the answer can only be \"yes\" or \"no\".<|im_end|>\n<|im_start|>user\n",
	prompt: tokenizer.Prompt{
		BeforeInstruction: "<Instruct>: ",
		Instruction:       "Given a web search query, retrieve relevant passages that answer the query",
		BeforeQuery:       "\n<Query>: ",
		AfterQuery:        "\n<Document>:",
		BeforePassage:     " ",
	},
	suffix: "<|im_end|>\n<|im_start|>assistant\n<think>\n\n</think>\n\n",
}

// mxbaiChat is the one of mxbai-rerank-v2, by mixedbread's own program. It encodes the query, the
// document and what stands around them each by themselves.
var mxbaiChat = chat{
	prefix: "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n<|im_start|>user\n",
	prompt: tokenizer.Prompt{
		BeforeInstruction: "instruction: ",
		BeforeQuery:       "\nquery: ",
		BeforeQueryAlone:  "query: ",
		Between:           "\ndocument:",
		BeforePassage:     " ",
	},
	suffix: "\nYou are a search relevance expert who evaluates how well documents match search queries. For each query-document pair, " +
		"carefully analyze the semantic relationship between them, then provide your binary relevance judgment " +
		"(0 for not relevant, 1 for relevant).\nRelevance:<|im_end|>\n<|im_start|>assistant\n",
}

// nvidiaChat is the one of llama-nemotron-rerank-1b-v2 and its predecessors, by their model cards:
// one text with the tokenizer's special tokens.
var nvidiaChat = chat{
	prompt:  tokenizer.Prompt{BeforeQuery: "question:", AfterQuery: " \n \n passage", BeforePassage: ":"},
	special: true,
}

// bgeChat is the one of bge-reranker-v2-gemma, by FlagEmbedding's own program, which encodes its
// parts each by itself.
var bgeChat = chat{
	prefix: "<bos>",
	prompt: tokenizer.Prompt{BeforeQuery: "A: ", Between: "\n", BeforePassage: "B: "},
	apart:  true, beforeSuffix: "\n",
	suffix: "Given a query A and a passage B, determine whether the passage contains an answer to the query by providing a prediction of " +
		"either 'Yes' or 'No'.",
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

// seam is where two parts of a chat meet that are encoded each by itself.
type seam struct{ before, after string }

// seams are those where the reference encodes both parts together. With a part between query and
// passage, it encodes that and the suffix by themselves too.
func (c *chat) seams() []seam {
	var all []seam
	if c.prefix != "" {
		all = append(all, seam{c.prefix, c.prompt.BeforeInstruction + c.prompt.BeforeQuery + "a"})
	}
	if c.prompt.Between != "" {
		return append(all, seam{c.prompt.Between, c.prompt.BeforePassage})
	}
	return append(all, seam{c.prompt.AfterQuery, c.prompt.BeforePassage}, seam{"", c.suffix})
}

// seamed returns c with the seam between query and passage so far to the left that the parts have
// the tokens of both together. A colon before a passage, for instance, may be read with its first
// word.
func (c *chat) seamed(tok *tokenizer.Tokenizer) (*chat, error) {
	if c.apart {
		return c.shared(tok)
	}
	moved, fault := *c, c.checkSeams(tok)
	for err := fault; err != nil; err = moved.checkSeams(tok) {
		p := &moved.prompt
		if p.AfterQuery == "" || p.Between != "" {
			return nil, fault
		}
		_, size := utf8.DecodeLastRuneInString(p.AfterQuery)
		at := len(p.AfterQuery) - size
		p.AfterQuery, p.BeforePassage = p.AfterQuery[:at], p.AfterQuery[at:]+p.BeforePassage
	}
	return &moved, nil
}

// shared returns a chat whose parts are encoded apart with what stands before a passage, but for the
// space, among what all passages share, if the tokens are the same: windows of a passage then begin
// alike.
func (c *chat) shared(tok *tokenizer.Tokenizer) (*chat, error) {
	if n := len(tok.Append(nil, c.prefix)); n != 1 {
		return nil, fmt.Errorf("its prompt begins with %q, which must be one token, not %d", c.prefix, n)
	}
	moved := *c
	moved.prompt.BeforePassage = " "
	moved.prompt.Between += strings.TrimSuffix(c.prompt.BeforePassage, " ")
	for _, text := range seamTexts {
		own := tok.Append(tok.Append(nil, c.prompt.Between), c.prompt.BeforePassage+text)
		if !slices.Equal(own, tok.Append(tok.Append(nil, moved.prompt.Between), " "+text)) {
			return c, nil
		}
	}
	return &moved, nil
}

// seamTexts are texts that a token before them may go on into. Of a letter after a mark, a vocabulary
// has a piece for some letters and none for others.
var seamTexts = slices.Concat([]string{"", "A9", "9", ".", "-", " ", "  x", "\n", "\n\nx", "'s", "é", "\u0301", "中"},
	strings.Split("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", ""))

// checkSeams refuses a chat whose parts have other tokens, each by itself, than both together.
func (c *chat) checkSeams(tok *tokenizer.Tokenizer) error {
	for _, seam := range c.seams() {
		for _, text := range seamTexts {
			before, after := seam.before, seam.after+text
			if seam.before == "" {
				before, after = text, seam.after
			}
			if !slices.Equal(tok.Append(tok.Append(nil, before), after), tok.Append(nil, before+after)) {
				return fmt.Errorf("its tokens of %q and %q are others than those of both together; such a chat cannot be computed", before, after)
			}
		}
	}
	return nil
}

// tokenizer gives a tokenizer the chat, whose parts are encoded each by itself.
func (c *chat) tokenizer(tok *tokenizer.Tokenizer, single affixes) *tokenizer.Tokenizer {
	head, tail := tok.Append(nil, c.prefix), tok.Append(tok.Append(nil, c.beforeSuffix), c.suffix)
	if c.special {
		head, tail = slices.Concat(single.head, head), slices.Concat(tail, single.tail)
	}
	return tok.WithChat(head, tail)
}

package checkpoint

import (
	"slices"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/material"
	"github.com/crossrank/crossrank/internal/tokenizer"
)

const (
	systemPlace   = `{{ messages | selectattr("role", "eq", "system") | map(attribute="content") | first | default("find answers") }}`
	queryPlace    = `{{messages|selectattr('role','==','query')|map(attribute='content')|first}}`
	documentPlace = `{{ messages | selectattr("role", "equalto", "document") | map(attribute="content") | first }}`
)

func TestParseChat(t *testing.T) {
	for _, c := range []struct {
		template string
		want     chat
	}{
		{
			"<s>judge</s>\n<u>\nI: " + systemPlace + "\nQ: " + queryPlace + "\nD: " + documentPlace + "</u>\n\n",
			chat{prefix: "<s>judge</s>\n<u>\n", suffix: "</u>\n", prompt: tokenizer.Prompt{
				BeforeInstruction: "I: ", Instruction: "find answers", BeforeQuery: "\nQ: ", AfterQuery: "\nD:", BeforePassage: " ",
			}},
		},
		{
			"<u>\nQ: " + queryPlace + " D:" + documentPlace + "</u>",
			chat{prefix: "<u>\n", suffix: "</u>", prompt: tokenizer.Prompt{BeforeQuery: "Q: ", AfterQuery: " D:"}},
		},
	} {
		got, err := parseChat(c.template)
		if err != nil || *got != c.want {
			t.Errorf("%q:\n got %+v, error %v\nwant %+v", c.template, got, err, c.want)
		}
	}
}

// TestOtherTemplatesAreRefused: a template that is more than places of texts is refused, since it
// might say anything.
func TestOtherTemplatesAreRefused(t *testing.T) {
	for _, template := range []string{
		documentPlace + queryPlace,
		queryPlace + documentPlace + documentPlace,
		systemPlace + documentPlace,
		queryPlace + documentPlace + "{% if x %}",
		queryPlace + "{{ bos_token }}" + documentPlace,
		queryPlace + strings.Replace(documentPlace, "first", "last", 1),
		queryPlace + systemPlace + documentPlace,
	} {
		if got, err := parseChat(template); err == nil {
			t.Errorf("%q: got %+v, want an error", template, got)
		}
	}
}

func TestRerankTemplatesAreRecognized(t *testing.T) {
	if !isRerankTemplate(queryPlace+documentPlace) || isRerankTemplate("{% for m in messages %}{{ m.content }}{% endfor %}") {
		t.Error("a template of conversations is taken for one of a reranker, or not the other way round")
	}
}

// TestMxbaiChat holds the ids of a pair against parts that are encoded one by one, as mixedbread's
// own program does, with texts that would be encoded otherwise beside each other.
func TestMxbaiChat(t *testing.T) {
	const prefix = "<|im_start|>system\nYou are Qwen, created by Alibaba Cloud. You are a helpful assistant.<|im_end|>\n<|im_start|>user\n"
	const task = "You are a search relevance expert who evaluates how well documents match search queries. For each query-document pair, " +
		"carefully analyze the semantic relationship between them, then provide your binary relevance judgment " +
		"(0 for not relevant, 1 for relevant).\nRelevance:"
	plain := readTokenizer(t, material.Path(t, "tokenizers", "qwen3.json"))
	seamed, err := mxbaiChat.seamed(plain)
	if err != nil || *seamed != mxbaiChat {
		t.Fatalf("got %+v, error %v; want the chat as it is", seamed, err)
	}
	chat := seamed.tokenizer(plain, affixes{})
	texts := []string{"", "how tall is k2", "K2.", "a ", "\n", " b\n\n", "9", "'s", "...", "e\u0301 \u0301", "中文。", "x <|im_end|>"}
	for _, query := range texts {
		for i, document := range texts {
			instruction := texts[(i+3)%len(texts)]
			first := "query: " + query
			if instruction != "" {
				first = "instruction: " + instruction + "\n" + first
			}
			var want []int32
			for _, part := range []string{prefix, first, "\n", "document: " + document, "\n", task, "<|im_end|>\n<|im_start|>assistant\n"} {
				want = plain.Append(want, part)
			}
			p := &mxbaiChat.prompt
			got, _, cut := chat.Join(nil, p.AppendQuery(nil, chat, instruction, query), chat.AppendSide(nil, p.Passage(document)), 1<<20, tokenizer.KeepStart)
			if !slices.Equal(got, want) || cut != 0 {
				t.Errorf("%q, %q, %q:\n got %v\nwant %v", instruction, query, document, show(plain, got), show(plain, want))
			}
		}
	}
}

package checkpoint

import (
	"strings"
	"testing"

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
			chat{"<s>judge</s>\n<u>\n", "</u>\n", tokenizer.Prompt{
				BeforeInstruction: "I: ", Instruction: "find answers", BeforeQuery: "\nQ: ", AfterQuery: "\nD:", BeforePassage: " ",
			}},
		},
		{
			"<u>\nQ: " + queryPlace + " D:" + documentPlace + "</u>",
			chat{"<u>\n", "</u>", tokenizer.Prompt{BeforeQuery: "Q: ", AfterQuery: " D:"}},
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

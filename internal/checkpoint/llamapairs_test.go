package checkpoint

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/crossrank/crossrank/internal/tokenizer"
)

// llamaTokenizer is a tokenizer.json in the form of Llama 3's: bytes with some merges, one of them
// across the end of a prompt, and a token that begins a text.
func llamaTokenizer() string {
	var pieces []string
	extra := 256
	for b := range 256 {
		r := rune(b)
		if printable := b >= '!' && b <= '~' || b >= 0xa1 && b <= 0xac || b >= 0xae; !printable {
			r = rune(extra)
			extra++
		}
		pieces = append(pieces, string(r))
	}
	merges := []string{": h", "p a", "s s", "pa ss", "Ġ q", "h i"}
	for _, m := range merges {
		pieces = append(pieces, strings.ReplaceAll(m, " ", ""))
	}
	vocab := map[string]int{}
	for id, piece := range pieces {
		vocab[piece] = id
	}
	bos := len(pieces)
	special, text := func(kind int) component { return component{"SpecialToken": component{"id": "<bos>", "type_id": kind}} },
		func(id string, kind int) component {
			return component{"Sequence": component{"id": id, "type_id": kind}}
		}
	return short(component{
		"added_tokens": []any{component{"id": bos, "content": "<bos>", "special": true}},
		"pre_tokenizer": preTokenizers(split("Regex", `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|`+
			`\s*[\r\n]+|\s+(?!\S)|\s+`, "Isolated", false), byteLevel(false, false)),
		"post_processor": named("Sequence", "processors", []component{byteLevel(true, true), named("TemplateProcessing",
			"single", []component{special(0), text("A", 0)}, "pair", []component{special(0), text("A", 0), special(1), text("B", 1)},
			"special_tokens", component{"<bos>": component{"id": "<bos>", "ids": []int{bos}, "tokens": []string{"<bos>"}}})}),
		"model": component{"type": "BPE", "ignore_merges": true, "vocab": vocab, "merges": merges},
	})
}

// llamaFiles are those of a directory from which pairs are read.
func llamaFiles(config string) map[string]string {
	return map[string]string{configFile: config + "}", tokenizerFile: llamaTokenizer(),
		tokenizerConfigFile: `{"bos_token": {"content": "<bos>"}, "model_max_length": 131072}`}
}

const nvidiaTemplate = `{{- bos_token }}question:{{ messages | selectattr("role", "eq", "query") | map(attribute="content") | first }} ` +
	"\n \n passage:" + `{{ messages | selectattr("role", "eq", "document") | map(attribute="content") | first }}`

// TestNVIDIAPairs holds the ids of pairs against those of the whole text, as NVIDIA's program reads
// it, whole and cut to a length; and so it does for a model whose files have the prompt.
func TestNVIDIAPairs(t *testing.T) {
	written := llamaFiles(llamaConfig)
	written[chatTemplateFile] = nvidiaTemplate
	for name, files := range map[string]map[string]string{"NVIDIA's class": llamaFiles(nvidiaConfig), "a template": written} {
		r, err := OpenTokenizer(directoryOf(t, files))
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		texts := []string{"", "hi", " hi", "hi <bos>", ":", "\n", "9", "'s", "...", "\u0301", "中文", "hi\n\nhi ", "<bos>"}
		for _, query := range texts {
			for _, passage := range texts {
				want := r.Tokenizer.Append(r.Tokenizer.Append(nil, "<bos>"), "question:"+query+" \n \n passage:"+passage)
				for _, length := range []int{1000, 40, 8} {
					r.MaxLength = length
					if got, _ := r.Pair(nil, query, passage); !slices.Equal(got, want[:min(len(want), length)]) {
						t.Errorf("%s: %q, %q, at most %d:\n got %v\nwant %v", name, query, passage, length,
							show(r.Tokenizer, got), show(r.Tokenizer, want))
					}
				}
			}
		}
	}
}

// zerankTemplate has the texts right behind line breaks, and special tokens between them.
const zerankTemplate = "<bos>system\n" + `{{ messages | selectattr("role", "eq", "query") | map(attribute="content") | first }}` +
	"<bos>\n<bos>user\n" + `{{ messages | selectattr("role", "eq", "document") | map(attribute="content") | first }}` + "<bos>\n<bos>assistant\n\n"

// TestPromptOfTurns holds the ids of pairs in the prompt of zerank's models against those of the
// whole text. Special tokens in texts cannot be read as text there, since its own would be too.
func TestPromptOfTurns(t *testing.T) {
	files := llamaFiles(llamaConfig + `, "pad_token_id": 262`)
	files[chatTemplateFile] = zerankTemplate
	r, err := OpenTokenizer(directoryOf(t, files))
	if err != nil {
		t.Fatal(err)
	}
	texts := []string{"", "hi", " hi", ":", "\n", "\n\nhi", "9", "'s", "中文"}
	for _, query := range texts {
		for _, passage := range texts {
			want := r.Tokenizer.Append(nil, "<bos>system\n"+query+"<bos>\n<bos>user\n"+passage+"<bos>\n<bos>assistant\n")
			if got, _ := r.Pair(nil, query, passage); !slices.Equal(got, want) {
				t.Errorf("%q, %q:\n got %v\nwant %v", query, passage, show(r.Tokenizer, got), show(r.Tokenizer, want))
			}
		}
	}
	if _, err := r.PlainTexts(); err == nil || !strings.Contains(err.Error(), "special tokens between the texts") {
		t.Errorf("special tokens as text: got %v, want an error about those of the prompt", err)
	}
	if r, err = OpenTokenizer(directoryOf(t, llamaFiles(nvidiaConfig))); err != nil {
		t.Fatal(err)
	}
	if r, err = r.PlainTexts(); err != nil || len(r.Tokenizer.Append(nil, "<bos>")) == 1 {
		t.Errorf("special tokens as text where the prompt has none: error %v", err)
	}
}

// TestPlainPairs: a classifier without a chat reads a pair as its tokenizer makes it.
func TestPlainPairs(t *testing.T) {
	files := llamaFiles(llamaConfig)
	files[tokenizerConfigFile] = `{"chat_template": "{% for m in messages %}{{ m.content }}{% endfor %}"}`
	r, err := OpenTokenizer(directoryOf(t, files))
	if err != nil {
		t.Fatal(err)
	}
	var want []int32
	for _, text := range []string{"<bos>", "hi", "<bos>", ":hi"} {
		want = r.Tokenizer.Append(want, text)
	}
	if got, boundary := r.Pair(nil, "hi", ":hi"); !slices.Equal(got, want) || boundary != 2 {
		t.Errorf("got %v, %d of the query; want %v, 2", got, boundary, want)
	}
}

// TestUnknownPromptsAreRefused: where it is not sure how a model reads a pair, the error names the
// file and says what to do.
func TestUnknownPromptsAreRefused(t *testing.T) {
	causal := strings.Replace(llamaConfig, "ForSequenceClassification", "ForCausalLM", 1)
	qwen := strings.Replace(qwen3Config, `"vocab_size": 12`, `"vocab_size": 400`, 1)
	score := func(yes, no string) map[string]string {
		return map[string]string{modulesFile: `[{"path": "", "type": "sentence_transformers.base.modules.transformer.Transformer"},
			{"path": "1_LogitScore", "type": "sentence_transformers.cross_encoder.modules.logit_score.LogitScore"}]`,
			logitScoreFile: fmt.Sprintf(`{"true_token_id": %s, "false_token_id": %s}`, yes, no)}
	}
	for _, c := range []struct {
		name, config string
		files        map[string]string
		want         []string
	}{
		{"a language model", causal, nil, []string{chatTemplateFile, "write its prompt to"}},
		{"a language model with a prompt", causal, map[string]string{chatTemplateFile: nvidiaTemplate}, []string{modulesFile, "LogitScore"}},
		{"another model's answer", qwen, score("65", "null"), []string{logitScoreFile, `"A"`, `["A"], not of ["yes" "no"]`, "write its prompt to"}},
		{"another model's answers", qwen, score("65", "66"), []string{logitScoreFile, `["A" "B"]`}},
		{"a chat without a prompt", llamaConfig, map[string]string{transformerFiles[0]: `{"modality_config": {"message": {"method": "forward"}}}`},
			[]string{transformerFiles[0], "message"}},
		{"a prompt whose end is cut", llamaConfig, map[string]string{chatTemplateFile: nvidiaTemplate,
			transformerFiles[0]: `{"processing_kwargs": {"chat_template": {"restore_suffix": false}}}`}, []string{"restore_suffix"}},
		{"tokens that one file adds", llamaConfig, map[string]string{tokenizerConfigFile: `{"tokenizer_class": "LlamaTokenizerFast", "add_bos_token": false}`},
			[]string{tokenizerConfigFile, "add_bos_token"}},
		{"tokens that a class adds", nvidiaConfig, map[string]string{tokenizerConfigFile: `{"tokenizer_class": "LlamaTokenizer", "add_eos_token": true}`},
			[]string{tokenizerConfigFile, "add_eos_token"}},
		{"an instruction without a place", nvidiaConfig, map[string]string{settingsFile: `{"prompts": {"q": "find: "}, "default_prompt_name": "q"}`},
			[]string{settingsFile, "default_prompt_name", "no place for it"}},
		{"a prompt that ends with padding", llamaConfig + `, "pad_token_id": 262`, map[string]string{chatTemplateFile: nvidiaTemplate + "<bos>"},
			[]string{configFile, "pad_token_id", "262"}},
	} {
		files := llamaFiles(c.config)
		maps.Copy(files, c.files)
		dir := t.TempDir()
		writeTree(t, dir, files)
		_, err := OpenTokenizer(dir)
		for _, want := range c.want {
			if err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%s: got %v, want an error with %s", c.name, err, want)
			}
		}
	}
}

// TestLibraryNVIDIAPairs compares pairs in NVIDIA's prompt with what the library makes of the whole
// text, with the pieces of a real vocabulary.
func TestLibraryNVIDIAPairs(t *testing.T) {
	lib := startLibrary(t)
	v := readVariant(t, "qwen3-seq-a")
	v["normalizer"], v["model"].(map[string]any)["ignore_merges"] = nil, true
	v["pre_tokenizer"] = preTokenizers(split("Regex", testRegexes[2], "Isolated", false), byteLevel(false, false))
	tok := v.open(t, lib)
	c, err := nvidiaChat.seamed(tok)
	if err != nil || *c != nvidiaChat {
		t.Fatalf("got %+v, error %v; want the chat as it is", c, err)
	}
	m, chat := newTextMaker(8), c.tokenizer(tok, affixes{head: []int32{1}})
	for range comparedTexts(t) / 50 {
		var got [][]int32
		var whole []string
		for range 50 {
			query, passage := m.make(), m.make()
			ids, _, _ := chat.Join(nil, c.prompt.AppendQuery(nil, chat, "", query), chat.AppendSide(nil, c.prompt.Passage(passage)), 1<<20, tokenizer.KeepStart)
			got, whole = append(got, ids), append(whole, valid("question:"+query+" \n \n passage:"+passage))
		}
		a, err := lib.ask(libraryRequest{Texts: whole})
		if err != nil {
			t.Fatal(err)
		}
		for i, ids := range got {
			if want := append([]int32{1}, a.IDs[i]...); !slices.Equal(ids, want) {
				t.Errorf("%+q:\n got %v\nwant %v", whole[i], show(tok, ids), show(tok, want))
			}
		}
	}
}

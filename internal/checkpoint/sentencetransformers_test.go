package checkpoint

import (
	"errors"
	"maps"
	"slices"
	"strings"
	"testing"
)

const (
	identity = `"torch.nn.modules.linear.Identity"`
	sigmoid  = `"torch.nn.modules.activation.Sigmoid"`
)

// savedFiles are those that sentence-transformers 5.4 writes beside the model.
func savedFiles() map[string]string {
	return map[string]string{
		settingsFile: `{
			"__version__": {"sentence_transformers": "5.4.0", "transformers": "5.1.0", "pytorch": "2.9.0"},
			"activation_fn": ` + identity + `,
			"default_prompt_name": "a",
			"model_type": "CrossEncoder",
			"prompts": {"a": "b ", "query": "", "document": null}
		}`,
		modulesFile: `[{"idx": 0, "name": "0", "path": "", "type": "sentence_transformers.base.modules.transformer.Transformer"}]`,
		transformerFiles[0]: `{
			"transformer_task": "sequence-classification",
			"modality_config": {"text": {"method": "forward", "method_output_name": "logits"}},
			"module_output_name": "scores",
			"processing_kwargs": {"text": {"max_length": 8}}
		}`,
	}
}

// withSaved adds files to those of a model that opens.
func withSaved(t testing.TB, saved map[string]string) map[string]string {
	files := tinyFiles(t)
	maps.Copy(files, saved)
	return files
}

func TestSentenceTransformersSettings(t *testing.T) {
	m, err := Open(directoryOf(t, withSaved(t, savedFiles())))
	if err != nil {
		t.Fatal(err)
	}
	if m.Activation != Identity || m.Prompt.BeforeQuery != "b " || m.MaxLength != 8 {
		t.Errorf("activation %s, prompt %q, max length %d; want identity, %q and 8", m.Activation, m.Prompt, m.MaxLength, "b ")
	}
	ids, boundary := m.Pair(nil, "a", "cat")
	if want := []int32{2, 7, 6, 3, 9, 3}; !slices.Equal(ids, want) || boundary != 4 {
		t.Errorf("got %v with a boundary of %d, want %v with 4", ids, boundary, want)
	}
	r, err := OpenTokenizer(directoryOf(t, withSaved(t, savedFiles())))
	if err != nil || r.Prompt != m.Prompt || r.MaxLength != m.MaxLength {
		t.Errorf("OpenTokenizer: prompt %q, max length %d, %v", r.Prompt, r.MaxLength, err)
	}
}

// Of all places that may name an activation, the first that is not null counts.
func TestActivation(t *testing.T) {
	const now, old = "sentence_transformers", "sbert_ce_default_activation_function"
	for _, c := range []struct {
		name     string
		settings string // config_sentence_transformers.json; "" if absent
		config   string
		want     Activation
	}{
		{"nothing, one label", "", tinyConfig, Sigmoid},
		{"nothing, two labels", "", with("id2label", `{"0": "no", "1": "yes"}`), Sigmoid},
		{"the former key", "", with(old, identity), Identity},
		{"the former key, sigmoid", "", with(old, sigmoid), Sigmoid},
		{"the later key", "", with(now, `{"activation_fn": `+identity+`}`), Identity},
		{"the later key before the former", "", both(now, `{"activation_fn": `+identity+`}`, old, sigmoid), Identity},
		{"the later key null", "", both(now, `{"activation_fn": null}`, old, identity), Identity},
		{"the later key without one", "", both(now, `{"version": "5.0.0"}`, old, identity), Identity},
		{"the settings' file", `{"activation_fn": ` + identity + `}`, tinyConfig, Identity},
		{"the settings' file before all", `{"activation_fn": ` + identity + `}`, both(now, `{"activation_fn": `+sigmoid+`}`, old, sigmoid), Identity},
		{"the settings' file before what cannot be computed", `{"activation_fn": ` + identity + `}`, with(old, `"mine.Activation"`), Identity},
		{"the settings' file null", `{"activation_fn": null}`, with(now, `{"activation_fn": `+identity+`}`), Identity},
		{"the settings' file without one", `{"prompts": {}}`, with(old, identity), Identity},
		{"all null", `{"activation_fn": null}`, both(now, `null`, old, `null`), Sigmoid},
		{"a shorter path", `{"activation_fn": "torch.nn.Identity"}`, tinyConfig, Identity},
		{"another shorter path", `{"activation_fn": "torch.nn.modules.Sigmoid"}`, with(old, identity), Sigmoid},
	} {
		files := tinyFiles(t)
		files[configFile] = c.config
		if c.settings != "" {
			files[settingsFile] = c.settings
		}
		if strings.Contains(c.config, `"1": "yes"`) {
			files[weightsFile] = string(encode(t, tensorsOf(twoLabels(), "F32")))
		}
		m, err := Open(directoryOf(t, files))
		if err != nil || m.Activation != c.want {
			t.Errorf("%s: got %v, %v; want %s", c.name, m, err, c.want)
		}
	}
}

// both is tinyConfig with two more members.
func both(key, value, otherKey, otherValue string) string {
	return strings.Replace(with(key, value), "{", `{"`+otherKey+`": `+otherValue+", ", 1)
}

func twoLabels() encoder {
	c := tiny()
	c.Labels = 2
	return c
}

func TestMaxLengthSettings(t *testing.T) {
	const file = "sentence_bert_config.json"
	for _, c := range []struct {
		name, content, tokenizer string
		want                     int
	}{
		{"no limit", `{}`, `{}`, 40},
		{"the older key", `{"max_seq_length": 32, "do_lower_case": false}`, `{"model_max_length": 36}`, 32},
		{"the older key above the tokenizer's", `{"max_seq_length": 38}`, `{"model_max_length": 36}`, 38},
		{"the older key above the positions", `{"max_seq_length": 512}`, `{"model_max_length": 36}`, 40},
		{"the older key null", `{"max_seq_length": null}`, `{"model_max_length": 36}`, 36},
		{"no limit, as Python writes it", `{"max_seq_length": Infinity}`, `{"model_max_length": 1e30}`, 40},
		{"arguments of the tokenizer", `{"processing_kwargs": {"text": {"max_length": 32}}}`, `{"model_max_length": 36}`, 32},
		{"arguments before the older key", `{"max_seq_length": 38, "processing_kwargs": {"text": {"max_length": 32, "truncation": true}}}`, `{}`, 32},
		{"common arguments before those of text", `{"processing_kwargs": {"common": {"max_length": 30}, "text": {"max_length": 32}}}`, `{}`, 30},
		{"arguments for something else", `{"processing_kwargs": {"image": {"max_length": 9}, "chat_template": {"x": 1}}}`, `{}`, 40},
	} {
		files := map[string]string{
			vocabFile: tinyVocab, configFile: with("max_position_embeddings", "40"), file: c.content, tokenizerConfigFile: c.tokenizer,
		}
		r, err := OpenTokenizer(directoryOf(t, files))
		if err != nil || r.MaxLength != c.want {
			t.Errorf("%s: got %d, %v; want %d", c.name, r.MaxLength, err, c.want)
		}
	}
	files := map[string]string{vocabFile: tinyVocab, "sentence_roberta_config.json": `{"max_seq_length": 32}`}
	if r, err := OpenTokenizer(directoryOf(t, files)); err != nil || r.MaxLength != 32 {
		t.Errorf("an old name of the file: got %d, %v; want 32", r.MaxLength, err)
	}
}

func TestSentenceTransformersRefused(t *testing.T) {
	const sf, mf, tf = settingsFile, modulesFile, "sentence_bert_config.json"
	for _, c := range []struct {
		name, file, content string
		wantAt, want        string
	}{
		{"an activation of torch that is not computed", sf, `{"activation_fn": "torch.nn.modules.activation.Tanh"}`, "activation_fn", `"torch.nn.modules.activation.Tanh"`},
		{"a function of torch", sf, `{"activation_fn": "torch.sigmoid"}`, "activation_fn", `"torch.sigmoid"`},
		{"an activation outside torch", sf, `{"activation_fn": "mine.Activation"}`, "activation_fn", "outside torch"},
		{"an activation that looks like torch's", sf, `{"activation_fn": "torch.evil.nn.Identity"}`, "activation_fn", "evil"},
		{"an activation that is a number", sf, `{"activation_fn": 1}`, "activation_fn", "a string"},
		{"a default prompt that is not there", sf, `{"prompts": {"query": "q: "}, "default_prompt_name": "web"}`, "default_prompt_name", `"web", but prompts`},
		{"a default prompt without prompts", sf, `{"default_prompt_name": "web"}`, "default_prompt_name", `"web", but prompts`},
		{"a default prompt that is a number", sf, `{"prompts": {"1": ""}, "default_prompt_name": 1}`, "default_prompt_name", "a string"},
		{"a prompt that is a number", sf, `{"prompts": {"query": 1}}`, "prompts.query", "a string"},
		{"prompts that are a list", sf, `{"prompts": ["q: "]}`, "prompts", "begins with ["},
		{"a model of another type", sf, `{"model_type": "SentenceTransformer"}`, "model_type", `"SentenceTransformer"`},
		{"settings that are not JSON", sf, `{`, "", "too early"},

		{"two modules", mf, `[{"path": "", "type": "sentence_transformers.models.Transformer"},
			{"path": "1_LogitScore", "type": "sentence_transformers.cross_encoder.modules.logit_score.LogitScore"}]`, "[1].type", "LogitScore"},
		{"pooling", mf, `[{"path": "", "type": "sentence_transformers.models.Transformer"},
			{"path": "1_Pooling", "type": "sentence_transformers.models.Pooling"}]`, "[1].type", "Pooling"},
		{"dense", mf, `[{"path": "", "type": "sentence_transformers.models.Transformer"},
			{"path": "1_Dense", "type": "sentence_transformers.base.modules.dense.Dense"}]`, "[1].type", "Dense"},
		{"a transformer twice", mf, `[{"type": "sentence_transformers.models.Transformer"}, {"type": "sentence_transformers.models.Transformer"}]`, "[1].type", "must be one Transformer"},
		{"something else alone", mf, `[{"path": "", "type": "sentence_transformers.models.CLIPModel"}]`, "[0].type", "CLIPModel"},
		{"code of the model's own", mf, `[{"path": "", "type": "custom.Transformer"}]`, "[0].type", "custom.Transformer"},
		{"a module elsewhere", mf, `[{"path": "0_Transformer", "type": "sentence_transformers.models.Transformer"}]`, "[0].path", "0_Transformer"},
		{"a module outside", mf, `[{"path": "../x", "type": "sentence_transformers.models.Transformer"}]`, "[0].path", "../x"},
		{"no modules", mf, `[]`, "", "no modules"},
		{"modules that are an object", mf, `{}`, "", "no list"},
		{"a module that is a string", mf, `["x"]`, "[0]", "JSON object"},

		{"an unknown key", tf, `{"new_key": 1}`, "new_key", "cannot be read"},
		{"another task", tf, `{"transformer_task": "text-generation"}`, "transformer_task", "text-generation"},
		{"another output", tf, `{"module_output_name": "token_embeddings"}`, "module_output_name", "token_embeddings"},
		{"text as messages", tf, `{"modality_config": {"text": {"method": "forward", "method_output_name": "logits"}, "message": {}}}`, "modality_config.message", "chat template"},
		{"no text", tf, `{"modality_config": {"image": {}}}`, "modality_config.text", "missing"},
		{"another output of the network", tf, `{"modality_config": {"text": {"method_output_name": "last_hidden_state"}}}`, "modality_config.text.method_output_name", "last_hidden_state"},
		{"a tokenizer elsewhere", tf, `{"tokenizer_name_or_path": "bert-base-cased"}`, "tokenizer_name_or_path", "cannot be read"},
		{"arguments of the tokenizer", tf, `{"tokenizer_args": {"do_lower_case": false}}`, "tokenizer_args.do_lower_case", "scores may depend"},
		{"arguments of the model", tf, `{"model_args": {"torch_dtype": "auto", "num_labels": 3}}`, "model_args.num_labels", "scores may depend"},
		{"other truncation", tf, `{"processing_kwargs": {"text": {"truncation": "only_second"}}}`, "processing_kwargs.text.truncation", "only_second"},
		{"no special tokens", tf, `{"processing_kwargs": {"common": {"add_special_tokens": false}}}`, "processing_kwargs.common.add_special_tokens", "scores may depend"},
		{"a length that is no number", tf, `{"max_seq_length": NaN}`, "max_seq_length", "not NaN"},
		{"a length in words", tf, `{"processing_kwargs": {"text": {"max_length": "long"}}}`, "processing_kwargs.text.max_length", "a number"},
	} {
		t.Run(c.name, func(t *testing.T) {
			files := withSaved(t, savedFiles())
			files[c.file] = c.content
			_, err := Open(directoryOf(t, files))
			e := (*Error)(nil)
			if !errors.As(err, &e) || e.File != c.file || e.Field != c.wantAt || !strings.Contains(err.Error(), c.want) {
				t.Errorf("got %v, want an error of %s at %q with %s", err, c.file, c.wantAt, c.want)
			}
		})
	}
}

// A tokenizer that keeps upper case cannot follow settings that lower it.
func TestLowerCaseRefused(t *testing.T) {
	files := withSaved(t, map[string]string{"sentence_bert_config.json": `{"do_lower_case": true}`})
	if _, err := Open(directoryOf(t, files)); err != nil {
		t.Errorf("a tokenizer that lowers case as well: %v", err)
	}
	files[tokenizerConfigFile] = `{"do_lower_case": false}`
	if _, err := Open(directoryOf(t, files)); err == nil || !strings.Contains(err.Error(), "sentence_bert_config.json: do_lower_case: it is true, but") {
		t.Errorf("got %v", err)
	}
}

// A tokenizer that gives a model no types would have it read both texts as one.
func TestTypesRefused(t *testing.T) {
	for config, field := range map[string]string{
		`{"model_input_names": ["input_ids", "attention_mask"]}`:                                                    "model_input_names",
		`{"tokenizer_class": "DistilBertTokenizer"}`:                                                                "tokenizer_class",
		`{"tokenizer_class": "BertTokenizer", "model_input_names": ["input_ids", "token_type_ids"]}`:                "",
		`{"tokenizer_class": "DistilBertTokenizerFast", "model_input_names": ["token_type_ids", "attention_mask"]}`: "",
		`{"tokenizer_class": null, "model_input_names": null, "truncation_side": "right"}`:                          "",
	} {
		_, err := Open(directoryOf(t, withSaved(t, map[string]string{tokenizerConfigFile: config})))
		if e := (*Error)(nil); field == "" && err != nil || field != "" && (!errors.As(err, &e) || e.Field != field) {
			t.Errorf("%s: got %v, want an error at %q", config, err, field)
		}
	}
}

// No content of these files makes anything but settings or an error that names the file.
func FuzzSettings(f *testing.F) {
	saved := savedFiles()
	f.Add([]byte(saved[settingsFile]), []byte(saved[modulesFile]), []byte(saved[transformerFiles[0]]))
	f.Add([]byte(`{"prompts": {"q": null}, "default_prompt_name": "q", "activation_fn": Infinity}`), []byte(`[{}]`), []byte(`{"max_seq_length": 1e400}`))
	f.Add([]byte(`{"default_prompt_name": ""}`), []byte(`[[[`), []byte(`{"processing_kwargs": {"common": {"max_length": -1}}}`))
	dir := f.TempDir()
	f.Fuzz(func(t *testing.T, settings, modules, transformer []byte) {
		writeFiles(t, dir, map[string]string{
			settingsFile: string(settings), modulesFile: string(modules), transformerFiles[0]: string(transformer),
		})
		s, err := readSettings(dir, nil)
		if err == nil {
			_, err = readActivation(s.o, parseObject(configFile, []byte(tinyConfig)))
		}
		if e := (*Error)(nil); err != nil && (!errors.As(err, &e) || e.File == "" || len(err.Error()) > 2000) {
			t.Errorf("an error without a file: %v", err)
		}
		if err == nil && (s.limit < 0 || s.limit > 0 && s.limit < minPositions) {
			t.Errorf("a limit of %d tokens", s.limit)
		}
	})
}
